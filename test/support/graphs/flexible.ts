/** Types of a function whose first input may have several sizes. */
import { tensorType } from "../read.ts";

/** One to four rows of 8, and four of them. */
export const open = tensorType("fp16", undefined, 8);
export const K = tensorType("fp16", 4, 8);
/** What a description says of the sizes of `open`. */
export const range = [
  [1, 4],
  [8, 8],
] as const;
