/** The shape of what an evidence.json says of the runs themselves: each prediction again on the CPU alone, and times (docs/evidence.md). */
import { list, type Of, oneOf, onlyFields, optional } from "../../files/json-shape.ts";
import { FIGURES } from "./figures.ts";

/** The packages of a build. */
export const ROLES = ["block", "step"] as const;
/** One of them. */
export const ROLE = oneOf(...ROLES);

/** One prediction: its outputs' digest, and what it took, in milliseconds; CPU time is that of the whole process, all threads. */
const RUN = onlyFields({ sha256: "sha256", wallMs: "number", cpuMs: "number" });

const CROSS_CHECK = onlyFields({
  role: ROLE,
  call: "count",
  /** Of a step. */
  token: optional("count"),
  /** With the units of the gate. */
  engine: RUN,
  /** The same prediction with `cpuOnly`, on a chain of its own. */
  cpuOnly: RUN,
});

/** Of one function: loading it, and calls one after another. Milliseconds. */
const TIMES = onlyFields({
  role: ROLE,
  tokens: "count",
  coldLoadMs: "number",
  warmLoadMs: "number",
  firstCallMs: "number",
  /** How many calls after the first. */
  calls: "count",
  medianMs: "number",
  worstMs: "number",
});

/** Calls in a row with the same state. */
const SOAK = onlyFields({
  role: ROLE,
  calls: "count",
  finite: "boolean",
  /** Medians of the first and of the last tenth. */
  firstMs: "number",
  lastMs: "number",
});

/** The block's output as its own next input, on the engine and on the CPU alone: one against the other, each figure of its worst token. */
const DRIFT = onlyFields({
  output: "string",
  input: "string",
  /** From one layer on, up to the first that is not finite. */
  depths: list(onlyFields({ depth: "count", figures: FIGURES })),
});

const MEASURED = onlyFields({ times: list(TIMES), soak: list(SOAK), peakBytes: "count", drift: optional(DRIFT) });

/** Fields of an evidence.json. */
export const RAN = {
  crossCheck: list(CROSS_CHECK),
  measured: optional(MEASURED),
};

/** One prediction on both. */
export type CrossCheck = Of<typeof CROSS_CHECK>;
/** Times, a soak and a drift. */
export type Measured = Of<typeof MEASURED>;
/** What a chain of layers came to. */
export type Drift = Of<typeof DRIFT>;
