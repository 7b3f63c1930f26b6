/** A decoder at the smallest sizes that still show a difference: what a proof is attacked with. */
import type { Decoder } from "./decoder.ts";

/** The same kinds of parts as the record, as few of each as can be told apart. */
export function smallestOf(decoder: Decoder): Decoder {
  const kvHeads = Math.min(decoder.kvHeads, 2);
  const heads = kvHeads * Math.min(decoder.heads / decoder.kvHeads, 2);
  return { ...decoder, kvHeads, heads, headDim: 4, rotaryDims: 2, hiddenSize: 4, ffnSize: 2 };
}
