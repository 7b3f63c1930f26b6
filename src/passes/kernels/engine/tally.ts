/** What happened when an op ran on the engine's arithmetic: to its products, or by the table of its function. */

/** Counts over all elements of the op's result. */
export interface Tally {
  /** Products that were asked for, zeros among them. */
  readonly products: number;
  /** Products of operands other than 0 that left nothing: below the last place of the accumulator, or lost by their exponents. */
  readonly lost: number;
  /** Elements whose sum passed the limit, and is infinite for good. */
  readonly overflowed: number;
  /** Elements whose sum may pass it in another order of the same products. */
  readonly mayOverflow: number;
  /** Elements of a function of which its table gives bounds alone, and of which not even those are on record. */
  readonly bounded: number;
  readonly open: number;
}

/** Nothing happened. */
export const NO_TALLY: Tally = { products: 0, lost: 0, overflowed: 0, mayOverflow: 0, bounded: 0, open: 0 };

/** Both together. */
export const tallied = (a: Tally, b: Tally): Tally => ({
  products: a.products + b.products,
  lost: a.lost + b.lost,
  overflowed: a.overflowed + b.overflowed,
  mayOverflow: a.mayOverflow + b.mayOverflow,
  bounded: a.bounded + b.bounded,
  open: a.open + b.open,
});

/** Is told of an op, once a run. */
export type TellTally = (tally: Tally) => void;
