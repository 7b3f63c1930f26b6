/** Where numbers end, and what a bound is. */

/** The accumulator of the engine, fp16, and scores up to which a masked row's weight is 0 (P8 of docs/equivalence.md). */
export const LIMITS = { accumulator: 32768, fp16: 65504, score: 4948 } as const;
/** The limit that a quantity is held against. */
export type Limit = keyof typeof LIMITS;

/** A bound that holds for every input, and the row or head where it is largest. */
export interface Bound {
  readonly value: number;
  readonly at: number;
}

/** For fp16 roundings between a norm and a sum: each is 2⁻¹¹ of a number at most, and fewer than forty come together. */
export const MARGIN = 1.02;
