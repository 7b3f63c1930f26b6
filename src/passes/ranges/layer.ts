/**
 * What the numbers of a decoder layer cannot be above, whatever its input is: from the weights alone. Behind an RMSNorm a row lies
 * within the ball of radius √d, stretched by the norm's gain γ, so that a product with it is bounded by the length of its matrix row.
 */
import { spectralBound } from "./eigen.ts";
import { feedForwardBounds, type GramOf, type Unit } from "./feed-forward.ts";
import { type Bound, LIMITS, type Limit, MARGIN } from "./limits.ts";
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
}

/** What of a decoder its bounds depend on. */
export interface LayerSizes {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Factor of q · k, and the square of RoPE's own factor. */
  readonly scoreScale: number;
}

/** Every quantity of a layer, in the order in which it is computed. */
export const QUANTITIES = {
  q: "accumulator",
  k: "accumulator",
  v: "accumulator",
  q·k: "accumulator",
  score: "score",
  attention·v: "accumulator",
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
  const attention = attentionBounds(layer);
  const feedForward = feedForwardBounds(layer, gramOf);
  const bounds = { ...attention, ...feedForward.bounds };
  return {
    bounds,
    added: bounds.output.value + bounds.down.value,
    units: feedForward.units,
    ...(feedForward.reached === undefined ? {} : { reached: feedForward.reached }),
  };
}

/** The first quantity that breaks its limit, in the order of the layer. */
export const broken = ({ bounds }: LayerBounds): Quantity | undefined =>
  (Object.keys(QUANTITIES) as Quantity[]).find((name) => !(bounds[name].value < LIMITS[QUANTITIES[name]]));

function attentionBounds(layer: LayerWeights) {
  const { sizes, attnNorm, output } = layer;
  const radius = Math.sqrt(output.rows);
  const [q, k, v] = [layer.q, layer.k, layer.v].map((matrix) => columnsTimes(matrix, attnNorm)) as [
    Matrix,
    Matrix,
    Matrix,
  ];
  const rows = (matrix: Matrix): Bound => scaled(largestOf(rowLengths(matrix)), MARGIN * radius);
  const product = scoresOf(q, k, sizes);
  return {
    q: rows(q),
    k: rows(k),
    v: rows(v),
    q·k: scaled(product, MARGIN * radius ** 2),
    score: scaled(product, MARGIN * radius ** 2 * sizes.scoreScale),
    // A mean of rows of v, with weights that add up to 1.
    attention·v: scaled(rows(v), MARGIN),
    output: scaled(outputsOf(output, v, sizes), MARGIN * radius),
  };
}

/** By query head: the largest of q · k on the unit ball; turning by RoPE keeps lengths. */
function scoresOf(q: Matrix, k: Matrix, { heads, kvHeads, headDim }: LayerSizes): Bound {
  const head = (matrix: Matrix, n: number): number => spectralBound(rowsOf(matrix, n * headDim, (n + 1) * headDim));
  const keys = Array.from({ length: kvHeads }, (_, n) => head(k, n));
  return largestOf(Array.from({ length: heads }, (_, n) => head(q, n) * keys[Math.floor((n * kvHeads) / heads)]!));
}

/** By row of the output projection: for each head the smaller of two bounds of what it adds, by length and element by element. */
function outputsOf(output: Matrix, v: Matrix, { heads, kvHeads, headDim }: LayerSizes): Bound {
  const lengths = rowLengths(v);
  const spectra = Array.from({ length: kvHeads }, (_, n) => spectralBound(rowsOf(v, n * headDim, (n + 1) * headDim)));
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
