/**
 * evidence.json: what the device tool measured, on which bytes. tools/Sources/Gate/Evidence.swift writes it; the format
 * is described in docs/evidence.md.
 */
import { readFile } from "node:fs/promises";
import { UserError } from "../dsl/user-error.ts";
import { fileError } from "../files/files.ts";
import { strictJsonOf } from "../files/json.ts";
import { fields, list, optional, recordOf, shapeProblem } from "../files/json-shape.ts";

/** A ratio; JSON has no number for an infinite one. */
type Figure = number | "Infinity" | "-Infinity" | "NaN";

export interface Comparison {
  readonly kind: "block against steps" | "block against fp64" | "steps against fp64";
  readonly call: number;
  readonly token: number;
  /** In the cache. */
  readonly row: number;
  /** `hidden - x`, or a state. */
  readonly value: string;
  /** Against steps: the same bits. Against fp64: the bits of the CPU's fp16 reference. Sign of zero aside. */
  readonly equalBits: boolean;
  readonly figures: {
    readonly relativeL2?: Figure;
    readonly oneMinusCosine?: Figure;
    readonly worstOverRms?: Figure;
    readonly finite: boolean;
  };
}

export interface Evidence {
  readonly format: typeof EVIDENCE_FORMAT;
  readonly version: typeof EVIDENCE_VERSION;
  /** `engine` is "Core ML" on a Mac; anything else measured no device. */
  readonly tool: { readonly name: string; readonly version: string; readonly engine: string };
  readonly system: {
    readonly chip: string;
    readonly model: string;
    readonly osVersion: string;
    readonly osBuild: string;
  };
  readonly units: string;
  readonly fixtures: {
    readonly name: string;
    readonly graph?: string;
    readonly manifestSHA256: string;
    readonly dataSHA256: string;
  };
  readonly certificate?: { readonly name: string; readonly sha256: string };
  readonly packages: readonly {
    readonly role: string;
    readonly name: string;
    readonly function?: string;
    readonly tokens: number;
    readonly sha256: string;
    readonly files: Readonly<Record<string, string>>;
    readonly compiledSHA256?: string;
  }[];
  readonly gates: readonly { readonly gate: string; readonly verdict: string; readonly message: string }[];
  readonly residency: readonly {
    readonly role: string;
    readonly report: {
      readonly function: string;
      readonly computeOperations: number;
      readonly counts: readonly { readonly kind: string; readonly device: string; readonly operations: number }[];
      readonly offenders: readonly unknown[];
    };
  }[];
  readonly preconditions: readonly { readonly id: string; readonly status: string }[];
  readonly parity?: {
    readonly comparisons: readonly Comparison[];
    readonly faults: readonly string[];
    readonly flushed: number;
  };
  readonly finished?: string;
}

const EVIDENCE_FORMAT = "graphc-evidence";
const EVIDENCE_VERSION = 1;

const EVIDENCE = fields({
  tool: fields({ name: "string", version: "string", engine: "string" }),
  system: fields({ chip: "string", model: "string", osVersion: "string", osBuild: "string" }),
  units: "string",
  fixtures: fields({ name: "string", graph: optional("string"), manifestSHA256: "string", dataSHA256: "string" }),
  certificate: optional(fields({ name: "string", sha256: "string" })),
  packages: list(
    fields({
      role: "string",
      name: "string",
      function: optional("string"),
      tokens: "number",
      sha256: "string",
      files: recordOf("string"),
      compiledSHA256: optional("string"),
    }),
  ),
  gates: list(fields({ gate: "string", verdict: "string", message: "string" })),
  residency: list(
    fields({
      role: "string",
      report: fields({
        function: "string",
        computeOperations: "number",
        counts: list(fields({ kind: "string", device: "string", operations: "number" })),
        offenders: list("any"),
      }),
    }),
  ),
  preconditions: list(fields({ id: "string", status: "string" })),
  parity: optional(
    fields({
      comparisons: list(
        fields({
          kind: "string",
          call: "number",
          token: "number",
          row: "number",
          value: "string",
          equalBits: "boolean",
          figures: fields({ finite: "boolean" }),
        }),
      ),
      faults: list("string"),
      flushed: "number",
    }),
  ),
  finished: optional("string"),
});

/** @throws UserError when the file cannot be read or is not evidence of this version. */
export async function readEvidence(path: string): Promise<Evidence> {
  const bytes = await readFile(path).catch((error) => {
    throw fileError(error, path, "read");
  });
  return evidenceOf(strictJsonOf(bytes, path), path);
}

/** Checks the fields of parsed JSON. @throws UserError naming the first that is wrong; `where` is the file. */
export function evidenceOf(json: unknown, where: string): Evidence {
  const { format, version } = (json ?? {}) as Partial<Evidence>;
  if (format !== EVIDENCE_FORMAT || version !== EVIDENCE_VERSION)
    throw new UserError(
      `${where} is not ${EVIDENCE_FORMAT} of version ${EVIDENCE_VERSION}`,
      "run graphc-ane gate again",
    );
  const problem = shapeProblem(json, EVIDENCE);
  if (problem) throw new UserError(`${where} is not evidence: ${problem}`);
  return json as Evidence;
}
