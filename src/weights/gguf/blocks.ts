/**
 * The values of quantised blocks of 32 elements, as llama.cpp lays them out (ggml-org/llama.cpp, ggml/src/ggml-quants.c,
 * dequantize_row_*). A product of an fp16 scale and a few bits is exact in fp32, so that the one rounding is that of the
 * result, which storing it in `out` does.
 */
import { halfAt } from "./half.ts";

/** Writes the elements of the block that begins at byte `at` to `out` from `to` on, as fp32. */
export type Dequantise = (bytes: Uint8Array, at: number, out: Float32Array, to: number) => void;

const HALF_BLOCK = 16;

/** d · (q − 8), q of 4 bits: byte j holds elements j and j + 16. */
export const q4_0: Dequantise = (bytes, at, out, to) => {
  const d = halfAt(bytes, at);
  for (let j = 0; j < HALF_BLOCK; j++) {
    const q = bytes[at + 2 + j]!;
    out[to + j] = d * ((q & 15) - 8);
    out[to + j + HALF_BLOCK] = d * ((q >> 4) - 8);
  }
};

/** d · q + m, q of 4 bits. */
export const q4_1: Dequantise = (bytes, at, out, to) => {
  const d = halfAt(bytes, at);
  const m = halfAt(bytes, at + 2);
  for (let j = 0; j < HALF_BLOCK; j++) {
    const q = bytes[at + 4 + j]!;
    out[to + j] = d * (q & 15) + m;
    out[to + j + HALF_BLOCK] = d * (q >> 4) + m;
  }
};

/** d · (q − 16), q of 5 bits, the fifth of all elements together in the word before the others. */
export const q5_0: Dequantise = (bytes, at, out, to) => {
  const d = halfAt(bytes, at);
  const high = wordAt(bytes, at + 2);
  for (let j = 0; j < HALF_BLOCK; j++) {
    const q = bytes[at + 6 + j]!;
    out[to + j] = d * (((q & 15) | fifth(high, j)) - 16);
    out[to + j + HALF_BLOCK] = d * (((q >> 4) | fifth(high, j + HALF_BLOCK)) - 16);
  }
};

/** d · q + m, q of 5 bits. */
export const q5_1: Dequantise = (bytes, at, out, to) => {
  const d = halfAt(bytes, at);
  const m = halfAt(bytes, at + 2);
  const high = wordAt(bytes, at + 4);
  for (let j = 0; j < HALF_BLOCK; j++) {
    const q = bytes[at + 8 + j]!;
    out[to + j] = d * ((q & 15) | fifth(high, j)) + m;
    out[to + j + HALF_BLOCK] = d * ((q >> 4) | fifth(high, j + HALF_BLOCK)) + m;
  }
};

/** d · q, q a signed byte. */
export const q8_0: Dequantise = (bytes, at, out, to) => {
  const d = halfAt(bytes, at);
  for (let j = 0; j < 2 * HALF_BLOCK; j++) out[to + j] = d * signed(bytes[at + 2 + j]!);
};

const fifth = (high: number, j: number): number => ((high >>> j) & 1) << 4;
const signed = (byte: number): number => (byte << 24) >> 24;
const wordAt = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
