/** Evidence of a build as a device that has no fault would give it. */
import { createHash } from "node:crypto";
import { COMPLAINTS } from "../../../src/evidence/format/complaints.ts";
import type { Evidence } from "../../../src/evidence/format/evidence.ts";
import type { FixtureManifest } from "../../../src/evidence/format/fixtures-shape.ts";
import type { BuildOnDisk } from "../../../src/evidence/judge/judge.ts";
import { isConstantKind } from "../../../src/evidence/judge/program.ts";

/** Evidence as it comes from a file, to be damaged at will. */
// biome-ignore lint/suspicious/noExplicitAny: a test edits any field of it.
export type Json = any;

const ROLES = ["block", "step"] as const;
const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What a flawless device would have measured. */
export function honestEvidence(build: BuildOnDisk): Json {
  const { manifest } = build;
  const evidence: Evidence = {
    format: "graphc-evidence",
    version: 2,
    tool: { name: "graphc-ane", version: "0.2.0", engine: "Core ML" },
    system: { chip: "Apple M4", model: "Mac16,1", osVersion: "15.5.0", osBuild: "24F74" },
    started: "2025-11-27T06:00:00Z",
    finished: "2025-11-27T06:02:00Z",
    conditions: ["2025-11-27T06:00:00Z", "2025-11-27T06:02:00Z"].map((at) => ({
      at,
      thermal: "nominal",
      lowPower: false,
    })),
    units: "cpuAndNeuralEngine",
    fixtures: {
      name: manifest.name,
      ...(manifest.graph ? { graph: manifest.graph } : {}),
      manifestSHA256: build.manifestSHA256,
      dataSHA256: manifest.data.sha256,
    },
    identity: manifest.identity,
    certificate: { name: manifest.certificate!.file, sha256: build.certificate!.sha256 },
    packages: ROLES.map((role) => ({
      role,
      name: manifest[role].package,
      tokens: manifest[role].tokens,
      ...(manifest[role].function ? { function: manifest[role].function } : {}),
      ...build[role],
      compiledSHA256: digest(`${role} compiled`),
    })),
    gates: ["preconditions", "compile", "residency", "parity", "cross-check", "same bytes"].map((gate) => ({
      gate: gate as Evidence["gates"][number]["gate"],
      verdict: "pass",
      message: "",
    })),
    residency: ROLES.map((role) => honestResidency(build, role)),
    attested: ROLES.map((role) => {
      const fn = manifest[role].function ? { function: manifest[role].function } : {};
      const units = "cpuAndNeuralEngine" as const;
      return { role, units, ...fn, plan: { units, ...fn }, compiledSHA256: digest(`${role} compiled`) };
    }),
    watched: { streams: ["standard output", "standard error"], phrases: COMPLAINTS.map(({ phrase }) => phrase) },
    complaints: [],
    preconditions: build.certificate!.contents.preconditions.map(({ id }) => ({
      id,
      status: id === "P8" ? "assumed" : "asserted",
      meaning: "",
    })),
    parity: honestParity(manifest),
    crossCheck: honestCrossCheck(manifest),
    measured: {
      times: ROLES.map((role) => ({
        role,
        tokens: manifest[role].tokens,
        coldLoadMs: 2000,
        warmLoadMs: 90,
        firstCallMs: 9,
        calls: 50,
        medianMs: role === "block" ? 4 : 3,
        worstMs: 6,
      })),
      soak: [{ role: "step", calls: 200, finite: true, firstMs: 3, lastMs: 3.1 }],
      peakBytes: 400_000_000,
      ...honestDrift(manifest),
    },
  };
  return structuredClone(evidence);
}

/** The plan lists the constants of the program too, and gives them no device. */
function honestResidency({ programs }: BuildOnDisk, role: (typeof ROLES)[number]): Evidence["residency"][number] {
  const { operations, function: fn } = programs[role];
  return {
    role,
    function: fn,
    operations: operations.map(({ kind, values }, k) => ({
      path: `${fn}.block.operations[${k}]`,
      kind,
      values,
      ...(isConstantKind(kind)
        ? { device: "undetermined", supported: [] }
        : { device: "Neural Engine", supported: ["CPU", "Neural Engine"], cost: 0.5 / operations.length }),
    })),
  };
}

