/** Evidence of a build as a device that has no fault would give it. */
import type { BuildOnDisk } from "../../src/evidence/judge.ts";

// biome-ignore lint/suspicious/noExplicitAny: evidence as it comes from a file, to be damaged at will.
type Json = any;

/** What a flawless device would have measured. */
export function honestEvidence(build: BuildOnDisk): Json {
  const { manifest } = build;
  const figures = { relativeL2: 1e-3, oneMinusCosine: 1e-7, worstOverRms: 2e-3, finite: true };
  const values = ["hidden - x", ...manifest.states.map(({ name }) => name)];
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
  const residency = (role: string) => ({
    role,
    report: {
      function: "main",
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
    certificate: { name: "tiny.certificate.json", sha256: build.certificate!.sha256 },
    packages: (["block", "step"] as const).map((role) => ({
      role,
      name: manifest[role].package,
      tokens: manifest[role].tokens,
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
    parity: { comparisons, faults: [], flushed: 0 },
  });
}
