/** Numbers of the three source types: rounding to them, and lists of them in files. */
import { roundFp16 } from "../../dsl/number.ts";
import { fp16OfFp32, type SourceDType, sourceBytes, sourceValue } from "../convert/convert.ts";
import type { Held } from "./held.ts";

const float = new Float32Array(1);
const word = new Int32Array(float.buffer);

/**
 * The nearest number of the type, ties to even. A sum or a product of two of its numbers comes as a double, and fp32
 * between that and 8 or 11 bits moves no tie: it has more than twice as many bits and two.
 */
export const rounded: Readonly<Record<SourceDType, (x: number) => number>> = {
  F32: Math.fround,
  F16: roundFp16,
  BF16: (x) => {
    word[0] = bf16Pattern(x) << 16;
    return float[0]!;
  },
};

/** The bit pattern of a number of the type. */
export const patternOf: Readonly<Record<SourceDType, (x: number) => number>> = {
  F32: fp32Pattern,
  F16: (x) => fp16OfFp32(fp32Pattern(x)),
  BF16: bf16Pattern,
};

function fp32Pattern(x: number): number {
  float[0] = x;
  return word[0]!;
}

function bf16Pattern(x: number): number {
  const bits = fp32Pattern(x);
  return Number.isNaN(x) ? 0x7fc0 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** Bit patterns of `count` numbers of the type. */
export const patterns = (dtype: SourceDType, count: number): Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> =>
  sourceBytes[dtype] === 2 ? new Uint16Array(count) : new Uint32Array(count);

/** The numbers [begin, end) of a tensor, its elements in a row. */
export async function numbersOf(
  { file, entry }: Held,
  dtype: SourceDType,
  begin: number,
  end: number,
): Promise<Float32Array> {
  const stored = patterns(dtype, end - begin);
  await file.read(entry, new Uint8Array(stored.buffer), begin * sourceBytes[dtype]);
  return Float32Array.from(stored, sourceValue[dtype]);
}
