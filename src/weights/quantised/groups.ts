/**
 * Elements in groups that share a scale and a bias, as MLX packs them (ml-explore/mlx, `mx.quantize`): codes of a few
 * bits one after another, the lowest bits first, across bytes and words.
 */
import type { SourceDType } from "../convert/convert.ts";
import { patternOf, rounded } from "./numbers.ts";

/** How a tensor is packed. A group is a whole number of bytes. */
export interface Grouping {
  readonly bits: number;
  readonly groupSize: number;
}

/** Groups of a tensor in a row: their codes with a byte to spare, a scale and a bias for each. */
export interface Groups {
  readonly packed: Uint8Array;
  readonly scales: Float32Array;
  readonly biases: Float32Array;
}

/** Bytes of the codes of a group. */
export const groupBytes = ({ bits, groupSize }: Grouping): number => (bits * groupSize) / 8;

/**
 * Writes the elements' bit patterns: scale · code rounded to the type of the scales, and that plus the bias rounded once
 * more. So `mx.dequantize` computes on the CPU, bit for bit (conformance/test_mlx.py).
 */
export function dequantiseGroups(
  grouping: Grouping,
  { packed, scales, biases }: Groups,
  dtype: SourceDType,
  out: Uint16Array | Uint32Array,
): void {
  const { bits, groupSize } = grouping;
  const mask = 2 ** bits - 1;
  // Of few bits there are fewer codes than elements.
  const isTabled = mask < groupSize;
  const table = out.slice(0, isTabled ? mask + 1 : 0);
  for (const [group, scale] of scales.entries()) {
    const level = levels(dtype, scale, biases[group]!);
    for (let code = 0; code < table.length; code++) table[code] = level(code);
    const from = 8 * group * groupBytes(grouping);
    for (let i = 0; i < groupSize; i++) {
      const at = from + i * bits;
      const two = packed[at >> 3]! | (packed[(at >> 3) + 1]! << 8);
      const code = (two >> (at & 7)) & mask;
      out[group * groupSize + i] = isTabled ? table[code]! : level(code);
    }
  }
}

/** The bit pattern of each code. */
function levels(dtype: SourceDType, scale: number, bias: number): (code: number) => number {
  const [round, pattern] = [rounded[dtype], patternOf[dtype]];
  return (code) => pattern(round(scale * code) + bias);
}
