/** Rounding as the Neural Engine does it: to the nearest fp16, ties away from zero; and what its units take fp16 operands for. */

/** Halfway between the largest fp16 and the next power of two. That this is where an infinity begins was not probed on a device. */
const OVERFLOW = 65520;
const LEAST_EXPONENT = -14;
const scratch = new DataView(new ArrayBuffer(8));

/** floor(log2 |x|) of a number that is not 0, as fp16 has it: never below −14. */
export function exponentOf(x: number): number {
  scratch.setFloat64(0, x);
  return Math.max(((scratch.getUint16(0) >> 4) & 0x7ff) - 1023, LEAST_EXPONENT);
}

/** The nearest fp16, ties away from zero, subnormals kept. */
export function halfAway(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude < OVERFLOW)) return magnitude >= OVERFLOW ? Math.sign(x) * Number.POSITIVE_INFINITY : x;
  if (magnitude === 0) return x;
  const step = 2 ** (exponentOf(magnitude) - 10);
  return Math.sign(x) * Math.floor(magnitude / step + 0.5) * step;
}

/** The nearest whole number, ties away from zero. */
export const wholeAway = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);

/** The largest fp16 at or below x. */
export function halfBelow(x: number): number {
  if (x === Number.POSITIVE_INFINITY || Number.isNaN(x)) return x;
  if (Math.abs(x) > 65504) return x > 0 ? 65504 : Number.NEGATIVE_INFINITY;
  const step = x === 0 ? 1 : 2 ** (exponentOf(x) - 10);
  return Math.floor(x / step) * step;
}

/** The smallest fp16 at or above x. */
export const halfAbove = (x: number): number => -halfBelow(-x);

/**
 * What an operand is for the units that multiply and add: exponent field 31 is nothing special to them, so that +∞ is 65536 and the
 * usual NaN 98304 (engine record: K/n4, M6).
 */
export const decoded = (x: number): number =>
  Number.isNaN(x) ? 98304 : Math.abs(x) === Number.POSITIVE_INFINITY ? Math.sign(x) * 65536 : x;

/** The same of a bit pattern of fp16, so that NaNs of all signs and payloads can be told apart. */
export function decodedBits(bits: number): number {
  const [sign, field, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return sign * (field === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (field - 25));
}
