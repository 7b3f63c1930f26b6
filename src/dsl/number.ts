/** Numbers of each element type: rounding to nearest even, fp16 bit patterns, integer wrap-around. */
import { once } from "./once.ts";
import type { DType } from "./type.ts";

const MAX_FP16 = 65504;
/** Halfway between the largest fp16 and the next power of two: at and above it, rounding gives infinity. */
const FP16_OVERFLOW = 65520;

/** Of the smallest normal fp16. */
const LEAST_EXPONENT = -14;
/**
 * By exponent e of an fp16, from the least to 15: adding and removing 1.5·2^(e+42) makes the double's own rounding happen
 * at fp16's last bit (e − 10).
 */
const MAGIC = Float64Array.from({ length: 30 }, (_, k) => 1.5 * 2 ** (k + LEAST_EXPONENT + 42));

/** The nearest fp16, ties to even, subnormals kept; NaN and infinities pass through. */
export function roundFp16(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude < FP16_OVERFLOW)) return magnitude >= FP16_OVERFLOW ? Math.sign(x) * Infinity : x;
  if (magnitude === 0) return x;
  const magic = MAGIC[Math.max(exponentOf(magnitude), LEAST_EXPONENT) - LEAST_EXPONENT]!;
  const rounded = x + magic - magic;
  return rounded === 0 && x < 0 ? -0 : rounded;
}

const scratch = new DataView(new ArrayBuffer(8));

/** floor(log2 x) for a positive normal double. */
function exponentOf(x: number): number {
  scratch.setFloat64(0, x);
  return ((scratch.getUint16(0) >> 4) & 0x7ff) - 1023;
}

/** Bit pattern of an fp16 value; the value must already be rounded. NaN becomes 0x7e00. */
export function fp16Bits(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(x);
  if (magnitude > MAX_FP16) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
  const exponent = exponentOf(magnitude);
  return sign | ((exponent + 15) << 10) | ((magnitude / 2 ** exponent - 1) * 1024);
}

/** By exponent field of an fp16 the value of its last bit; subnormals count in the same steps as the least normal numbers. */
const LAST_BIT = Float64Array.from({ length: 31 }, (_, field) => 2 ** (Math.max(field, 1) - 25));

/** The value of an fp16 bit pattern. */
export function fp16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction : 1024 + fraction) * LAST_BIT[exponent]!;
}

const INTEGER_FORMAT: Partial<Record<DType, readonly [bits: number, signed: boolean]>> = {
  int16: [16, true],
  uint16: [16, false],
  int8: [8, true],
  uint8: [8, false],
  int4: [4, true],
  uint4: [4, false],
  uint1: [1, false],
  uint2: [2, false],
  uint3: [3, false],
  uint6: [6, false],
};

/** The value of every bit pattern of fp16. */
export const fp16Values = once(() => Float64Array.from({ length: 0x10000 }, (_, bits) => fp16Value(bits)));

/** Smallest and largest value of an integer type. */
export function integerRange(dtype: DType): readonly [min: number, max: number] {
  const [bits, signed] = INTEGER_FORMAT[dtype] ?? [32, true];
  return signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
}

/**
 * `x` as an element of `dtype`: floats to nearest even, integers truncated towards zero and wrapped as two's
 * complement (0 for what is not finite), bool to 0 or 1.
 */
export function roundTo(dtype: DType, x: number): number {
  switch (dtype) {
    case "fp16":
      return roundFp16(x);
    case "fp32":
      return Math.fround(x);
    case "int32":
      return x | 0;
    case "bool":
      return x === 0 ? 0 : 1;
    default: {
      const [min, max] = integerRange(dtype);
      const span = max - min + 1;
      const whole = Number.isFinite(x) ? Math.trunc(x) : 0;
      return ((((whole - min) % span) + span) % span) + min;
    }
  }
}

/** The largest of any number of numbers, `least` included: a call with hundreds of thousands of arguments would fail. */
export function largest(numbers: Iterable<number>, least = Number.NEGATIVE_INFINITY): number {
  let most = least;
  for (const n of numbers) most = Math.max(most, n);
  return most;
}
