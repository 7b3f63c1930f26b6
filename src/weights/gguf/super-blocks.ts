/**
 * The values of quantised super-blocks of 256 elements ("K" types), as llama.cpp lays them out
 * (ggml-org/llama.cpp, ggml/src/ggml-quants.c, dequantize_row_*). As for blocks, the one rounding is that of the result.
 */
import type { Dequantise } from "./blocks.ts";
import { halfAt } from "./half.ts";

/** Elements of a super-block. */
export const SUPER_BLOCK = 256;

/** d · sc · q − dmin · mn in 16 groups of 16, q of 2 bits; scales first, d and dmin last. */
export const q2_k: Dequantise = (bytes, at, out, to) => {
  const d = halfAt(bytes, at + 80);
  const dmin = halfAt(bytes, at + 82);
  for (let i = 0; i < SUPER_BLOCK; i++) {
    const scale = bytes[at + (i >> 4)]!;
    const q = (bytes[at + 16 + packed(i)]! >> shift(i)) & 3;
    out[to + i] = d * (scale & 15) * q - dmin * (scale >> 4);
  }
};

/** d · (sc − 32) · q in 16 groups of 16, q from −4 to 3: its sign bits lie in the first 32 bytes, d is last. */
export const q3_k: Dequantise = (bytes, at, out, to) => {
  const d = halfAt(bytes, at + 108);
  for (let i = 0; i < SUPER_BLOCK; i++) {
    const low = (bytes[at + 32 + packed(i)]! >> shift(i)) & 3;
    const isPositive = (bytes[at + (i & 31)]! >> (i >> 5)) & 1;
    out[to + i] = d * (sixBitScale(bytes, at + 96, i >> 4) - 32) * (low - (isPositive ? 0 : 4));
  }
};

/** d · sc · q − dmin · mn in 8 groups of 32, q of 4 bits. */
export const q4_k: Dequantise = (bytes, at, out, to) => {
  const d = halfAt(bytes, at);
  const dmin = halfAt(bytes, at + 2);
  for (let k = 0; k < 8; k++) {
    const [scale, least] = [d * scaleOf(bytes, at + 4, k), dmin * leastOf(bytes, at + 4, k)];
    const from = at + 16 + 32 * (k >> 1);
    const nibble = 4 * (k & 1);
    for (let l = 0; l < 32; l++) out[to + 32 * k + l] = scale * ((bytes[from + l]! >> nibble) & 15) - least;
  }
};

/** As `q4_k` with a fifth bit for each element, those of a byte for the groups in turn. */
export const q5_k: Dequantise = (bytes, at, out, to) => {
  const d = halfAt(bytes, at);
  const dmin = halfAt(bytes, at + 2);
  for (let k = 0; k < 8; k++) {
    const [scale, least] = [d * scaleOf(bytes, at + 4, k), dmin * leastOf(bytes, at + 4, k)];
    const from = at + 48 + 32 * (k >> 1);
    const nibble = 4 * (k & 1);
    for (let l = 0; l < 32; l++) {
      const q = ((bytes[from + l]! >> nibble) & 15) | (((bytes[at + 16 + l]! >> k) & 1) << 4);
      out[to + 32 * k + l] = scale * q - least;
    }
  }
};

/** d · sc · (q − 32) in 16 groups of 16, q of 6 bits, sc a signed byte; d is last. */
export const q6_k: Dequantise = (bytes, at, out, to) => {
  const d = halfAt(bytes, at + 208);
  for (let i = 0; i < SUPER_BLOCK; i++) {
    const [half, column, l] = [i >> 7, (i >> 5) & 3, i & 31];
    const low = (bytes[at + 64 * half + 32 * (column & 1) + l]! >> (column < 2 ? 0 : 4)) & 15;
    const high = (bytes[at + 128 + 32 * half + l]! >> (2 * column)) & 3;
    const scale = (bytes[at + 192 + (i >> 4)]! << 24) >> 24;
    out[to + i] = d * scale * ((low | (high << 4)) - 32);
  }
};

/** Of two-bit elements, four share a byte: those 32 apart in a half of 128. */
const packed = (i: number): number => 32 * (i >> 7) + (i & 31);
const shift = (i: number): number => 2 * ((i >> 5) & 3);

/** Scale k of `q4_k` and `q5_k`: six bits, of the last four groups split between two places. */
const scaleOf = (bytes: Uint8Array, at: number, k: number): number =>
  k < 4 ? bytes[at + k]! & 63 : (bytes[at + k + 4]! & 15) | ((bytes[at + k - 4]! >> 6) << 4);
/** Offset k beside that scale. */
const leastOf = (bytes: Uint8Array, at: number, k: number): number =>
  k < 4 ? bytes[at + k + 4]! & 63 : (bytes[at + k + 4]! >> 4) | ((bytes[at + k]! >> 6) << 4);

/** Scale k of `q3_k`: four bits in the first eight bytes, two in the last four. */
function sixBitScale(bytes: Uint8Array, at: number, k: number): number {
  const low = k < 8 ? bytes[at + k]! & 15 : bytes[at + k - 8]! >> 4;
  return low | (((bytes[at + 8 + (k & 3)]! >> (2 * (k >> 2))) & 3) << 4);
}
