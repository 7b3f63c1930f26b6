/** The host that a model is built for, and what it can feed. */
import { UserError } from "../dsl/user-error.ts";
import type { Decoder } from "../models/decoder.ts";
import { inverseFrequencies } from "../models/frequencies.ts";
import { foldRopeFactor, type RopeFactorPlace } from "../models/rope-fold.ts";

/** The runtime of the ane-book, unchanged. */
export type TargetHost = "ane-book";

/**
 * The decoder as its shards are built for a host: what the host cannot feed is in the package.
 * @throws UserError that names what neither of them can hold
 */
export function decoderFor(host: TargetHost, decoder: Decoder, maxSeq: number, place: RopeFactorPlace): Decoder {
  const folded = foldRopeFactor(decoder, place);
  const problem = unfedBy(folded, maxSeq);
  if (problem === undefined) return folded;
  const { rope } = decoder;
  const isLong = rope.type === "longrope" && maxSeq > rope.originalMaxPositions;
  throw new UserError(
    `the ${host}'s runtime cannot feed this model: ${problem}`,
    isLong ? `give --max-seq ${rope.originalMaxPositions} or less` : undefined,
  );
}

/** What that runtime would feed wrongly: it makes plain tables, one mask that hides nothing but the future, and rows as they are stored. */
function unfedBy(decoder: Decoder, maxSeq: number): string | undefined {
  const { ropeTheta, rotaryDims, slidingWindow, local, rope, pattern } = decoder;
  if ("attentionFactor" in rope && rope.attentionFactor !== 1)
    return `its tables lack the factor ${rope.attentionFactor} of cos and sin (--rope-factor weights or graph puts it into the package)`;
  if (local) return "it has local layers, with a mask of their own";
  if (slidingWindow !== undefined && slidingWindow < maxSeq)
    return `its tokens see the last ${slidingWindow} alone, and the cache has ${maxSeq} rows`;
  if (!pattern.some(({ turned }) => turned)) return "it has no RoPE tables";
  const scaled = inverseFrequencies(decoder, maxSeq);
  const plain = inverseFrequencies({ rope: { type: "default" }, ropeTheta, rotaryDims }, maxSeq);
  const pair = scaled.findIndex((x, k) => x !== plain[k]);
  if (pair < 0) return undefined;
  const long = rope.type === "longrope" && maxSeq > rope.originalMaxPositions;
  return `its RoPE is scaled (${rope.type}${long ? `, the long factors from --max-seq ${rope.originalMaxPositions + 1} on` : ""}), and the tables are plain`;
}
