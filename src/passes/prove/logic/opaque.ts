/** Why a proof stops: the term cannot be given a meaning. The reason is a code with its data; the sentence comes last. */
import { counted } from "../../../dsl/counted.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { type Ix, showIx } from "./indices.ts";
import type { TermKind } from "./terms.ts";

/** Why no term could be made, with what it was about. */
export type Reason =
  /** An index is computed at run time from something that is no position. */
  | { readonly code: "run-time index"; readonly from: TermKind }
  /** An index that is not known to lie in its axis. */
  | { readonly code: "out of range"; readonly index: Ix; readonly size: number }
  /** A value of rows is read at a place that is not one token's. */
  | { readonly code: "token row"; readonly of: string; readonly index: Ix }
  /** A cache is read at a row that is neither a token's nor any other. */
  | { readonly code: "cache row"; readonly what: string; readonly index: Ix }
  /** A slice of cache rows that may hold rows which no token writes. */
  | { readonly code: "slice beyond"; readonly size: number; readonly begin: Ix }
  /** A numbered cache row against a position that is known at run time only. */
  | { readonly code: "numbered row"; readonly row: number }
  | { readonly code: "strided slice" }
  /** A constant table at a cache row. */
  | { readonly code: "constant at row"; readonly index: Ix }
  /** What happens depends on an index that no case distinction settles. */
  | { readonly code: "undecided"; readonly what: string; readonly index: Ix }
  | { readonly code: "missing state"; readonly name: string }
  /** A proof stands, but a weight that it takes to be finite is not. */
  | { readonly code: "not finite"; readonly name: string; readonly count: number }
  /** A proof stands, but no input was found that keeps its preconditions; what stood in the way on the first. */
  | { readonly code: "vacuous"; readonly unmet: string }
  | { readonly code: "no room"; readonly tokens: number; readonly rows: number };

/** Thrown where a proof stops. */
export interface Opaque {
  readonly opaque: Reason;
  /** The value whose element it was. */
  readonly at?: Tensor;
}
/** An `Opaque` for the reason, whose value is not known yet. */
export const opaque = (reason: Reason): Opaque => ({ opaque: reason });
/** Whether something thrown stops a proof. */
export const isOpaque = (x: unknown): x is Opaque => typeof x === "object" && x !== null && "opaque" in x;

/** The reason for people, and what would have to be accepted for the proof to go on. A code without both does not compile. */
const REASONS: { readonly [C in Reason["code"]]: Telling<Extract<Reason, { code: C }>> } = {
  "run-time index": {
    says: ({ from }) => `an index is computed at run time (from a term of kind ${from})`,
    closes: "a position that is an input of the graph, or a number that is one and the same at all places of an axis",
  },
  "out of range": {
    says: ({ index, size }) => `index ${showIx(index)} may be outside [0, ${size})`,
    closes: "a bound on the index that holds for all inputs",
  },
  "token row": {
    says: ({ of, index }) => `the token row of ${of} is ${showIx(index)}`,
    closes: "a rule for rows of several tokens in one; each row is expected to be that of one token",
  },
  "cache row": {
    says: ({ what, index }) => `${what} at ${showIx(index)}, which is not a cache row of the block`,
    closes: "a rule for cache rows at an offset from those that the tokens write",
  },
  "slice beyond": {
    says: ({ size, begin }) => `a slice of ${size} rows from ${showIx(begin)} reaches beyond the rows of the block`,
    closes: "a rule for slices that reach rows which no token writes",
  },
  "numbered row": {
    says: ({ row }) => `cache row ${row} against a run-time position`,
    closes: "a rule that tells a numbered cache row from the rows of the tokens",
  },
  "strided slice": {
    says: () => "a strided slice of cache rows",
    closes: "a rule for slices of cache rows with a stride",
  },
  "constant at row": {
    says: ({ index }) => `a constant is read at ${showIx(index)}`,
    closes: "a rule for constants read at a cache row",
  },
  undecided: {
    says: ({ what, index }) => `${what} depends on ${showIx(index)}`,
    closes: "a case distinction on an index of at most 256 values",
  },
  "not finite": {
    says: ({ name, count }) =>
      `the graphs are equal only where weights are finite (P7), and ${name} holds ${counted(count, "value")} that ${count === 1 ? "is" : "are"} not`,
    closes: "weights without NaN and Inf",
  },
  vacuous: {
    says: ({ unmet }) => `the graphs are equal, but no input keeps the preconditions: ${unmet}`,
    closes:
      "an input that meets all of them; a value that is never finite, or a bound that no score keeps, rules that out",
  },
  "no room": {
    says: ({ tokens, rows }) =>
      `the graphs are equal, but no input keeps P2: ${tokens} tokens need as many cache rows, and the graphs read and write ${rows}`,
    closes: "caches and tables of as many rows as there are tokens",
  },
  "missing state": {
    says: ({ name }) => `state ${name} is missing`,
    closes: "a state of that name in both graphs",
  },
};

interface Telling<R> {
  says(reason: R): string;
  readonly closes: string;
}

/** The reason as a sentence. */
export const showReason = (reason: Reason): string => (REASONS[reason.code] as Telling<Reason>).says(reason);

/** What would close the gap. It is said, never done. */
export const closesReason = (reason: Reason): string => REASONS[reason.code].closes;
