/** What the numbers of a layer reach for given rows, in the same quantities as their bounds: Σ |w·x| of every sum, whatever its signs are. */
import type { Clampable } from "../../models/exponents.ts";
import type { LayerWeights, Projection, Quantity } from "./layer.ts";
import { largestMagnitude, largestOf, type Matrix } from "./matrix.ts";

/** The values of a layer by their names in its graph, in double precision. */
export type Seen = ReadonlyMap<string, Float64Array>;

/** What was reached, and the largest element of the hidden row on the way. */
export interface Reached {
  readonly reached: Readonly<Record<Quantity, number>>;
  /** The largest of what may be clipped; scores before they are capped. */
  readonly values: Readonly<Record<Clampable, number>>;
  readonly hidden: number;
}

/** Of `tokens` tokens, of which each is met by all others as a key, later ones too. @throws Error where the graph has no value of a name */
export function calibrate(layer: LayerWeights, seen: Seen, tokens: number): Reached {
  const { sizes, biases = {}, more = {} } = layer;
  const of = (name: string): Float64Array => {
    const value = seen.get(name);
    if (!value) throw new Error(`ranges: the graph of the layer has no value "${name}"`);
    return value;
  };
  const most = (...names: readonly string[]): number =>
    largestOf(names.map((name) => largestMagnitude(of(name)).value)).value;
  const sums = (part: Projection, x: Float64Array): number => magnitudes(layer[part], x, tokens, biases[part]);
  const [attn, mlp] = [of("attn.norm"), of("mlp.norm")];
  const scale = Math.max(1, Math.abs(sizes.scoreScale));
  // A turned element that no norm bounds may be √2 times what was projected.
  const turned = (part: "q" | "k"): number => most(`${part}.rope`) * (more[`${part}Norm`] ? 1 : Math.SQRT1_2);
  const { product, score } = products(layer, of("q.rope"), of("k.rope"), tokens);
  const post = ["attn", "mlp"].filter((block) => more[`${block}PostNorm` as "attnPostNorm"]);
  return {
    reached: {
      normed: most("attn.norm", "mlp.norm", ...post.map((block) => `${block}.post_norm`)),
      q: Math.max(sums("q", attn), turned("q")) * scale,
      k: Math.max(sums("k", attn), turned("k")),
      v: sums("v", attn),
      qk: product * scale,
      score: Math.min(score, sizes.scoreCap ?? score),
      pv: most("attn.heads"),
      output: sums("output", channelsOf(of("attn.heads"), sizes.heads, sizes.headDim, tokens)),
      gate: sums("gate", mlp),
      up: sums("up", mlp),
      act: most("mlp.act"),
      down: sums("down", of("mlp.act")),
    },
    values: { q: most("q"), k: most("k"), v: most("v"), scores: score, gate: most("gate") },
    hidden: most("attn.residual", "hidden"),
  };
}

/** The largest Σ |w·x| + |b| of a matrix and rows x [channels, tokens]. */
function magnitudes(
  { rows, columns, data }: Matrix,
  x: Float64Array,
  tokens: number,
  bias?: ArrayLike<number>,
): number {
  const [sizes, sums] = [x.map(Math.abs), new Float64Array(tokens)];
  let most = 0;
  for (let row = 0; row < rows; row++) {
    sums.fill(Math.abs(bias?.[row] ?? 0));
    for (let k = 0, at = 0; k < columns; k++) {
      const w = Math.abs(data[row * columns + k]!);
      for (let t = 0; t < tokens; t++, at++) sums[t]! += w * sizes[at]!;
    }
    most = Math.max(most, largestOf(sums).value);
  }
  return most;
}

/** The largest Σ |qᵢkᵢ| and |Σ qᵢkᵢ| · scale, of q [heads, tokens, dim] and k [kvHeads, tokens, dim]. */
function products({ sizes }: LayerWeights, q: Float64Array, k: Float64Array, tokens: number) {
  const { heads, kvHeads, headDim, scoreScale } = sizes;
  let [product, score] = [0, 0];
  for (let head = 0; head < heads; head++) {
    const from = Math.floor((head * kvHeads) / heads) * tokens;
    for (let t = 0; t < tokens; t++)
      for (let s = 0; s < tokens; s++) {
        let [sum, size] = [0, 0];
        for (let i = 0, a = (head * tokens + t) * headDim, b = (from + s) * headDim; i < headDim; i++, a++, b++) {
          const one = q[a]! * k[b]!;
          sum += one;
          size += Math.abs(one);
        }
        product = Math.max(product, size);
        score = Math.max(score, Math.abs(sum * scoreScale));
      }
  }
  return { product, score };
}

/** [heads, tokens, dim] as [heads · dim, tokens]. */
function channelsOf(x: Float64Array, heads: number, dim: number, tokens: number): Float64Array {
  const channels = new Float64Array(x.length);
  for (let head = 0; head < heads; head++)
    for (let t = 0; t < tokens; t++)
      for (let i = 0; i < dim; i++) channels[(head * dim + i) * tokens + t] = x[(head * tokens + t) * dim + i]!;
  return channels;
}
