/** Numbers as the engine computes them: a point, and the ends between which its own number lies. */

/** `low` and `high` are the point where the engine's bits are known, and are infinite where nothing is. */
export interface Spread {
  readonly point: number;
  readonly low: number;
  readonly high: number;
}

/** A number whose bits are known. */
export const exactly = (point: number): Spread => ({ point, low: point, high: point });

/** A point of which no bounds are on record. */
export const anything = (point: number): Spread => ({
  point,
  low: Number.NEGATIVE_INFINITY,
  high: Number.POSITIVE_INFINITY,
});

/** Whether the engine's bits are known. */
export const isExact = ({ low, high }: Spread): boolean => low === high;

/** The ends of several spreads around the point of the first. */
export function hull(first: Spread, ...others: readonly Spread[]): Spread {
  let { low, high } = first;
  for (const other of others) {
    low = Math.min(low, other.low);
    high = Math.max(high, other.high);
  }
  return { point: first.point, low, high };
}
