/** Where numbers end, and what a bound is. */

/**
 * The accumulator of the engine, fp16, and scores up to which a masked row's weight is 0 (P8 of docs/equivalence.md). Keys are written into the cache by a
 * product with the write mask: turned by RoPE before that, one may be √2 times as large, and has to be within the accumulator once more.
 */
export const LIMITS = { accumulator: 32768, turned: 23170, fp16: 65504, score: 4948 } as const;
/** The limit that a quantity is held against. */
export type Limit = keyof typeof LIMITS;

/** A bound that holds for every input, and the row or head where it is largest. */
export interface Bound {
  readonly value: number;
  readonly at: number;
}

/**
 * What the bounds take for granted of sums whose order and width on the engine are not on record: a norm is off by this factor at most,
 * fp16 roundings behind it included, and the weights of softmax add up to it at most.
 */
export const MARGIN = 1.02;

/** What our own sums round, in double precision and of single factors in fp32: every bound is multiplied by it once. */
export const ROUNDING = 1 + 2 ** -20;

/**
 * By how much an activation may be larger than its argument: silu(x) and gelu(x) are not, but the engine's tables of them, whose worst errors on
 * record are 0.0149 and 0.0062, may be (docs/engine-arithmetic.md).
 */
export const ACTIVATION = 0.016;

/** What is taken for granted of the engine's sums, in words: how it adds them is not on record. */
export const GIVEN_OF_SUMS: readonly string[] = [
  "every RMSNorm comes out within 2 % of exact",
  "the weights of a softmax add up to 1.02 at most",
];

/** What is taken for granted of what the host feeds: no weight bounds a cache or a table that came from elsewhere. */
const GIVEN_OF_FEEDS: readonly string[] = [
  "the caches hold zeros, or rows that the same layer wrote, stale ones too",
  "cos and sin are those of RoPE",
];

/** All of it, for whoever reads a bound. */
export const GIVEN: readonly string[] = [...GIVEN_OF_SUMS, ...GIVEN_OF_FEEDS];
