/** Wrong layers for the oracle to catch: the mutants of our own tests, and those that only another implementation can see. */

import { gather } from "../src/dsl/ops/index.ts";
import type { Tensor } from "../src/dsl/tensor.ts";
import type { Shape } from "../src/dsl/type.ts";
import { type PhiSizes, phiLayers } from "../src/models/phi.ts";
import { type Mutant, mutants } from "../test/support/phi/mutants.ts";
import { type Change, find, rewrite } from "../test/support/phi/rewrite.ts";

type Order = readonly number[];

const range = (n: number): Order => Array.from({ length: n }, (_, i) => i);
const inverse = (order: Order): Order => order.map((_, i) => order.indexOf(i));
const permuted = (x: Tensor, order: Order, axis: number): Tensor =>
  gather(x as Tensor<Shape, "fp16">, order as number[], { axis });

/** The right layer with the values of these names exchanged. */
const exchanging =
  (
    changes: (config: PhiSizes, find: (name: string) => Tensor) => Readonly<Record<string, (x: Tensor) => Tensor>>,
  ): Mutant =>
  (config, size) => {
    const right = phiLayers(config, size);
    const table = changes(config, (name) => find(right, name));
    const change: Change = (value) => (value.name === undefined ? undefined : table[value.name]?.(value));
    return rewrite(right, change);
  };

/** Dims 0, 1, 2, 3, .. of a rotated head in the order 0, 2, .., 1, 3, ..: interleaved pairs become halves. */
const pairsToHalves = ({ rotaryDims, headDim }: PhiSizes): Order => [
  ...range(rotaryDims / 2).map((i) => 2 * i),
  ...range(rotaryDims / 2).map((i) => 2 * i + 1),
  ...range(headDim).slice(rotaryDims),
];

/** The heads of a projection [1, heads * dim, T, 1], each reordered alike. */
const perHead = (heads: number, order: Order): Order =>
  range(heads).flatMap((h) => order.map((i) => h * order.length + i));

/** Query heads in the order in which head h meets KV head h mod kvHeads and not floor(h / group). */
const headsByModulo = ({ heads, kvHeads }: PhiSizes): Order =>
  range(kvHeads).flatMap((g) => range(heads).filter((h) => h % kvHeads === g));

const OWN: Readonly<Record<string, Mutant>> = {
  none: (config, size) => phiLayers(config, size),
  rope_on_whole_head: (config, size) => phiLayers({ ...config, rotaryDims: config.headDim }, size),
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
  eps_lost: (config, size) => phiLayers({ ...config, eps: 0 }, size),
  /** The row is divided by the root of d first, and eps / d has next to no bits left in fp16. */
  eps_underflows: (config, size) => phiLayers(config, size, { norm: "sqrt_d" }),
};

/** Faults by name; `none` is the right layer. */
export const graphFaults: Readonly<Record<string, Mutant>> = { ...mutants, ...OWN };
