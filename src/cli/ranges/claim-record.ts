/** What bounds say of a proof, as a certificate has it. */

/** A precondition of a proof that the bounds were held against. */
export interface Held {
  readonly id: "P7" | "P8";
  readonly met: boolean;
  readonly says: string;
}

/** As a certificate has it. */
export interface RangesRecord {
  readonly claim: "ORDER-FREE (engine)" | "NOT ORDER-FREE (engine)";
  readonly says: string;
  readonly given: readonly string[];
  /** Of the preconditions that the proof used. */
  readonly preconditions: readonly Held[];
  /** Every bound, by layer or by graph and value. */
  readonly [more: string]: unknown;
}
