/** Operands and results of the fixed-point kernels (../wat/fixed-point.ts): fp16 as the engine takes it, and accumulators as fp16. */
import { once } from "../../../dsl/once.ts";
import { decodedBits, exponentOf, wholeAway } from "../../engine/half-away.ts";
import { accumulate, LIMIT, LOST, LSB } from "../../engine/multiply-add.ts";

/** What the units that multiply take each bit pattern for. */
export const decodedByBits = once(() => Float32Array.from({ length: 65536 }, (_, bits) => decodedBits(bits)));

/** By bits of one operand the smallest magnitude of the other with which their product is not lost. */
export const leastByBits = once(() =>
  decodedByBits().map((x) => {
    const exponent = LOST + 1 - exponentOf(x === 0 ? 2 ** -14 : x);
    // Exponents end at −14: every magnitude counts as one of those.
    return exponent <= -14 ? 0 : 2 ** exponent;
  }),
);

/** A bias by its bits, in units of the accumulator. */
export const startOfBits = (bits: number): number => wholeAway(decodedBits(bits) * LSB);

/** Bits of the fp16 nearest to an accumulator within its limit, ties away from zero; a sum of 0 is +0. */
export function leavingBits(sum: number): number {
  const sign = sum < 0 ? 0x8000 : 0;
  const magnitude = Math.abs(sum);
  const length = 32 - Math.clz32(magnitude);
  // Below 2^-14 the step of fp16 is less than a unit of the accumulator.
  if (length < 3) return sign | (magnitude << 8);
  const shift = length - 11;
  const significand = shift <= 0 ? magnitude << -shift : (magnitude + (1 << (shift - 1))) >>> shift;
  // A significand rounded up to 2048 carries into the exponent.
  return sign | (((length - 2) << 10) + significand - 1024);
}

/** Products in the accumulator one after the other, as `multiplyAdd` has it, and whether another order could pass its limit. */
export interface Sequence {
  /** Infinite where the limit was passed. */
  readonly sum: number;
  readonly mayOverflow: boolean;
}

/** Σ over `K` products of fp16 given by their bits, from `start` on. */
export function inSequence(start: number, K: number, x: (k: number) => number, w: (k: number) => number): Sequence {
  const [decoded, least] = [decodedByBits(), leastByBits()];
  let sum = accumulate(0, start);
  let most = Math.abs(start);
  for (let k = 0; k < K; k++) {
    const [a, b] = [x(k), w(k)];
    if (Math.abs(decoded[b]!) < least[a]!) continue;
    const q = wholeAway(decoded[a]! * decoded[b]! * LSB);
    most += Math.abs(q);
    sum = accumulate(sum, q);
  }
  return { sum, mayOverflow: most >= LIMIT };
}
