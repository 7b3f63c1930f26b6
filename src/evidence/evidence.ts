/**
 * evidence.json: what the device tool measured, on which bytes. tools/Sources/Gate/Evidence.swift writes it; the format
 * is described in docs/evidence.md.
 */
import { UserError } from "../dsl/user-error.ts";
import { strictJsonOf } from "../files/json.ts";
import { either, fields, hasShape, list, type Of, oneOf, optional, recordOf, shaped } from "../files/json-shape.ts";
import { readRegular } from "../files/regular.ts";

/** The packages of a build. */
export const ROLES = ["block", "step"] as const;
/** What the device tool does, in order; it stops at the first that fails. */
export const GATES = ["preconditions", "compile", "residency", "parity", "same bytes"] as const;
/** What is held against what, row by row. */
export const COMPARISONS = ["block against steps", "block against fp64", "steps against fp64"] as const;

const FORMAT = "graphc-evidence";
const VERSION = 1;
const HEADER = { format: oneOf(FORMAT), version: oneOf(VERSION) };

const ROLE = oneOf(...ROLES);
/** A ratio; JSON has no number for an infinite one. */
const FIGURE = either("number", oneOf("Infinity", "-Infinity", "NaN"));

const FIGURES = fields({
  relativeL2: optional(FIGURE),
  oneMinusCosine: optional(FIGURE),
  worstOverRms: optional(FIGURE),
  finite: "boolean",
});

const MEASURED_ROW = fields({
  kind: oneOf(...COMPARISONS),
  call: "count",
  token: "count",
  /** In the cache. */
  row: "count",
  /** `hidden - x`, or a state. */
  value: "string",
  /** Against steps: the same bits. Against fp64: the bits of the CPU's fp16 reference. Sign of zero aside. */
  equalBits: "boolean",
  figures: FIGURES,
});

/** One prediction and one cache that the host keeps: digests of its bytes (row-major, fp16, little-endian), and what was written. */
const FED_CACHE = fields({
  role: ROLE,
  call: "count",
  /** Of a step. */
  token: optional("count"),
  cache: "string",
  /** As it was fed. */
  before: "string",
  /** The cache rows that then hold the rows of the prediction, in the order of the tokens. */
  written: list("count"),
  /** As the host keeps it from then on; of a step, until its call is over. */
  after: "string",
});

/** One row of what the host keeps after the last call, held against the interpreter's. */
const KEPT_ROW = fields({ role: ROLE, cache: "string", row: "count", equalBits: "boolean", figures: FIGURES });

/** All that is read of an evidence.json; the file holds more, for people. */
export const EVIDENCE = fields({
  ...HEADER,
  /** A stand-in is for the tool's own tests: it measured no device. */
  tool: fields({ name: "string", version: "string", engine: oneOf("Core ML", "scripted stand-in") }),
  system: fields({ chip: "string", model: "string", osVersion: "string", osBuild: "string" }),
  units: oneOf("cpuAndNeuralEngine", "all", "cpuAndGPU", "cpuOnly"),
  fixtures: fields({ name: "string", graph: optional("string"), manifestSHA256: "string", dataSHA256: "string" }),
  certificate: optional(fields({ name: "string", sha256: "string" })),
  packages: list(
    fields({
      role: ROLE,
      name: "string",
      function: optional("string"),
      tokens: "count",
      sha256: "string",
      files: recordOf("string"),
      compiledSHA256: optional("string"),
    }),
  ),
  gates: list(
    fields({
      gate: oneOf(...GATES),
      verdict: oneOf("pass", "fail", "fault", "running", "not run"),
      message: "string",
    }),
  ),
  preconditions: list(fields({ id: "string", status: oneOf("asserted", "assumed") })),
  residency: list(
    fields({
      role: ROLE,
      report: fields({
        function: "string",
        computeOperations: "count",
        counts: list(
          fields({
            /** The op's name in MIL. */
            kind: "string",
            device: oneOf("Neural Engine", "GPU", "CPU", "a device unknown to this tool", "undetermined"),
            operations: "count",
          }),
        ),
        offenders: list("any"),
      }),
    }),
  ),
  parity: optional(
    fields({
      comparisons: list(MEASURED_ROW),
      faults: list("string"),
      flushed: "count",
      caches: optional(fields({ fed: list(FED_CACHE), kept: list(KEPT_ROW) })),
    }),
  ),
  finished: optional("string"),
});

/** The contents of an evidence.json. */
export type Evidence = Of<typeof EVIDENCE>;
/** One row of a value, held against its reference. */
export type MeasuredRow = Of<typeof MEASURED_ROW>;
/** A cache at one prediction. */
export type FedCache = Of<typeof FED_CACHE>;

/** @throws UserError when the file cannot be read or is not evidence of this version. */
export async function readEvidence(path: string): Promise<Evidence> {
  return evidenceOf(strictJsonOf(await readRegular(path), path), path);
}

/** Checks the fields of parsed JSON. @throws UserError naming the first that is wrong; `where` is the file. */
export function evidenceOf(json: unknown, where: string): Evidence {
  if (!hasShape(json, fields(HEADER)))
    throw new UserError(`${where} is not ${FORMAT} of version ${VERSION}`, "run graphc-ane gate again");
  return shaped(json, EVIDENCE, (problem) => new UserError(`${where} is not evidence: ${problem}`));
}
