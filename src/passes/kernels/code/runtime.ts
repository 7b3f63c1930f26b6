/** What the written JavaScript calls: numbers as they are stored and back, and the functions of the fp16 reading. */
import { fp16Value, roundFp16, roundTo } from "../../../dsl/number.ts";
import { placesInOrder } from "../../interpret/order.ts";
import { integerPower, power } from "../../interpret/power.ts";
import { checkIndex, erf, multiplyExactly } from "../../interpret/reading.ts";

/** The value of every fp16 bit pattern. */
export const HALF = new Float32Array(65536);
for (let bits = 0; bits < HALF.length; bits++) HALF[bits] = fp16Value(bits);

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** Bit pattern of the fp16 nearest to a double, ties to even; NaN becomes 0x7e00. */
export function halfBits(x: number): number {
  float[0] = x;
  // What is no fp32 must be rounded from the double: twice rounded can end beside the nearest.
  if (float[0] !== x) float[0] = roundFp16(x);
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = bits[0]! & 0x7fffffff;
  if (magnitude >= 0x47800000) return magnitude > 0x7f800000 ? 0x7e00 : sign | 0x7c00;
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13);
  // The last place of 0.5 + |x| is that of an fp16 subnormal.
  float[0] = Math.abs(float[0]) + 0.5;
  return sign | (bits[0]! - 0x3f000000);
}

/** By the names that the text uses. */
export const helpers = {
  HALF,
  halfBits,
  checkIndex,
  multiplyExactly,
  power,
  integerPower,
  erf,
  placesInOrder,
  roundTo,
  roundHalf: roundFp16,
  fround: Math.fround,
} as const;
