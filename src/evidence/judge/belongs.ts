/** Is it a device's evidence, of these very bytes, by a machine that could have made it? */
import { isDeepStrictEqual } from "node:util";
import { WEIGHTS_PATH } from "../../emit/mil/manifest.ts";
import { type Evidence, GATES } from "../format/evidence.ts";
import { ROLES } from "../format/ran.ts";
import { settingsDigest } from "../format/settings.ts";
import { GATE_UNITS } from "./attested.ts";
import { type GateFinding, no, yes } from "./gate-finding.ts";
import type { BuildOnDisk } from "./judge.ts";
import { lastedProblem } from "./lasted.ts";
import { FIRST_MACOS, machineProblem } from "./machine.ts";

/** One finding; without its yes nothing else in the file is looked at. `now`: what a clock says, in milliseconds; without one no time is yet to come. */
export function evidenceFinding(build: BuildOnDisk, evidence: Evidence, now = Number.POSITIVE_INFINITY): GateFinding {
  const item = "evidence";
  const { tool, system, units } = evidence;
  const other = otherBytes(build, evidence) ?? otherIdentity(build, evidence);
  if (other) return no(item, `it is of other bytes: ${other}`);
  if (tool.engine !== "Core ML") return no(item, `it was made by the ${tool.engine}, not on a device`);
  if (units !== GATE_UNITS) return no(item, `it was measured with units ${units}`);
  const wrong =
    machineProblem(evidence) ?? timesProblem(evidence, now) ?? gatesProblem(evidence) ?? lastedProblem(evidence);
  if (wrong !== undefined) return no(item, wrong);
  return yes(item, `${system.chip}, macOS ${system.osVersion} (${system.osBuild}), ${tool.name} ${tool.version}`);
}

function otherBytes(build: BuildOnDisk, evidence: Evidence): string | undefined {
  const { manifest } = build;
  for (const role of ROLES) {
    const [measured, ...more] = evidence.packages.filter((x) => x.role === role);
    const { package: name, tokens, function: fn } = manifest[role];
    if (!measured) return `it names no ${role} package`;
    if (more.length > 0) return `it names two ${role} packages`;
    if (!isDeepStrictEqual(build[role].files, manifest[role].files) || build[role].sha256 !== manifest[role].sha256)
      return `${name} is not the package of the fixtures`;
    if (measured.sha256 !== build[role].sha256) return `${name} has changed`;
    if (!isDeepStrictEqual(measured.files, build[role].files)) return `it lists other files of ${name}`;
    if (measured.name !== name) return `it calls ${name} ${measured.name}`;
    if (measured.tokens !== tokens) return `${name} has ${tokens} tokens, not ${measured.tokens}`;
    if ((measured.function ?? undefined) !== (fn ?? undefined)) return `another function of ${name}`;
  }
  const { fixtures, certificate } = evidence;
  if (fixtures.manifestSHA256 !== build.manifestSHA256) return "the fixtures have changed";
  if (fixtures.dataSHA256 !== manifest.data.sha256) return "the fixtures' data have changed";
  if (fixtures.name !== manifest.name) return `the fixtures are of ${manifest.name}, not of ${fixtures.name}`;
  if ((fixtures.graph ?? undefined) !== (manifest.graph ?? undefined)) return "the fixtures are of another graph";
  if (certificate?.sha256 !== build.certificate?.sha256) return "the certificate has changed";
  if (certificate?.name !== manifest.certificate?.file) return "the certificate has another name";
  return undefined;
}

/** What names weights and settings is derived from them, in the fixtures as in the evidence. */
function otherIdentity({ manifest, block }: BuildOnDisk, { identity }: Evidence): string | undefined {
  const known = [
    ["weights", "weightsSHA256", block.files[WEIGHTS_PATH]],
    ["settings", "settingsSHA256", manifest.settings ? settingsDigest(manifest.settings) : undefined],
  ] as const;
  for (const [what, field, digest] of known) {
    if ((manifest.identity[field] ?? undefined) !== digest) return `the fixtures name other ${what} than they have`;
    if ((identity[field] ?? undefined) !== digest) return `it is for other ${what}`;
  }
  return undefined;
}

/** Of the first beta of macOS 15 (Apple, "Apple extends its privacy leadership with new updates across its platforms", WWDC24). */
const FIRST_DAY = Date.parse("2024-06-10T00:00:00Z");

/** By how much the clocks of two machines may differ. */
const DAY = 24 * 60 * 60 * 1000;

/** As it is written again: a parser takes the 30th of February and 24 o'clock for a day later. */
function isTime(text: string): boolean {
  const at = Date.parse(text);
  return Number.isFinite(at) && new Date(at).toISOString() === text.replace("Z", ".000Z");
}

function timesProblem({ started, finished, conditions }: Evidence, now: number): string | undefined {
  if (!finished) return "it was not finished";
  if (conditions.length !== 2) return "the state of the machine was not read at the start and at the end";
  const times = [started, ...conditions.map(({ at }) => at), finished];
  const bad = times.find((time) => !isTime(time));
  if (bad !== undefined) return `"${bad}" is no time`;
  if (Date.parse(started) < FIRST_DAY) return `macOS ${FIRST_MACOS} was not there on ${started}`;
  const back = times.find((time, k) => k > 0 && Date.parse(time) < Date.parse(times[k - 1]!));
  if (back !== undefined) return `its times run backwards at ${back}`;
  return Date.parse(finished) > now + DAY ? `it was finished on ${finished}, which is yet to come` : undefined;
}

/** The cross-check is judged by what it saw, since a run that shows nothing is no fault of the rest. */
function gatesProblem({ gates }: Evidence): string | undefined {
  if (gates.length > GATES.length) return `it names ${gates.length} gates, and there are ${GATES.length}`;
  for (const [i, name] of GATES.entries()) {
    const one = gates[i];
    if (one?.gate !== name) return `gate ${name}: not there`;
    const open = name === "cross-check" ? one.verdict !== "pass" && one.verdict !== "fail" : one.verdict !== "pass";
    if (open) return `gate ${name}: ${one.verdict} ${one.message}`.trim();
  }
  return undefined;
}
