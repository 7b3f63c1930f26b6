/** A mistake that both a host and a layer can make. */
import type { Decoder } from "../src/models/decoder.ts";

/** The mistake of turning the whole head. LongRoPE has no factors for the pairs beyond: who is so wrong takes 1. */
export function wholeHead(right: Decoder): Decoder {
  const turned = { ...right, rotaryDims: right.headDim };
  if (right.rope.type !== "longrope") return turned;
  const padded = (factors: readonly number[]) => Array.from({ length: right.headDim / 2 }, (_, at) => factors[at] ?? 1);
  const { shortFactor, longFactor } = right.rope;
  return { ...turned, rope: { ...right.rope, shortFactor: padded(shortFactor), longFactor: padded(longFactor) } };
}
