/** What a recording of a parity sequence holds: for each call what it is fed and what must come out. */
import type { Roles } from "../../../dsl/role.ts";
import type { Shape } from "../../../dsl/type.ts";
import type { Arrays } from "../runner.ts";
import type { PlannedCall } from "../sequence.ts";
import type { SpecialKind } from "./draws.ts";

/**
 * What one call computes: its outputs but for the rows of caches, and the cache rows of its live tokens in order, along the row axis of
 * each state, and of each cache that the host keeps.
 */
export interface Computed {
  readonly outputs: Arrays;
  readonly rows: Arrays;
}

/** The same with what the call is fed. Everything is fp16 as bits. */
export interface Prediction extends Computed {
  readonly inputs: Arrays;
}

/** One block of the sequence, what its steps did, and the yardstick. */
export interface RecordedCall {
  readonly call: PlannedCall;
  readonly block: Prediction;
  /** The live tokens one by one, by token. */
  readonly steps: ReadonlyMap<number, Prediction>;
  /** The block in double precision, on a cache of its own kept in double precision. */
  readonly exact: Computed;
  /** The block on an engine's arithmetic, on a cache of its own; absent where none was asked for. */
  readonly predicted?: Computed;
}

/** A cache of the graphs. */
export interface RecordedState {
  readonly name: string;
  readonly shape: Shape;
  /** The axis that counts cache rows. */
  readonly rowAxis: number;
}

/** A cache that is an input, and how the host keeps it. */
export interface RecordedCache {
  /** The input. */
  readonly name: string;
  readonly shape: Shape;
  /** The axis that counts cache rows; in the output with the new rows, tokens. */
  readonly rowAxis: number;
  readonly update: "slot";
  /** The output with the new rows. */
  readonly rows: string;
  /** The input that tells the slot of each token. */
  readonly place: string;
}

/** What is known of the graphs of a recording. */
export type RecordedGraphs = Pick<Recording, "tokens" | "states" | "caches">;

/** A whole sequence. */
export interface Recording {
  readonly roles: Roles;
  readonly tokens: number;
  readonly maxSeq: number;
  readonly states: readonly RecordedState[];
  /** Inputs that the host keeps: zeros at first, then with the rows of accepted tokens at their slots. */
  readonly caches: readonly RecordedCache[];
  /** Contents of the states before the first call: finite garbage, which no token may see. */
  readonly initial: Arrays;
  readonly calls: readonly RecordedCall[];
  /** Kinds of rows of which no factor is borne, so that no call feeds them. */
  readonly leftOut: readonly SpecialKind[];
  /** What the host keeps in the end, by the names of the caches: that of the blocks is that of the steps. */
  readonly final: Arrays;
}
