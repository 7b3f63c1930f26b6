/** fp16 numbers inside quantised blocks. */
import { fp16Value } from "../../dsl/number.ts";

/** The value of every fp16 bit pattern. */
export const fp16Table: Float64Array = Float64Array.from({ length: 0x10000 }, (_, bits) => fp16Value(bits));

/** The little-endian bit pattern at a byte. */
export const halfAt = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);
