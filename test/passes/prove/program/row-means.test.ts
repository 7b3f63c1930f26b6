/** Which graphs take a mean over the rows of a cache: of these a proof holds for their own number of rows alone. */
import { expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import {
  add,
  layer_norm,
  matmul,
  mul,
  reduce_max,
  reduce_mean,
  reduce_sum,
  reshape,
  transpose,
} from "../../../../src/dsl/ops/index.ts";
import { input, state, type Tensor } from "../../../../src/dsl/tensor.ts";
import { takesRowMeans } from "../../../../src/passes/prove/program/row-means.ts";

const ROWS = 6;
const cacheOf = () => state("k", [1, 2, ROWS, 3]);
const x = input("x", [1, 2, ROWS, 3]);

/** Whether the graph of what is made of a cache and an input of the same shape takes one. */
function takes(body: (k: Tensor, x: Tensor) => Tensor): boolean {
  const k = cacheOf();
  return takesRowMeans(
    graph({ name: "g", inputs: [x], states: [[k, k]], outputs: { y: body(k, x) } }),
    new Set([ROWS]),
  );
}

test.each<[string, (k: Tensor, x: Tensor) => Tensor, boolean]>([
  ["a mean over the rows", (k) => reduce_mean(k, { axes: [2] }), true],
  ["the same over an axis counted from behind", (k) => reduce_mean(k, { axes: [-2] }), true],
  ["over the rows and another axis", (k) => reduce_mean(k, { axes: [1, 2] }), true],
  ["over the dims", (k) => reduce_mean(k, { axes: [3] }), false],
  ["a layer_norm over the rows and the dims", (k) => layer_norm(k, { axes: [2, 3], epsilon: 1e-5 }), true],
  ["a layer_norm over the dims", (k) => layer_norm(k, { axes: [3], epsilon: 1e-5 }), false],
  ["a sum", (k) => reduce_sum(k, { axes: [2] }), false],
  ["a largest", (k) => reduce_max(k, { axes: [2] }), false],
  ["a mean of an input", (_, x) => reduce_mean(x, { axes: [2] }), false],
  ["of the cache and the input together", (k, x) => reduce_mean(add(x, k), { axes: [2] }), true],
  ["of the cache after other ops", (k) => reduce_mean(mul(add(k, 1), 2), { axes: [2] }), true],
  ["of the cache turned", (k) => reduce_mean(transpose(k, { perm: [0, 2, 1, 3] }), { axes: [1] }), true],
  ["of a product with the cache", (k, x) => reduce_mean(matmul(x, k, { transpose_y: true }), { axes: [2] }), false],
  ["of a shape without its rows", (k) => reduce_mean(reshape(k, { shape: [4, 9] }), { axes: [0] }), false],
])("%s: %o", (_, body, wanted) => {
  expect(takes(body)).toBe(wanted);
});

test("a graph without a cache takes none", () => {
  const g = graph({ name: "g", inputs: [x], outputs: { y: reduce_mean(x, { axes: [2] }) } });
  expect(takesRowMeans(g, new Set([ROWS]))).toBe(false);
});
