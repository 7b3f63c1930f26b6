/**
 * The unit that multiplies and adds (conv, linear, matmul): fixed point with 16 binary places. A product is rounded to 2⁻¹⁶, ties
 * away from zero, before it is added; the sum has 32 bits, and once it is beyond them it stays infinite.
 * Source: 751K/Apple-Neural-Engine-Microarchitecture-Study-M6, its notes on numerics; measured on M6 and M4 with macOS 27.
 */
import { decoded, exponentOf, halfAway, wholeAway } from "./half-away.ts";

/** Units of the last place in 1. */
export const LSB = 2 ** 16;
/** Where the accumulator ends, in units of the last place: 32768. */
export const LIMIT = 2 ** 31;
/** Products whose exponents add up to this or less are lost, whatever their size. */
export const LOST = -17;

/** A product of two decoded operands in units of the last place. */
export function productOf(x: number, w: number): number {
  if (x === 0 || w === 0 || exponentOf(x) + exponentOf(w) <= LOST) return 0;
  return wholeAway(x * w * LSB);
}

/** A bias in units of the last place, from which the accumulator starts. */
export const startOf = (bias: number): number => wholeAway(decoded(bias) * LSB);

/** Adds a product to what the accumulator holds; infinities stay. */
export function accumulate(sum: number, product: number): number {
  if (!Number.isFinite(sum)) return sum;
  const next = sum + product;
  return Math.abs(next) >= LIMIT ? Math.sign(next) * Number.POSITIVE_INFINITY : next;
}

/** What leaves the accumulator, as fp16. */
export const leaving = (sum: number): number => halfAway(sum / LSB);

/** Σ x·w + bias over decoded operands in rising order, as fp16. */
export function multiplyAdd(x: readonly number[], w: readonly number[], bias = 0): number {
  let sum = accumulate(0, startOf(bias));
  for (const [k, value] of x.entries()) sum = accumulate(sum, productOf(value, w[k]!));
  return leaving(sum) + 0;
}
