/** Judges what the tool read back from Core ML: compiled folders, the configuration of what ran, and complaints. */
import { COMPLAINTS, NEEDED_STREAMS } from "../format/complaints.ts";
import type { Evidence } from "../format/evidence.ts";
import type { FixtureManifest } from "../format/fixtures-shape.ts";
import { ROLES } from "../format/ran.ts";
import { type GateFinding, missing, no, yes } from "./gate-finding.ts";

/** The only units of the gate. */
export const GATE_UNITS = "cpuAndNeuralEngine";

/** Both packages compiled, and nobody wrote into what was compiled. */
export function compiledFinding({ packages, attested }: Evidence): GateFinding {
  const item = "compiled";
  const open = packages.filter((x) => !x.compiledSHA256).map(({ name }) => name);
  if (open.length > 0) return no(item, `${open.join(", ")} did not compile`);
  for (const { role, name, compiledSHA256 } of packages) {
    const after = attested.find((one) => one.role === role)?.compiledSHA256;
    if (after === undefined)
      return missing(item, `what ${name} compiled to was not looked at again after the last call`);
    if (after !== compiledSHA256) return no(item, `what ${name} compiled to has changed while the gate ran`);
  }
  const [block, step] = packages;
  if (block && step && block.name !== step.name && block.compiledSHA256 === step.compiledSHA256)
    return no(item, `${block.name} and ${step.name} compiled to the same folder`);
  return yes(item, `${packages.map(({ name }) => name).join(", ")}; the same before and after`);
}

/** Loaded model and plan had the units and the function of the gate. */
export function configurationFinding(manifest: FixtureManifest, { attested }: Evidence): GateFinding {
  const item = "configuration";
  for (const role of ROLES) {
    const [one, ...more] = attested.filter((x) => x.role === role);
    if (!one) return missing(item, `the configuration of the loaded ${role} was not read back`);
    if (more.length > 0) return no(item, `the ${role} is attested twice`);
    const wanted = manifest[role].function ?? undefined;
    const looked = [
      ["was loaded", one],
      ["was planned", one.plan],
    ] as const;
    for (const [how, { units, function: fn }] of looked) {
      if (units !== GATE_UNITS) return no(item, `the ${role} ${how} with units ${units}`);
      if ((fn ?? undefined) !== wanted)
        return no(item, `the ${role} ${how} with ${functionText(fn)}, not with ${functionText(wanted)}`);
    }
  }
  return yes(item, `loaded and planned with ${GATE_UNITS}, as read back`);
}

const functionText = (name: string | null | undefined): string => (name ? `function ${name}` : "the default function");

/** Nothing below Core ML complained, and somebody listened. */
export function complaintsFinding({ watched, complaints, gates }: Evidence): GateFinding {
  const item = "no complaint";
  const [first] = complaints;
  if (first) {
    const when = first.earlier
      ? "in an earlier run of the same compiled folder, which only a fresh compile is without"
      : `during ${first.gate}`;
    return no(item, `${first.stream}, ${when}: ${first.line}`);
  }
  const told = gates.find(({ message }) =>
    COMPLAINTS.some(({ phrase }) => message.toLowerCase().includes(phrase.toLowerCase())),
  );
  if (told) return no(item, `gate ${told.gate} passes and says: ${told.message}`);
  const deaf = NEEDED_STREAMS.filter((stream) => !watched.streams.includes(stream));
  if (deaf.length > 0) return missing(item, `${deaf.join(" and ")} was not watched`);
  const unheard = COMPLAINTS.filter(({ phrase }) => !watched.phrases.includes(phrase));
  if (unheard.length > 0) return missing(item, `nobody looked for ${unheard.map(({ phrase }) => phrase).join(", ")}`);
  return yes(item, `on ${watched.streams.join(", ")}`);
}
