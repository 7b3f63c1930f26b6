/** fp16 numbers inside quantised blocks. */
import { fp16Values } from "../../dsl/number.ts";

/** The number whose little-endian bit pattern begins at a byte. */
export const halfAt = (bytes: Uint8Array, at: number): number => fp16Values()[bytes[at]! | (bytes[at + 1]! << 8)]!;
