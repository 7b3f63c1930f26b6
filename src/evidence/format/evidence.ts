/**
 * evidence.json: what the device tool measured, on which bytes. tools/Sources/Gate/Evidence.swift writes it; the format is described in
 * docs/evidence.md. A field that is not declared here is refused.
 */
import { UserError } from "../../dsl/user-error.ts";
import { strictJsonOf } from "../../files/json.ts";
import {
  fields,
  hasShape,
  list,
  type Of,
  oneOf,
  onlyFields,
  optional,
  recordOf,
  shaped,
} from "../../files/json-shape.ts";
import { STREAMS } from "./complaints.ts";
import { PARITY } from "./parity.ts";
import { RAN, ROLE } from "./ran.ts";

/** What the device tool does, in order; it stops at the first that fails, but for the cross-check. */
export const GATES = ["preconditions", "compile", "residency", "parity", "cross-check", "same bytes"] as const;
/** On which processor an operation is planned, in the tool's words. */
export const DEVICES = ["Neural Engine", "GPU", "CPU", "a device unknown to this tool", "undetermined"] as const;
/** How warm the machine says it is. */
export const THERMAL = ["nominal", "fair", "serious", "critical"] as const;

const FORMAT = "graphc-evidence";
const VERSION = 2;

const UNITS = oneOf("cpuAndNeuralEngine", "all", "cpuAndGPU", "cpuOnly");
const DEVICE = oneOf(...DEVICES);

/** A stand-in is for the tool's own tests: it measured no device. */
const TOOL = onlyFields({
  name: oneOf("graphc-ane"),
  version: "string",
  engine: oneOf("Core ML", "scripted stand-in"),
});

const PACKAGE = onlyFields({
  role: ROLE,
  name: "file name",
  function: optional("string"),
  tokens: "count",
  sha256: "sha256",
  files: recordOf("sha256"),
  /** Of the folder that Core ML compiled it to, before it was first loaded. */
  compiledSHA256: optional("sha256"),
});

/** One operation of a compute plan, nested blocks included. */
const OPERATION = onlyFields({
  /** Such as `main.block.operations[17]`. */
  path: "string",
  /** The op's name in MIL, without its opset. */
  kind: "string",
  /** The names of its results. */
  values: list("string"),
  /** Where it is preferred. */
  device: DEVICE,
  /** Where it could run. */
  supported: list(DEVICE),
  /** Share of the estimated cost of the whole, 0 to 1. */
  cost: optional("number"),
});

/** What the loaded model and the plan say of themselves. */
const ATTESTED = onlyFields({
  role: ROLE,
  /** Read back from the configuration of the model that ran. */
  units: UNITS,
  function: optional("string"),
  /** With what the plan was loaded. */
  plan: onlyFields({ units: UNITS, function: optional("string") }),
  /** Of the compiled folder after the last prediction. */
  compiledSHA256: "sha256",
});

const COMPLAINT = onlyFields({
  /** During which step. */
  gate: oneOf(...GATES),
  stream: oneOf(...STREAMS),
  line: "string",
  /** Of an earlier run of the same compiled folder. */
  earlier: "boolean",
});

/** All of an evidence.json. */
export const EVIDENCE = onlyFields({
  format: oneOf(FORMAT),
  version: oneOf(VERSION),
  tool: TOOL,
  system: onlyFields({ chip: "string", model: "string", osVersion: "string", osBuild: "string" }),
  started: "string",
  finished: optional("string"),
  /** At the start, and at the end. */
  conditions: list(onlyFields({ at: "string", thermal: oneOf(...THERMAL), lowPower: "boolean" })),
  units: UNITS,
  fixtures: onlyFields({ name: "string", graph: optional("string"), manifestSHA256: "sha256", dataSHA256: "sha256" }),
  identity: onlyFields({ weightsSHA256: optional("sha256"), settingsSHA256: optional("sha256") }),
  certificate: optional(onlyFields({ name: "file name", sha256: "sha256" })),
  packages: list(PACKAGE),
  gates: list(
    onlyFields({
      gate: oneOf(...GATES),
      verdict: oneOf("pass", "fail", "fault", "running", "not run"),
      message: "string",
    }),
  ),
  preconditions: list(onlyFields({ id: "string", status: oneOf("asserted", "assumed"), meaning: "string" })),
  residency: list(onlyFields({ role: ROLE, function: "string", operations: list(OPERATION) })),
  attested: list(ATTESTED),
  watched: onlyFields({ streams: list(oneOf(...STREAMS)), phrases: list("string") }),
  complaints: list(COMPLAINT),
  parity: optional(PARITY),
  ...RAN,
});

/** The contents of an evidence.json. */
export type Evidence = Of<typeof EVIDENCE>;
/** One operation of a compute plan. */
export type PlannedOperation = Of<typeof OPERATION>;

/** The contents of a file. @throws UserError when it is not evidence of this version. */
export const evidenceFrom = (bytes: Uint8Array, path: string): Evidence => evidenceOf(strictJsonOf(bytes, path), path);

/** Checks the fields of parsed JSON. @throws UserError naming the first that is wrong; `where` is the file. */
export function evidenceOf(json: unknown, where: string): Evidence {
  if (!hasShape(json, fields({ format: oneOf(FORMAT), version: oneOf(VERSION) })))
    throw new UserError(
      `${where} is not ${FORMAT} of version ${VERSION}`,
      "run graphc-ane gate again, with the tool of this version of graphc",
    );
  return shaped(json, EVIDENCE, (problem) => new UserError(`${where} is not evidence: ${problem}`));
}
