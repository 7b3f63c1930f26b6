/** Which values are normed follows from the graph: every form, every name, and nothing else. */
import { expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import {
  add,
  cast,
  concat,
  layer_norm,
  mul,
  real_div,
  reduce_mean,
  reduce_sum,
  rsqrt,
  sqrt,
  square,
  transpose,
} from "../../../src/dsl/ops/index.ts";
import { constant, input, named, type Tensor } from "../../../src/dsl/tensor.ts";
import { NORM_FORMS, rmsNorm } from "../../../src/models/blocks/norm.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { type Normed, normedValues } from "../../../src/passes/survey/normed.ts";
import { SMALL } from "../../support/phi/phi.ts";

const D = 12;
const x = input("x", [1, D, 3, 1]);
const gain = constant(new Float64Array(D).fill(1), [1, D, 1, 1]);
const found = (y: Tensor, inputs: readonly Tensor[] = [x]): readonly Normed[] =>
  normedValues(graph({ name: "g", inputs, outputs: { y } }));
const mean = (z: Tensor) => reduce_mean(z as typeof x, { axes: [1], keep_dims: true });

test.each(NORM_FORMS)("the form %s norms its operand, and nothing in between", (form) => {
  const h = named("never.named.out", add(x, 1));
  const [norm, ...more] = found(rmsNorm(h, gain, { eps: 2 ** -10, form }));
  expect(more).toEqual([]);
  expect(norm!.value).toBe(h);
  expect(norm!.axes).toEqual([1]);
  // sqrt_d rounds eps / d to fp16 inside the graph.
  expect(norm!.eps).toBeCloseTo(2 ** -10, 6);
});

test.each(NORM_FORMS)(
  "a layer in the form %s norms its input and the first residual, no name that ends in out",
  (norm) => {
    const layers = decoderLayers(SMALL, { tokens: 2, maxSeq: 8 }, { norm, count: 2 });
    expect(normedValues(layers).map(({ value }) => value.name)).toEqual([
      "x",
      "layers.0.attn.residual",
      "layers.0.out",
      "layers.1.attn.residual",
    ]);
  },
);

test.each<[text: string, y: Tensor, eps: number]>([
  ["x · x under rsqrt", mul(x, rsqrt(add(mean(mul(x, x)), 0.5))), 0.5],
  ["the sum the other way round, under √", real_div(x, sqrt(add(0.25, mean(square(x))))), 0.25],
  ["scaled by a number on the left", rsqrt(mean(square(mul(0.5, x))), { epsilon: 0.25 }), 1],
  ["divided by a number", rsqrt(mean(square(real_div(x, 2))), { epsilon: 0.25 }), 1],
  ["no eps at all", real_div(x, sqrt(mean(square(x)))), 0],
])("other spellings are understood: %s", (_, y, eps) => {
  expect(found(y)).toEqual([{ value: x, axes: [1], eps }]);
});

test("a norm over another axis has rows along that axis, and a value normed twice is told once", () => {
  const rows = input("rows", [2, 4, 6]);
  const normed = real_div(rows, sqrt(add(reduce_mean(square(rows), { axes: [2], keep_dims: true }), 1)));
  const again = mul(rows, rsqrt(reduce_mean(square(rows), { axes: [2], keep_dims: true }), { epsilon: 1 }));
  expect(found(add(normed, again), [rows])).toEqual([{ value: rows, axes: [2], eps: 1 }]);
});

test("an eps that is not understood is told as such, not guessed", () => {
  const [m, other] = [add(mean(x), 4), add(mean(x), 8)];
  const ofScaled = (eps: Tensor) => found(sqrt(add(mean(square(real_div(x, m))), eps as typeof m)));
  expect(ofScaled(real_div(real_div(0.5, m), m))).toEqual([{ value: x, axes: [1], eps: 0.5 }]);
  for (const eps of [real_div(0.5, m), real_div(real_div(0.5, m), other), real_div(real_div(0.5, other), m)])
    expect(ofScaled(eps)).toEqual([{ value: x, axes: [1] }]);
  const sum = add(mean(square(real_div(x, m))), real_div(real_div(0.5, m), m));
  expect(found(rsqrt(sum, { epsilon: 0.25 }))).toEqual([{ value: x, axes: [1] }]);
  const computed = real_div(x, sqrt(add(mean(square(x)), m)));
  expect(found(computed)).toEqual([{ value: x, axes: [1] }]);
});

test("what is divided element by element is not normed itself, but the quotient is", () => {
  const quotient = real_div(x, add(x, 9));
  expect(found(sqrt(mean(square(quotient))))).toEqual([{ value: quotient, axes: [1], eps: 0 }]);
});

test.each<[text: string, y: Tensor]>([
  ["a mean of squares whose root nobody takes", mean(square(x))],
  ["the root of a mean that is none of squares", sqrt(mean(x))],
  ["the root of a sum of squares", sqrt(reduce_sum(square(x), { axes: [1], keep_dims: true }))],
  ["a product of two values", sqrt(mean(mul(x, transpose(x, { perm: [0, 1, 2, 3] }))))],
  ["layer_norm of the value itself, which subtracts its mean", layer_norm(x, { axes: [1] })],
  ["layer_norm of [x, −x/2]", layer_norm(concat([x, mul(x, -0.5)], { axis: 1 }), { axes: [1] })],
  ["layer_norm of [x, −x, x]", layer_norm(concat([x, mul(x, -1), x], { axis: 1 }), { axes: [1] })],
  ["layer_norm of [x, −x] along another axis", layer_norm(concat([x, mul(x, -1)], { axis: 1 }), { axes: [2] })],
  ["layer_norm of [x, −y]", layer_norm(concat([x, mul(add(x, 1), -1)], { axis: 1 }), { axes: [1] })],
  ["fp32, which no form of fp16 is for", sqrt(mean(square(cast(x, { dtype: "fp32" }))))],
])("no norm: %s", (_, y) => {
  expect(found(y)).toEqual([]);
});
