/**
 * What the numbers of a decoder layer cannot be above, whatever its input is: from the weights alone. Behind an RMSNorm a row lies
 * within the ball of radius √d, stretched by the norm's gain γ, so that a product with it is bounded by the length of its matrix row.
 */
import { attentionBounds } from "./attention.ts";
import type { GramOf } from "./eigen.ts";
import { feedForwardBounds } from "./feed-forward.ts";
import { type Bound, LIMITS, type Limit, MARGIN, ROUNDING } from "./limits.ts";
import { largestBound, largestMagnitude, type Matrix, scaled } from "./matrix.ts";
import type { Unit } from "./reach.ts";

/** The matrices of a layer as it multiplies by them: q, k, v by head, and the gains as factors. */
export interface LayerWeights {
  readonly sizes: LayerSizes;
  readonly attnNorm: Matrix["data"];
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly output: Matrix;
  readonly mlpNorm: Matrix["data"];
  readonly gate: Matrix;
  readonly up: Matrix;
  readonly down: Matrix;
  /** What the projections add to their sums, where they do. */
  readonly biases?: Readonly<Partial<Record<Projection, Matrix["data"]>>>;
  /** Gains of norms that not every decoder has: of queries and keys, by head or of all heads at once, and of what the two blocks give. */
  readonly more?: {
    readonly qNorm?: Matrix["data"];
    readonly kNorm?: Matrix["data"];
    readonly attnPostNorm?: Matrix["data"];
    readonly mlpPostNorm?: Matrix["data"];
  };
}

/** A matrix of a layer. */
export type Projection = "q" | "k" | "v" | "output" | "gate" | "up" | "down";

/** What of a decoder its bounds depend on. */
export interface LayerSizes {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Factor of q · k: of q before the product, or of the score. */
  readonly scoreScale: number;
  /** RoPE's own factor of q and of k, wherever it is multiplied in; 1 where it has none. */
  readonly ropeFactor: number;
  /** Scores are capped there; absent when they are not. */
  readonly scoreCap?: number;
  /** Whether the norm of queries and keys, where there is one, is of all heads at once. */
  readonly qkNormOverAll?: boolean;
  /** Between gate and up; silu when absent. No bound depends on it, only what is found to be reached. */
  readonly activation?: "silu" | "gelu" | "gelu_tanh";
  /** Factor of what is added to the hidden row. */
  readonly residualMultiplier: number;
}

/** Every quantity of a layer, in the order in which it is computed. */
export const QUANTITIES = {
  normed: "fp16",
  q: "accumulator",
  k: "turned",
  v: "accumulator",
  qk: "accumulator",
  score: "score",
  pv: "accumulator",
  output: "accumulator",
  gate: "accumulator",
  up: "accumulator",
  act: "fp16",
  down: "accumulator",
} as const satisfies Readonly<Record<string, Limit>>;
/** One of them. */
export type Quantity = keyof typeof QUANTITIES;

/** The bounds of a layer. */
export interface LayerBounds {
  readonly bounds: Readonly<Record<Quantity, Bound>>;
  /** Of `normed` what leaves the norms before the two blocks, and what leaves those behind them, where there are any. */
  readonly norms: { readonly attn: Bound; readonly mlp: Bound; readonly behind?: Bound };
  /** Of `q` and `k` what leaves their norms and RoPE behind it, where there are any. */
  readonly heads: { readonly q?: Bound; readonly k?: Bound };
  /** Scores before they are capped. */
  readonly uncapped: number;
  readonly sizes: LayerSizes;
  /** What the layer adds to an element of the hidden row at most. */
  readonly added: number;
  /** Units of the feed-forward that make up most of the largest sum of the down projection, where that breaks its limit. */
  readonly units: readonly Unit[];
  /** What an input within the ball reaches in the down projection, where that breaks its limit. */
  readonly reached?: number;
}

/** All bounds of a layer, with `MARGIN` in them. */
export function layerBounds(layer: LayerWeights, gramOf: GramOf): LayerBounds {
  const attention = attentionBounds(layer, gramOf);
  const feedForward = feedForwardBounds(layer, gramOf);
  const norms = normBounds(layer);
  const bounds = { normed: largestBound(Object.values(norms)), ...attention.bounds, ...feedForward.bounds };
  return {
    bounds,
    norms,
    heads: attention.heads,
    uncapped: attention.uncapped,
    sizes: layer.sizes,
    added: addedBy(layer, bounds.output, "attnPostNorm") + addedBy(layer, bounds.down, "mlpPostNorm"),
    units: feedForward.units,
    ...(feedForward.reached === undefined ? {} : { reached: feedForward.reached }),
  };
}

/** The first quantity that breaks its limit, in the order of the layer. */
export const broken = ({ bounds }: LayerBounds): Quantity | undefined =>
  (Object.keys(QUANTITIES) as Quantity[]).find((name) => !(bounds[name].value < LIMITS[QUANTITIES[name]]));

/** What a block adds to an element: its own bound, or that of the norm behind it. */
function addedBy({ sizes, more, output }: LayerWeights, own: Bound, norm: "attnPostNorm" | "mlpPostNorm"): number {
  const gain = more?.[norm];
  const bound = gain ? ROUNDING * MARGIN * Math.sqrt(output.rows) * largestMagnitude(gain).value : own.value;
  return bound * Math.abs(sizes.residualMultiplier);
}

/** What leaves the norms of hidden rows: an element may be all of its row. */
function normBounds({ attnNorm, mlpNorm, output, more = {} }: LayerWeights): LayerBounds["norms"] {
  const of = (gains: readonly Matrix["data"][]): Bound =>
    scaled(largestBound(gains.map(largestMagnitude)), ROUNDING * MARGIN * Math.sqrt(output.rows));
  const behind = [more.attnPostNorm, more.mlpPostNorm].filter((gain) => gain !== undefined);
  return { attn: of([attnNorm]), mlp: of([mlpNorm]), ...(behind.length > 0 ? { behind: of(behind) } : {}) };
}
