/** A decoder as data: the sizes and conventions of an architecture, of which one function builds the layers. */
import type { Exponents } from "./exponents.ts";

/** An architecture by Hugging Face's `model_type`. */
export type Architecture = "phi3" | "llama" | "mistral" | "qwen2" | "qwen3" | "smollm3" | "gemma2" | "gemma3_text";

/** Everything that a layer, its tensors and its host data depend on. Read by `readDecoder`. */
export interface Decoder extends RopeTable {
  readonly architecture: Architecture;
  /** d, the width of a hidden row. */
  readonly hiddenSize: number;
  readonly heads: number;
  /** Each KV head serves heads / kvHeads query heads in a row. */
  readonly kvHeads: number;
  readonly headDim: number;
  /** How many leading dims of a head RoPE turns (even); the others pass through. */
  readonly rotaryDims: number;
  /** Which dims RoPE turns with each other: i and i + rotaryDims / 2, or 2i and 2i + 1. */
  readonly ropePairs: "halves" | "neighbours";
  /** A factor of cos and sin that the host's tables lack, and where it is instead; absent when the tables have it all. */
  readonly ropeFold?: RopeFold;
  /** A token sees the last `slidingWindow` tokens, itself included; absent when it sees all. Local layers have their own. */
  readonly slidingWindow?: number;
  /** What local layers see; absent where no layer is local. */
  readonly local?: LocalSpan;
  /** The layers' kinds, which repeat from the front when there are more layers. */
  readonly pattern: readonly LayerKind[];
  /** Width of gate and of up. */
  readonly ffnSize: number;
  readonly activation: Activation;
  /** Of every RMSNorm. */
  readonly eps: number;
  /** What the stored γ of a norm is to the row: its factor, or its factor less 1. */
  readonly gain: "factor" | "one_plus";
  /** RMSNorm of queries and keys before RoPE: over a head's dims, over all heads at once, or none. */
  readonly qkNorm: "per_head" | "whole" | "none";
  /** Whether what attention and the feed-forward give is normed once more before it is added to the row. */
  readonly postNorms: boolean;
  readonly biases: Biases;
  /** Whether the checkpoint holds q, k, v, and gate, up, as one matrix or as one each. */
  readonly stored: { readonly qkv: "fused" | "split"; readonly gateUp: "fused" | "split" };
  /** Factor of q·k; head_dim^-½ when absent. */
  readonly queryScale?: number;
  /** Scores s become cap · tanh(s / cap) before the mask; absent when they stay as they are. */
  readonly scoreCap?: number;
  /** The same of the logits, which no layer computes. */
  readonly logitCap?: number;
  /** Factor of the embedding's rows before the first layer. */
  readonly embeddingMultiplier: number;
  /** Factor of what is added to the hidden row. */
  readonly residualMultiplier: number;
  readonly layers: number;
  readonly vocab: number;
  /** Logits come from the embedding matrix; there is no lm_head tensor. */
  readonly tiedHead: boolean;
  readonly maxPositions: number;
  /** Powers of two by which some numbers are held smaller than they are; absent where all are held as they are. */
  readonly exponents?: Exponents;
}

/** The function between gate and up; `gelu_tanh` is gelu's approximation by tanh. */
export type Activation = "silu" | "gelu" | "gelu_tanh";

/** Which projections add a bias. */
export interface Biases {
  readonly qkv: boolean;
  readonly output: boolean;
  /** Gate, up and down. */
  readonly mlp: boolean;
}

/** A factor of turned queries and keys: of their rows in the weights, or of the tables by an op of the graph. */
export interface RopeFold {
  readonly factor: number;
  readonly into: "weights" | "graph";
}

/** What tells RoPE's angles. */
export interface RopeTable {
  readonly ropeTheta: number;
  readonly rope: RopeScaling;
}

/** A local layer sees a window; where it has a table of its own, RoPE turns by that one. */
export interface LocalSpan {
  readonly slidingWindow: number;
  readonly table?: RopeTable;
}

/** Of one layer: what its tokens see, and whether RoPE turns its queries and keys. */
export interface LayerKind {
  readonly span: "main" | "local";
  readonly turned: boolean;
}

/** The kind of a layer. */
export const kindOf = ({ pattern }: Pick<Decoder, "pattern">, layer: number): LayerKind =>
  pattern[layer % pattern.length]!;

/** The span whose RoPE table a span turns by: a local one may have none of its own. */
export const tableOf = ({ local }: Pick<Decoder, "local">, span: LayerKind["span"]): LayerKind["span"] =>
  span === "local" && local?.table ? "local" : "main";

/** How many layers from `first` on show every kind that `count` of them have, and two where there are two: what one hands to the next. */
export function fewestLayers(decoder: Pick<Decoder, "pattern">, first: number, count: number): number {
  const last = Math.min(count, decoder.pattern.length);
  const kinds = Array.from({ length: last }, (_, i) => JSON.stringify(kindOf(decoder, first + i)));
  return Math.max(Math.min(count, 2), ...kinds.map((kind) => kinds.indexOf(kind) + 1));
}

/** How RoPE's frequencies are stretched beyond the original context. */
export type RopeScaling =
  | { readonly type: "default" }
  | LinearScaling
  | DividedScaling
  | Llama3Scaling
  | YarnScaling
  | LongRopeScaling;

/** Every frequency divided by the factor (position interpolation, arXiv 2306.15595). */
export interface LinearScaling {
  readonly type: "linear";
  readonly factor: number;
}

/** A divisor for each pair of dims, at every length: how a GGUF file holds Llama 3's scaling. */
export interface DividedScaling {
  readonly type: "divided";
  readonly divisors: readonly number[];
}

/** Frequencies divided by the factor where a turn is long against the original context, and part of the way between. */
export interface Llama3Scaling {
  readonly type: "llama3";
  readonly factor: number;
  /** A turn longer than original / lowFreqFactor positions is divided. */
  readonly lowFreqFactor: number;
  /** One shorter than original / highFreqFactor is not. */
  readonly highFreqFactor: number;
  readonly originalMaxPositions: number;
}

/** Frequencies divided by the factor on a ramp over the pairs of dims (YaRN, arXiv 2309.00071). */
export interface YarnScaling {
  readonly type: "yarn";
  readonly factor: number;
  /** How many turns within the original context begin and end the ramp. */
  readonly betaFast: number;
  readonly betaSlow: number;
  /** Whether the ramp begins and ends at whole pairs. */
  readonly truncate: boolean;
  readonly originalMaxPositions: number;
  /** Multiplies cos and sin at every length. */
  readonly attentionFactor: number;
}

/** LongRoPE's two lists of factors, by name. */
export type FactorList = "short" | "long";

/** A divisor for each pair of dims (LongRoPE, arXiv 2402.13753). */
export interface LongRopeScaling {
  readonly type: "longrope";
  /** The list that rows are made with, where somebody chose one; by max_seq when absent (rope-list.ts). */
  readonly list?: FactorList;
  /** One divisor of the inverse frequency per pair of rotated dims, for sequences up to the original length. */
  readonly shortFactor: readonly number[];
  /** The same for longer ones. */
  readonly longFactor: readonly number[];
  readonly originalMaxPositions: number;
  /** Multiplies cos and sin at every length. */
  readonly attentionFactor: number;
}