function honestParity(manifest: FixtureManifest): NonNullable<Evidence["parity"]> {
  const away = { relativeL2: 1e-3, oneMinusCosine: 1e-7, worstOverRms: 2e-3, finite: true };
  const equal = { relativeL2: 0, oneMinusCosine: 0, worstOverRms: 0, finite: true };
  const kept = [...manifest.states, ...(manifest.caches ?? [])].map(({ name }) => name);
  const kinds = ["block against steps", "block against fp64", "steps against fp64"] as const;
  const comparisons = manifest.calls.flatMap(({ rows, draw }, call) =>
    rows.flatMap((row, token) =>
      row === null
        ? []
        : kinds.flatMap((kind, k) =>
            [draw.kind === "large" ? "hidden" : "hidden - x", ...kept].map((value) => {
              const figures = { ...(k === 0 ? equal : away) };
              return { kind, call, token, row, value, equalBits: k === 0, figures, passes: true };
            }),
          ),
    ),
  );
  const tolerances = { relativeL2: 1e-2, oneMinusCosine: 1e-4, worstOverRms: 5e-2 };
  const caches = manifest.caches ? { caches: honestCaches(manifest) } : {};
  const predicted = manifest.predicted ? { predicted: manifest.predicted.chip } : {};
  return { tolerances, ...predicted, comparisons, faults: [], flushed: 0, ...caches };
}

/** The engine gives other bits than the CPU, and the process waits for it. */
function honestCrossCheck({ calls }: FixtureManifest): Evidence["crossCheck"] {
  const run = (name: string, cpuMs: number) => ({ sha256: digest(name), wallMs: 4, cpuMs });
  const of = (role: (typeof ROLES)[number], call: number, token?: number) => ({
    role,
    call,
    ...(token === undefined ? {} : { token }),
    engine: run(`${role} ${call} ${token} engine`, 0.3),
    cpuOnly: run(`${role} ${call} ${token} cpu`, 11),
  });
  return [
    ...calls.map((_, call) => of("block", call)),
    ...calls.flatMap(({ steps }, call) => steps.map((token) => of("step", call, token))),
  ];
}

/** A chain of layers goes away from the CPU's, the more the longer it is. */
function honestDrift({ outputs }: FixtureManifest): Pick<NonNullable<Evidence["measured"]>, "drift"> {
  const link = outputs.find(({ residual }) => residual);
  if (!link) return {};
  const depths = Array.from({ length: 32 }, (_, n) => ({
    depth: n + 1,
    figures: { relativeL2: 1e-3 * (n + 1), oneMinusCosine: 5e-7 * (n + 1), worstOverRms: 2e-3 * (n + 1), finite: true },
  }));
  return { drift: { output: link.name, input: link.residual!, depths } };
}

/** What a host that keeps its rule says of the caches; the digests of what it keeps are made up, but for the zeros. */
function honestCaches({ caches, calls }: FixtureManifest): NonNullable<NonNullable<Evidence["parity"]>["caches"]> {
  const zeros = (bytes: number) => createHash("sha256").update(new Uint8Array(bytes)).digest("hex");
  const fed = caches!.flatMap(({ name, shape }) => {
    const empty = zeros(2 * shape.reduce((n, size) => n * size, 1));
    let [block, steps] = [empty, empty];
    return calls.flatMap(({ rows, accepted, steps: tokens }, call) => {
      const slots = rows.slice(0, accepted).map((row) => row!);
      const before = block;
      block = accepted > 0 ? digest(`${name} after call ${call}`) : block;
      let now = steps;
      const ofSteps = tokens.map((token) => {
        const before = now;
        now = digest(`${name} after call ${call}, token ${token}`);
        if (token < accepted) steps = now;
        return { role: "step" as const, call, token, cache: name, before, written: [rows[token]!], after: now };
      });
      return [{ role: "block" as const, call, cache: name, before, written: slots, after: block }, ...ofSteps];
    });
  });
  const filled = new Set(calls.flatMap(({ rows, accepted }) => rows.slice(0, accepted).map((row) => row!)));
  const figures = { relativeL2: 0, oneMinusCosine: 0, worstOverRms: 0, finite: true };
  const kept = ROLES.flatMap((role) =>
    caches!.flatMap(({ name: cache }) =>
      [...filled].map((row) => ({ role, cache, row, equalBits: true, figures: { ...figures }, passes: true })),
    ),
  );
  return { fed, kept };
}
