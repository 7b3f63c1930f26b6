/** Bounds of attention on the ball that a norm leaves: of projections, products of heads, and what the output projection makes of them. */
import { type GramOf, spectralBound } from "./eigen.ts";
import type { LayerWeights } from "./layer.ts";
import { type Bound, MARGIN, ROUNDING } from "./limits.ts";
import {
  columnsTimes,
  largestMagnitude,
  largestOf,
  lengthOf,
  type Matrix,
  magnitudesDot,
  rowLengths,
  rowOf,
  rowsOf,
  scaled,
} from "./matrix.ts";

/** A projection of the normed row: with the norm's gain in its columns, what it adds, and how its rows are divided into heads. */
interface Projected {
  readonly matrix: Matrix;
  readonly bias?: Matrix["data"] | undefined;
  readonly heads: number;
  readonly headDim: number;
  /** What a normed row may be as long as, `MARGIN` in it. */
  readonly radius: number;
}

/** With `MARGIN` in them. */
export function attentionBounds(layer: LayerWeights, gramOf: GramOf) {
  const { sizes, attnNorm, output, biases = {} } = layer;
  const radius = ROUNDING * MARGIN * Math.sqrt(output.rows);
  const projected = (part: "q" | "k" | "v"): Projected => ({
    matrix: columnsTimes(layer[part], attnNorm),
    bias: biases[part],
    heads: part === "q" ? sizes.heads : sizes.kvHeads,
    headDim: sizes.headDim,
    radius,
  });
  const [q, k, v] = [projected("q"), projected("k"), projected("v")];
  const scale = Math.abs(sizes.scoreScale);
  const factor = Math.max(1, Math.abs(sizes.ropeFactor));
  const lengths = [headLengths(layer, "q", q, gramOf), headLengths(layer, "k", k, gramOf)] as const;
  const product = scaled(productOfHeads(lengths[0], lengths[1]), factor ** 2);
  const score = product.value * scale;
  const rows = largestOf(elements(v));
  // With and without what may be multiplied in before the product.
  const factors = { q: factor * Math.max(1, scale), k: factor };
  const heads = { ...headBound(layer, "q", q, factors), ...headBound(layer, "k", k, factors) };
  const bounds = {
    q: largerOf(scaled(largestOf(elements(q)), factors.q), heads.q),
    k: largerOf(scaled(largestOf(elements(k)), factors.k), heads.k),
    v: rows,
    qk: scaled(product, Math.max(1, scale)),
    // The cap itself is rounded to fp16, and so is its product with tanh.
    score: { ...product, value: Math.min(score, (sizes.scoreCap ?? score) * (1 + 2 ** -11) ** 2) },
    // A mean of rows of v, with weights that add up to 1, or a little more.
    pv: scaled(rows, MARGIN),
    output: largestOf(outputsOf(layer, v, gramOf)),
  };
  return { bounds, heads, uncapped: score };
}

/** What each element of a projection is at most, the sum with its bias in any order. */
function elements({ matrix, bias, radius }: Projected): Float64Array {
  return rowLengths(matrix).map((length, row) => radius * length + Math.abs(bias?.[row] ?? 0));
}

/** What leaves the norm of queries or keys, where there is one: turned and scaled, as all of its factors make it. */
function headBound<Part extends "q" | "k">(
  layer: LayerWeights,
  part: Part,
  own: Projected,
  factors: Readonly<Record<Part, number>>,
): { readonly [P in Part]?: Bound } {
  const lengths = normedLengths(layer, part, own);
  return lengths ? ({ [part]: scaled(largestOf(lengths), factors[part]) } as { readonly [P in Part]: Bound }) : {};
}

/**
 * The larger of what is projected and of what a norm behind it leaves. Turning may make an element √2 times as large: of queries with 32768 behind a
 * projection that is within fp16, keys have a limit of their own (`turned`), and a norm's ball is of whole heads.
 */
const largerOf = (rows: Bound, normed: Bound | undefined): Bound =>
  normed && (normed.value > rows.value || Number.isNaN(normed.value)) ? normed : rows;

/** ‖·‖₂ of each head of q or k. */
function headLengths(layer: LayerWeights, part: "q" | "k", own: Projected, gramOf: GramOf): readonly number[] {
  return normedLengths(layer, part, own) ?? projectedLengths(own, gramOf);
}

/** A norm leaves a ball, of one head or of all of them together, stretched by its gain; a head may be all of it. */
function normedLengths(
  { sizes, more }: LayerWeights,
  part: "q" | "k",
  { heads, headDim }: Projected,
): readonly number[] | undefined {
  const gain = more?.[`${part}Norm`];
  if (!gain) return undefined;
  const over = sizes.qkNormOverAll ? heads * headDim : headDim;
  const radius = ROUNDING * MARGIN * Math.sqrt(over);
  return Array.from({ length: heads }, (_, head) => {
    const own = sizes.qkNormOverAll ? gain.subarray(head * headDim, (head + 1) * headDim) : gain;
    return radius * largestMagnitude(own).value;
  });
}

/** ‖·‖₂ of each head of a projection: that of its matrix on the ball, and of what is added. */
const projectedLengths = ({ matrix, bias, heads, headDim, radius }: Projected, gramOf: GramOf): readonly number[] =>
  Array.from({ length: heads }, (_, head) => {
    const [begin, end] = [head * headDim, (head + 1) * headDim];
    return (
      radius * spectralBound(rowsOf(matrix, begin, end), gramOf) + (bias ? lengthOf(bias.subarray(begin, end)) : 0)
    );
  });

/** By query head the largest Σ |qᵢkᵢ|; turning by RoPE keeps lengths. */
const productOfHeads = (queries: readonly number[], keys: readonly number[]): Bound =>
  largestOf(queries.map((length, head) => length * keys[Math.floor((head * keys.length) / queries.length)]!));

/** By row of the output projection: for each head the smaller of two bounds of what it adds, by length and element by element. */
function outputsOf({ sizes, output, biases }: LayerWeights, v: Projected, gramOf: GramOf): Float64Array {
  const { heads, kvHeads, headDim } = sizes;
  const [largest, lengths] = [elements(v), projectedLengths(v, gramOf)];
  return Float64Array.from({ length: output.rows }, (_, row) => {
    const weights = rowOf(output, row);
    let sum = 0;
    for (let head = 0; head < heads; head++) {
      const from = Math.floor((head * kvHeads) / heads);
      const own = weights.subarray(head * headDim, (head + 1) * headDim);
      const its = largest.subarray(from * headDim, (from + 1) * headDim);
      sum += Math.min(lengthOf(own) * lengths[from]!, magnitudesDot(own, its));
    }
    return ROUNDING * MARGIN * sum + Math.abs(biases?.output?.[row] ?? 0);
  });
}
