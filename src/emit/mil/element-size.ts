/** How much room an element takes in a file, by its type. */
import { bitsOf, type DType } from "../../dsl/type.ts";
import type { MilDType } from "./records.ts";

const OTHER_BITS: Readonly<Partial<Record<MilDType, number>>> = {
  fp64: 64,
  int64: 64,
  uint64: 64,
  uint32: 32,
  bf16: 16,
  fp8e4m3fn: 8,
  fp8e5m2: 8,
};

/** Width of one stored element in bits. Strings have none. */
export function storedBits(dtype: MilDType): number {
  return OTHER_BITS[dtype] ?? bitsOf(dtype as DType);
}

/** Bytes that `count` elements take, the last byte filled up. */
export const storedBytes = (dtype: MilDType, count: number): number => Math.ceil((count * storedBits(dtype)) / 8);
