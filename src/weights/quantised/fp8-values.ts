/** The numbers of the FP8 formats (OCP 8-bit floating point, OFP8; safetensors' F8_E4M3 has no infinities, as torch's float8_e4m3fn). */
import { fp16Value } from "../../dsl/number.ts";

/** Its element types, by their safetensors names. */
export type Fp8 = "F8_E4M3" | "F8_E5M2";

/** The value of every code. */
export const fp8Values: Readonly<Record<Fp8, Float32Array>> = {
  F8_E4M3: Float32Array.from({ length: 256 }, (_, code) => e4m3(code)),
  // Its codes are the upper halves of fp16's.
  F8_E5M2: Float32Array.from({ length: 256 }, (_, code) => fp16Value(code << 8)),
};

/** Whether elements of this safetensors type are FP8 numbers that graphc reads. */
export const isFp8 = (dtype: string): dtype is Fp8 => Object.hasOwn(fp8Values, dtype);

/** Four bits of exponent with bias 7, three of fraction; all ones is NaN, and there are no infinities. */
function e4m3(code: number): number {
  const [sign, exponent, fraction] = [code & 0x80 ? -1 : 1, (code >> 3) & 15, code & 7];
  if ((code & 0x7f) === 0x7f) return Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -9 : sign * (1 + fraction / 8) * 2 ** (exponent - 7);
}
