/** The shape of the figures in an evidence.json: rows held against their references, and what caches were fed (docs/evidence.md). */
import { list, type Of, oneOf, onlyFields, optional } from "../../files/json-shape.ts";
import { FIGURES } from "./figures.ts";
import { ROLE } from "./ran.ts";

/** What is held against what, row by row. */
export const COMPARISONS = ["block against steps", "block against fp64", "steps against fp64"] as const;

const MEASURED_ROW = onlyFields({
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
  /** The tool's own verdict, for people. */
  passes: "boolean",
  /** What the row looks like instead, where that is plain. */
  hint: optional("string"),
});

/** One prediction and one cache that the host keeps: digests of its bytes (row-major, fp16, little-endian), and what was written. */
const FED_CACHE = onlyFields({
  role: ROLE,
  call: "count",
  /** Of a step. */
  token: optional("count"),
  cache: "string",
  /** As it was fed. */
  before: "sha256",
  /** The cache rows that then hold the rows of the prediction, in the order of the tokens. */
  written: list("count"),
  /** As the host keeps it from then on; of a step, until its call is over. */
  after: "sha256",
});

/** One row of what the host keeps after the last call, held against the interpreter's. */
const KEPT_ROW = onlyFields({
  role: ROLE,
  cache: "string",
  row: "count",
  equalBits: "boolean",
  figures: FIGURES,
  passes: "boolean",
});

/** All of `parity`. */
export const PARITY = onlyFields({
  /** Those that the tool judged by; the judge has bounds of its own. */
  tolerances: onlyFields({ relativeL2: "number", oneMinusCosine: "number", worstOverRms: "number" }),
  /** The chip whose prediction widened the bounds against fp64; absent where they were flat. */
  predicted: optional("string"),
  comparisons: list(MEASURED_ROW),
  faults: list("string"),
  flushed: "count",
  caches: optional(onlyFields({ fed: list(FED_CACHE), kept: list(KEPT_ROW) })),
});

/** One row of a value, held against its reference. */
export type MeasuredRow = Of<typeof MEASURED_ROW>;
/** A cache at one prediction. */
export type FedCache = Of<typeof FED_CACHE>;
