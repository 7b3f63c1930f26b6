/** The built-in decoder, and the sizes and layers that one may be built at. */
import { UserError } from "../dsl/user-error.ts";
import type { Decoder } from "./decoder.ts";

/**
 * √(1 + ln s / ln original) for a context stretched s-fold, 1 when it is not stretched (LongRoPE, arXiv 2402.13753;
 * transformers, modeling_rope_utils.py).
 */
export const longRopeAttentionFactor = (stretch: number, original: number): number =>
  stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));

/**
 * YaRN's factor of cos and sin: m(s) = 0.1 · ln s + 1 of a stretch above 1 (arXiv 2309.00071, eq. 22); a ratio of two with
 * weights of the logarithm where a configuration gives both (transformers, modeling_rope_utils.py).
 */
export function yarnAttentionFactor(stretch: number, above?: number, below?: number): number {
  const scale = (weight: number): number => (stretch <= 1 ? 1 : 0.1 * weight * Math.log(stretch) + 1);
  return above !== undefined && below !== undefined ? scale(above) / scale(below) : scale(1);
}

const LONG_FACTOR: readonly number[] = [
  1, 1.118320672, 1.250641126, 1.398617824, 1.564103225, 1.74916897, 1.956131817, 2.187582649, 2.446418898, 2.735880826,
  3.059592084, 3.421605075, 3.826451687, 4.279200023, 4.785517845, 5.351743533, 5.984965424, 6.693110555, 7.485043894,
  8.370679318, 9.36110372, 10.4687158, 11.70738129, 13.09260651, 14.64173252, 16.37415215, 18.31155283, 20.47818807,
  22.90118105, 25.61086418, 28.64115884, 32.03, 32.1, 32.13, 32.23, 32.6, 32.61, 32.64, 32.66, 32.7, 32.71, 32.93,
  32.97, 33.28, 33.49, 33.5, 44.16, 47.77,
];

/** microsoft/Phi-4-mini-instruct, config.json. */
export const PHI4_MINI = {
  architecture: "phi3",
  hiddenSize: 3072,
  heads: 24,
  kvHeads: 8,
  headDim: 128,
  rotaryDims: 96,
  ropePairs: "halves",
  ropeTheta: 10000,
  rope: {
    type: "longrope",
    shortFactor: LONG_FACTOR.map(() => 1),
    longFactor: LONG_FACTOR,
    originalMaxPositions: 4096,
    attentionFactor: longRopeAttentionFactor(131072 / 4096, 4096),
  },
  slidingWindow: 262144,
  pattern: [{ span: "main", turned: true }],
  ffnSize: 8192,
  activation: "silu",
  eps: 1e-5,
  gain: "factor",
  qkNorm: "none",
  postNorms: false,
  biases: { qkv: false, output: false, mlp: false },
  stored: { qkv: "fused", gateUp: "fused" },
  embeddingMultiplier: 1,
  residualMultiplier: 1,
  layers: 32,
  vocab: 200064,
  tiedHead: true,
  maxPositions: 131072,
} as const satisfies Decoder;

/** Positions of cache rows are int32. */
const MOST_ROWS = 2 ** 31 - 1;

/** A block has a cache row for each of its tokens, and each row a position. @throws UserError */
export function checkFits({ tokens, maxSeq }: { readonly tokens: number; readonly maxSeq: number }): void {
  if (maxSeq > MOST_ROWS)
    throw new UserError(
      `a cache of ${maxSeq} rows is beyond the ${MOST_ROWS} that an int32 position can tell apart`,
      "lower max_seq",
    );
  if (tokens > maxSeq)
    throw new UserError(`a block of ${tokens} tokens does not fit a cache of ${maxSeq} rows`, "raise max_seq");
}

/**
 * Whether a layer may be built for blocks of `tokens` tokens on a cache of `maxSeq` rows.
 * @throws UserError that names the size and the limit it breaks.
 */
export function checkSize(
  config: Pick<Decoder, "maxPositions">,
  size: { readonly tokens: number; readonly maxSeq: number },
): void {
  const { tokens, maxSeq } = size;
  for (const [name, n] of [["tokens", tokens] as const, ["max_seq", maxSeq] as const])
    if (!Number.isSafeInteger(n) || n < 1) throw new UserError(`${name} must be a positive whole number, not ${n}`);
  checkFits(size);
  if (maxSeq > config.maxPositions)
    throw new UserError(
      `max_seq ${maxSeq} is beyond the model's max_position_embeddings ${config.maxPositions}`,
      "lower max_seq",
    );
}

/**
 * What a cache of so many rows asks of the host's masks beyond causality, a sentence for each window that binds; none for a
 * cache that `checkSize` refuses.
 */
export function windowNotes(
  { slidingWindow, local, maxPositions }: Pick<Decoder, "slidingWindow" | "local" | "maxPositions">,
  maxSeq: number,
): readonly string[] {
  const windows = [["attn_mask", slidingWindow] as const, ["attn_mask_local", local?.slidingWindow] as const];
  return windows.flatMap(([name, window]) =>
    window !== undefined && maxSeq > window && maxSeq <= maxPositions
      ? [`a token sees the last ${window} of ${maxSeq} cache rows; what is older is for ${name} to hide`]
      : [],
  );
}

/**
 * Whether the model has that layer.
 * @throws UserError with the range.
 */
export function checkLayer(config: Pick<Decoder, "layers">, layer: number): void {
  if (!Number.isSafeInteger(layer) || layer < 0 || layer >= config.layers)
    throw new UserError(`there is no layer ${layer}; the model has layers 0 to ${config.layers - 1}`);
}
