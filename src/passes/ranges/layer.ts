/**
 * What the numbers of a decoder layer cannot be above, whatever its input is: from the weights alone. Behind an RMSNorm a row lies
 * within the ball of radius √d, stretched by the norm's gain γ, so that a product with it is bounded by the length of its matrix row.
 */
import { type GramOf, spectralBound } from "./eigen.ts";
import { feedForwardBounds } from "./feed-forward.ts";
import { type Bound, LIMITS, type Limit, MARGIN, ROUNDING } from "./limits.ts";
import {
  columnsTimes,
  largestOf,
  lengthOf,
  type Matrix,
  magnitudesDot,
  rowLengths,
  rowOf,
  rowsOf,
  scaled,
} from "./matrix.ts";
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
  /** Gains of norms that not every decoder has: of queries and keys by head, and of what the two blocks give. */
  readonly more?: {
    readonly qNorm?: Matrix["data"];
    readonly kNorm?: Matrix["data"];
    readonly attnPostNorm?: Matrix["data"];
    readonly mlpPostNorm?: Matrix["data"];
  };
}

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
  /** Factor of what is added to the hidden row. */
  readonly residualMultiplier: number;
}

/** Every quantity of a layer, in the order in which it is computed. */
export const QUANTITIES = {
  q: "accumulator",
  k: "accumulator",
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
  const bounds = { ...attention, ...feedForward.bounds };
  return {
    bounds,
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
  const bound = gain ? MARGIN * Math.sqrt(output.rows) * largestOf(Float64Array.from(gain, Math.abs)).value : own.value;
  return bound * Math.abs(sizes.residualMultiplier);
}

function attentionBounds(layer: LayerWeights, gramOf: GramOf) {
  const { sizes, attnNorm, output } = layer;
  const radius = Math.sqrt(output.rows);
  const [q, k, v] = [layer.q, layer.k, layer.v].map((matrix) => columnsTimes(matrix, attnNorm)) as [
    Matrix,
    Matrix,
    Matrix,
  ];
  const rows = (matrix: Matrix): Bound => scaled(largestOf(rowLengths(matrix)), ROUNDING * MARGIN * radius);
  const scale = Math.abs(sizes.scoreScale);
  const factor = Math.max(1, Math.abs(sizes.ropeFactor));
  const product = scaled(productOfHeads(layer, q, k, gramOf), ROUNDING * MARGIN ** 2 * factor ** 2);
  const score = product.value * scale;
  return {
    // With and without what may be multiplied in before the product.
    q: scaled(rows(q), factor * Math.max(1, scale)),
    k: scaled(rows(k), factor),
    v: rows(v),
    qk: scaled(product, Math.max(1, scale)),
    score: { ...product, value: Math.min(score, sizes.scoreCap ?? score) },
    // A mean of rows of v, with weights that add up to 1, or a little more.
    pv: scaled(rows(v), MARGIN),
    output: scaled(outputsOf(output, v, sizes, gramOf), ROUNDING * MARGIN ** 2 * radius),
  };
}

/** By query head the largest Σ |qᵢkᵢ|; turning by RoPE keeps lengths. A norm of heads leaves a ball of radius √headDim, stretched by its gain. */
function productOfHeads({ sizes, more, output }: LayerWeights, q: Matrix, k: Matrix, gramOf: GramOf): Bound {
  const { heads, kvHeads, headDim } = sizes;
  const gain = (norm: Matrix["data"]): number => largestOf(Float64Array.from(norm, Math.abs)).value;
  const head = (matrix: Matrix, n: number): number =>
    Math.sqrt(output.rows) * spectralBound(rowsOf(matrix, n * headDim, (n + 1) * headDim), gramOf);
  const lengths = (matrix: Matrix, count: number, norm: Matrix["data"] | undefined): readonly number[] =>
    Array.from({ length: count }, (_, n) => (norm ? Math.sqrt(headDim) * gain(norm) : head(matrix, n)));
  const keys = lengths(k, kvHeads, more?.kNorm);
  const queries = lengths(q, heads, more?.qNorm);
  return largestOf(queries.map((length, n) => length * keys[Math.floor((n * kvHeads) / heads)]!));
}

/** By row of the output projection: for each head the smaller of two bounds of what it adds, by length and element by element. */
function outputsOf(output: Matrix, v: Matrix, { heads, kvHeads, headDim }: LayerSizes, gramOf: GramOf): Bound {
  const lengths = rowLengths(v);
  const spectra = Array.from({ length: kvHeads }, (_, n) =>
    spectralBound(rowsOf(v, n * headDim, (n + 1) * headDim), gramOf),
  );
  const sums = Float64Array.from({ length: output.rows }, (_, row) => {
    const weights = rowOf(output, row);
    let sum = 0;
    for (let head = 0; head < heads; head++) {
      const from = Math.floor((head * kvHeads) / heads);
      const own = weights.subarray(head * headDim, (head + 1) * headDim);
      const elements = lengths.subarray(from * headDim, (from + 1) * headDim);
      sum += Math.min(lengthOf(own) * spectra[from]!, magnitudesDot(own, elements));
    }
    return sum;
  });
  return largestOf(sums);
}
