/** Wrong layers for the oracle to catch: the mutants of our own tests, and those that only another implementation can see. */

import type { Graph } from "../src/dsl/graph.ts";
import type { Size } from "../src/dsl/model.ts";
import { gather } from "../src/dsl/ops/index.ts";
import type { Tensor } from "../src/dsl/tensor.ts";
import type { Shape } from "../src/dsl/type.ts";
import type { Decoder } from "../src/models/decoder.ts";
import { decoderLayers, type LayerOptions } from "../src/models/layers.ts";
import { type Mutant, mutants } from "../test/support/phi/mutants.ts";
import { type Change, find, rewrite } from "../test/support/phi/rewrite.ts";
import { wholeHead } from "./whole-head.ts";

type Order = readonly number[];

const range = (n: number): Order => Array.from({ length: n }, (_, i) => i);
const inverse = (order: Order): Order => order.map((_, i) => order.indexOf(i));
const permuted = (x: Tensor, order: Order, axis: number): Tensor =>
  gather(x as Tensor<Shape, "fp16">, order as number[], { axis });

/** The right layer with the values of these names exchanged. */
const exchanging =
  (
    changes: (config: Decoder, find: (name: string) => Tensor) => Readonly<Record<string, (x: Tensor) => Tensor>>,
  ): Mutant =>
  (config, size) => {
    const right = decoderLayers(config, size);
    const table = changes(config, (name) => find(right, name));
    const change: Change = (value) => (value.name === undefined ? undefined : table[value.name]?.(value));
    return rewrite(right, change);
  };

/** Dims 0, 1, 2, 3, .. of a rotated head in the order 0, 2, .., 1, 3, ..: interleaved pairs become halves. */
const pairsToHalves = ({ rotaryDims, headDim }: Decoder): Order => [
  ...range(rotaryDims / 2).map((i) => 2 * i),
  ...range(rotaryDims / 2).map((i) => 2 * i + 1),
  ...range(headDim).slice(rotaryDims),
];

/** The heads of a projection [1, heads * dim, T, 1], each reordered alike. */
const perHead = (heads: number, order: Order): Order =>
  range(heads).flatMap((h) => order.map((i) => h * order.length + i));

/** Query heads in the order in which head h meets KV head h mod kvHeads and not floor(h / group). */
const headsByModulo = ({ heads, kvHeads }: Decoder): Order =>
  range(kvHeads).flatMap((g) => range(heads).filter((h) => h % kvHeads === g));

const OWN: Readonly<Record<string, Mutant>> = {
  none: (config, size) => decoderLayers(config, size),
  rope_on_whole_head: (config, size) => decoderLayers(wholeHead(config), size),
  rope_interleaved: exchanging((c) => ({
    q: (q) => permuted(q, perHead(c.heads, pairsToHalves(c)), 1),
    k: (k) => permuted(k, perHead(c.kvHeads, pairsToHalves(c)), 1),
    "q.rope": (q) => permuted(q, inverse(pairsToHalves(c)), 3),
    "k.rope": (k) => permuted(k, inverse(pairsToHalves(c)), 3),
  })),
  gate_up_swapped: exchanging((_, named) => ({ gate: () => named("up"), up: () => named("gate") })),
  head_group_by_modulo: exchanging((c) => ({
    "q.rope": (q) => permuted(q, headsByModulo(c), 1),
    "attn.heads": (heads) => permuted(heads, inverse(headsByModulo(c)), 1),
  })),
  eps_lost: (config, size) => decoderLayers({ ...config, eps: 0 }, size),
  /** The row is divided by the root of d first, and eps / d has next to no bits left in fp16. */
  eps_underflows: (config, size) => decoderLayers(config, size, { norm: "sqrt_d" }),
};

/** A wrong convention, as a record says it. */
const RECORDS: Readonly<Record<string, (right: Decoder) => Decoder>> = {
  right: (right) => right,
  gain_convention: (right) => ({ ...right, gain: right.gain === "factor" ? "one_plus" : "factor" }),
  no_post_norms: (right) => ({ ...right, postNorms: false }),
  head_norms_lost: (right) => ({ ...right, qkNorm: "none" }),
  biases_lost: (right) => ({ ...right, biases: { qkv: false, output: false, mlp: false } }),
  other_activation: (right) => ({ ...right, activation: right.activation === "silu" ? "gelu" : "silu" }),
  gelu_exact: (right) => ({ ...right, activation: "gelu" }),
  neighbours_turned: (right) => ({ ...right, ropePairs: "neighbours" }),
  halves_turned: (right) => ({ ...right, ropePairs: "halves" }),
  residual_multiplier_lost: (right) => ({ ...right, residualMultiplier: 1 }),
  turned_nowhere: (right) => ({ ...right, pattern: right.pattern.map((kind) => ({ ...kind, turned: false })) }),
  all_main: (right) => ({ ...right, pattern: right.pattern.map((kind) => ({ ...kind, span: "main" })) }),
  scale_of_head_dim: (right) => ({ ...right, queryScale: right.headDim ** -0.5 }),
  scale_lost: (right) => ({ ...right, queryScale: 1 }),
  cap_lost: ({ scoreCap: _, ...right }) => right,
};

/** Layers of a wrong record; undefined where no fault of that name is one. */
export function layersOfWrongRecord(
  fault: string,
  right: Decoder,
  size: Size,
  options: LayerOptions,
): Graph | undefined {
  const wrong = RECORDS[fault]?.(right);
  return wrong && decoderLayers(wrong, size, options);
}

/** Faults by name; `none` is the right layer. */
export const graphFaults: Readonly<Record<string, Mutant>> = { ...mutants, ...OWN };
