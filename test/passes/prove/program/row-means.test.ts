/** Which graphs take a mean over the rows of a cache: of these a proof holds for their own number of rows alone. */
import { expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import {
  add,
  concat,
  exp,
  instance_norm,
  layer_norm,
  matmul,
  mul,
  reduce_max,
  reduce_mean,
  reduce_sum,
  reshape,
  transpose,
} from "../../../../src/dsl/ops/index.ts";
import type { KnownRole, Roles } from "../../../../src/dsl/role.ts";
import { input, state, type Tensor } from "../../../../src/dsl/tensor.ts";
import { takesRowMeans } from "../../../../src/passes/prove/program/row-means.ts";

const ROWS = 6;
const cacheOf = () => state("k", [1, 2, ROWS, 3]);
const x = input("x", [1, 2, ROWS, 3]);
const NO_ROLES: Roles = new Map();

const TURNED = { perm: [0, 1, 3, 2] } as const;

/** Whether the graph of what is made of a cache and an input of the same shape takes one. */
function takes(body: (k: Tensor, x: Tensor) => Tensor): boolean {
  const k = cacheOf();
  return takesRowMeans(
    graph({ name: "g", inputs: [x], states: [[k, k]], outputs: { y: body(k, x) } }),
    new Set([ROWS]),
    NO_ROLES,
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
  ["of scores over what they are of", (k, x) => reduce_mean(matmul(x, k, { transpose_y: true }), { axes: [2] }), false],
  ["of scores over the rows", (k, x) => reduce_mean(matmul(x, k, { transpose_y: true }), { axes: [3] }), true],
  ["… turned", (k, x) => reduce_mean(matmul(k, x, { transpose_y: true }), { axes: [2] }), true],
  ["of scores after other ops", (k, x) => reduce_mean(exp(matmul(x, k, { transpose_y: true })), { axes: [3] }), true],
  ["of what is summed over the rows", (k, x) => reduce_mean(matmul(transpose(x, TURNED), k), { axes: [2, 3] }), false],
  ["of the cache behind other rows", (k, x) => reduce_mean(concat([k, x], { axis: 2 }), { axes: [2] }), true],
  ["of rows and heads as one axis", (k) => reduce_mean(reshape(k, { shape: [12, 3] }), { axes: [0] }), true],
  ["an instance_norm, which is over the rows", (k) => instance_norm(k, { epsilon: 1e-5 }), true],
  ["an instance_norm of dims", (k) => instance_norm(transpose(k, { perm: [0, 2, 1, 3] }), { epsilon: 1e-5 }), false],
  ["of a shape without its rows", (k) => reduce_mean(reshape(k, { shape: [4, 9] }), { axes: [0] }), false],
])("%s: %o", (_, body, wanted) => {
  expect(takes(body)).toBe(wanted);
});

test("a graph without a cache takes none", () => {
  const g = graph({ name: "g", inputs: [x], outputs: { y: reduce_mean(x, { axes: [2] }) } });
  expect(takesRowMeans(g, new Set([ROWS]), NO_ROLES)).toBe(false);
});

test("the slots of masks are rows as well", () => {
  const m = input("m", [1, 1, 2, ROWS + 1]);
  const roles = (role: KnownRole): Roles => new Map([["m", role]]);
  const of = (axis: number) => graph({ name: "g", inputs: [m], outputs: { y: reduce_mean(m, { axes: [axis] }) } });
  for (const kind of ["mask", "write_mask"] as const) {
    const known = roles({ kind, tokenAxis: 2, slotAxis: 3, source: "name" });
    expect([2, 3].map((axis) => takesRowMeans(of(axis), new Set([ROWS]), known))).toEqual([false, true]);
  }
  expect(takesRowMeans(of(3), new Set([ROWS]), roles({ kind: "shared", source: "name" }))).toBe(false);
});
