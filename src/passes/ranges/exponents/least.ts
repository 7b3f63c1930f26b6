/** The least power of two with which numbers are within their limits. */

/** Beyond it the floors of norms come near the smallest number of fp16, and products of what is held become too coarse. */
export const MOST = 10;

/**
 * The least k from −`MOST` to `MOST` with every share · 2^−k below 1: products are lost where they are small. Below 0, what is raised
 * (`raised` is its share) has to stay below as well. `MOST` where there is none.
 */
export function least(shares: readonly number[], raised = 0): number {
  const holds = (k: number): boolean =>
    shares.every((share) => share * 2 ** -k < 1) && (k >= 0 || raised * 2 ** -k < 1);
  let k = -MOST;
  while (k < MOST && !holds(k)) k++;
  return k;
}

/** The least of those that make nothing larger. */
export const leastBelow = (...shares: readonly number[]): number => Math.max(0, least(shares));
