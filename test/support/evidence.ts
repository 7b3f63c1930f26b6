/** Evidence of a build as a device that has no fault would give it. */
import { createHash } from "node:crypto";
import type { FixtureManifest } from "../../src/evidence/fixtures-shape.ts";
import type { BuildOnDisk } from "../../src/evidence/judge.ts";

// biome-ignore lint/suspicious/noExplicitAny: evidence as it comes from a file, to be damaged at will.
type Json = any;

/** What a flawless device would have measured. */
export function honestEvidence(build: BuildOnDisk): Json {
  const { manifest } = build;
  const figures = { relativeL2: 1e-3, oneMinusCosine: 1e-7, worstOverRms: 2e-3, finite: true };
  const values = ["hidden - x", ...[...manifest.states, ...(manifest.caches ?? [])].map(({ name }) => name)];
  const kinds = ["block against steps", "block against fp64", "steps against fp64"];
  const comparisons = manifest.calls.flatMap(({ rows }, call) =>
    rows.flatMap((row, token) =>
      row === null
        ? []
        : kinds.flatMap((kind) =>
            values.map((value) => ({ kind, call, token, row, value, equalBits: true, figures: { ...figures } })),
          ),
    ),
  );
  const residency = (role: "block" | "step") => ({
    role,
    report: {
      function: manifest[role].function ?? "main",
      computeOperations: 5,
      counts: [
        { kind: "conv", device: "Neural Engine", operations: 5 },
        { kind: "const", device: "undetermined", operations: 9 },
      ],
      offenders: [],
    },
  });
  return structuredClone({
    format: "graphc-evidence",
    version: 1,
    tool: { name: "graphc-ane", version: "0.1.0", engine: "Core ML" },
    system: { chip: "Apple M4", model: "Mac16,1", osVersion: "15.5.0", osBuild: "24F74" },
    units: "cpuAndNeuralEngine",
    fixtures: { name: "tiny", manifestSHA256: build.manifestSHA256, dataSHA256: manifest.data.sha256 },
    certificate: { name: manifest.certificate!.file, sha256: build.certificate!.sha256 },
    packages: (["block", "step"] as const).map((role) => ({
      role,
      name: manifest[role].package,
      tokens: manifest[role].tokens,
      ...(manifest[role].function ? { function: manifest[role].function } : {}),
      ...build[role],
      compiledSHA256: "c0",
    })),
    gates: ["preconditions", "compile", "residency", "parity", "same bytes"].map((gate) => ({
      gate,
      verdict: "pass",
      message: "",
    })),
    residency: [residency("block"), residency("step")],
    preconditions: ["P1", "P2", "P3", "P4", "P6", "P7"]
      .map((id) => ({ id, status: "asserted" }))
      .concat({ id: "P8", status: "assumed" }),
    parity: { comparisons, faults: [], flushed: 0, ...(manifest.caches ? { caches: honestCaches(manifest) } : {}) },
  });
}

/** What a host that keeps its rule says of the caches; the digests of what it keeps are made up, but for the zeros. */
function honestCaches({ caches, calls }: FixtureManifest) {
  const zeros = (bytes: number) => createHash("sha256").update(new Uint8Array(bytes)).digest("hex");
  const fed = caches!.flatMap(({ name, shape }) => {
    const empty = zeros(2 * shape.reduce((n, size) => n * size, 1));
    let [block, steps] = [empty, empty];
    return calls.flatMap(({ rows, accepted, steps: tokens }, call) => {
      const slots = rows.slice(0, accepted);
      const before = block;
      block = accepted > 0 ? `${name} after call ${call}` : block;
      let now = steps;
      const ofSteps = tokens.map((token) => {
        const before = now;
        now = `${name} after call ${call}, token ${token}`;
        if (token < accepted) steps = now;
        return { role: "step", call, token, cache: name, before, written: [rows[token]], after: now };
      });
      return [{ role: "block", call, cache: name, before, written: slots, after: block }, ...ofSteps];
    });
  });
  const filled = new Set(calls.flatMap(({ rows, accepted }) => rows.slice(0, accepted)));
  const figures = { relativeL2: 0, oneMinusCosine: 0, worstOverRms: 0, finite: true };
  const kept = ["block", "step"].flatMap((role) =>
    caches!.flatMap(({ name: cache }) =>
      [...filled].map((row) => ({ role, cache, row, equalBits: true, figures: { ...figures } })),
    ),
  );
  return { fed, kept };
}
