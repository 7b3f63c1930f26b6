/** What each op refuses, in its own words. */
import { expect, test } from "vitest";
import { isGraphError } from "../../../src/dsl/error.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";

// Shapes that TypeScript does not know, so that the mistakes get past it to the run time.
const x: Tensor<Shape, "fp16"> = input("x", [2, 3]);
const image: Tensor<Shape, "fp16"> = input("image", [1, 4, 5, 5]);
const flag: Tensor<Shape, "bool"> = input("flag", [2, 3], "bool");
const whole: Tensor<Shape, "int32"> = input("whole", [2, 3], "int32");
const p: Tensor<Shape, "int32"> = input("p", [2], "int32");
const w = (...shape: number[]) => constant(new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
const loose = <X>(value: unknown) => value as X;

const refused: readonly (readonly [text: string, build: () => unknown])[] = [
  ["add: cannot broadcast [2,3] with [2]", () => o.add(x, [1, 2])],
  ["add: dtypes differ: x is fp16, y is int32", () => o.add(x, loose<Tensor<Shape, "fp16">>(whole))],
  ['add: "y": 0.5 is no int32', () => o.add(whole, 0.5)],
  ['add: "y": -1000000000 is no fp16', () => o.add(x, -1e9)],
  ['logical_not: "x" is fp16; it must be bool', () => o.logical_not(loose<Tensor<Shape, "bool">>(x))],
  ['exp: "x" is int32; it must be fp16 or fp32', () => o.exp(whole)],
  ["clip: alpha 2 is above beta 1", () => o.clip(x, { alpha: 2, beta: 1 })],
  ['clip: attribute "alpha" is missing', () => o.clip(x, loose({ beta: 1 }))],
  ['rsqrt: has no operand or attribute "eps"', () => o.rsqrt(x, loose({ eps: 1 }))],
  [
    'gelu: "mode" must be EXACT or TANH_APPROXIMATION or SIGMOID_APPROXIMATION, not "exact"',
    () => o.gelu(x, loose({ mode: "exact" })),
  ],
  ["select: cond [2,3] does not broadcast to [3]", () => o.select(flag, w(3), w(3))],
  ["matmul: inner sizes differ: 3 and 2", () => o.matmul(x, x)],
  ["matmul: needs matrices: both operands must have rank 2 or more", () => o.matmul(x, w(3))],
  ["matmul: batch axes do not broadcast", () => o.matmul(w(2, 1, 3), w(3, 3, 1))],
  ['linear: "weight" must be known at compile time', () => o.linear(x, x)],
  ["linear: the last axis of x is 3, weight takes 4", () => o.linear(x, w(5, 4))],
  ["linear: bias is [4], not [5]", () => o.linear(x, w(5, 3), { bias: w(4) })],
  ["conv: x must have rank 3 to 5, not 2", () => o.conv(x, w(1, 1))],
  ["conv: x has 4 channels in 1 groups, weight takes 2 per group", () => o.conv(image, w(6, 2, 1, 1))],
  [
    "conv: groups 3 must divide the 4 channels of x and the 6 of weight",
    () => o.conv(image, w(6, 2, 1, 1), { groups: 3 }),
  ],
  ["conv: the kernel [6,1] is larger than the padded x", () => o.conv(image, w(6, 4, 6, 1))],
  ["conv: pad is used only with pad_type custom, not valid", () => o.conv(image, w(6, 4, 1, 1), { pad: [1, 1, 1, 1] })],
  ["conv: strides has 1 numbers; 2 are needed", () => o.conv(image, w(6, 4, 1, 1), { strides: [1] })],
  [
    "conv: dilations need a weight that is known at compile time",
    () => o.conv(image, input("k", [4, 4, 2, 2]), { dilations: [2, 2] }),
  ],
  ["reduce_sum: axes [1,1] names an axis twice", () => o.reduce_sum(x, { axes: [1, -1] })],
  ["reduce_sum: axes 2 is outside rank 2", () => o.reduce_sum(x, { axes: [2] })],
  ["reduce_sum: names no axis to reduce", () => o.reduce_sum(x, { axes: [] })],
  ["softmax: axis 2 is outside rank 2", () => o.softmax(x, { axis: 2 })],
  ["layer_norm: gamma is [2]; the normalised axes are [3]", () => o.layer_norm(x, { axes: [1], gamma: w(2) })],
  ["l2_norm: needs rank 3 or more, x has rank 2", () => o.l2_norm(x)],
  [
    "scaled_dot_product_attention: leading axes differ: query [4], key [2]",
    () => o.scaled_dot_product_attention(w(4, 1, 2), w(2, 3, 2), w(2, 3, 2)),
  ],
  [
    "scaled_dot_product_attention: attn_mask [1,2] does not broadcast to the scores [1,1,3]",
    () => o.scaled_dot_product_attention(w(1, 1, 2), w(1, 3, 2), w(1, 3, 2), { attn_mask: w(1, 2) }),
  ],
  ["concat: shapes differ outside axis 0: [2,3] and [2,2]", () => o.concat([x, w(2, 2)], { axis: 0 })],
  ['concat: "values" must be a list of tensors', () => o.concat([], { axis: 0 })],
  ["stack: shapes differ: [2,3] and [3,2]", () => o.stack([x, w(3, 2)], { axis: 0 })],
  ["split: split_sizes [1,1] add up to 2, axis 1 has size 3", () => o.split(x, { split_sizes: [1, 1], axis: 1 })],
  ["split: num_splits 2 does not divide axis 1 of size 3", () => o.split(x, { num_splits: 2, axis: 1 })],
  ["reshape: [2,3] has 6 elements, [4] has 4", () => o.reshape(x, { shape: [4] })],
  ["reshape: [2,3] has 6 elements, [4,-1] leaves no whole size", () => o.reshape(x, { shape: [4, -1] })],
  ["reshape: [-1,-1] leaves more than one size open", () => o.reshape(x, { shape: [-1, -1] })],
  ["transpose: perm [0] names 1 axes, x has 2", () => o.transpose(x, { perm: [0] })],
  ["expand_dims: axes [4] are outside rank 3", () => o.expand_dims(x, { axes: [4] })],
  [
    "expand_dims: the result fp16[1,1,1,1,2,3] has rank 6; Core ML allows 5",
    () => o.expand_dims(x, { axes: [0, 1, 2, 3] }),
  ],
  ["squeeze: axis 1 has size 3, not 1", () => o.squeeze(x, { axes: [1] })],
  ["squeeze: [2,3] has no axis of size 1", () => o.squeeze(x)],
  ["tile: reps has 1 numbers, x has rank 2", () => o.tile(x, { reps: [2] })],
  ["slice_by_index: axis 0: begin 2 is outside size 2", () => o.slice_by_index(x, [2, 0], [3, 3])],
  ["slice_by_index: axis 1: begin 2 to end 1 holds no element", () => o.slice_by_index(x, [0, 2], [2, 1])],
  ["slice_by_index: axis 0: stride is 0", () => o.slice_by_index(x, [0, 0], [2, 3], { stride: [0, 1] })],
  ["slice_by_index: begin is [1]; it must be [2]", () => o.slice_by_index(x, [0], [1, 1])],
  [
    "slice_by_index: axis 0: the size depends on run-time values; use slice_by_size, or squeeze_mask for one element",
    () => o.slice_by_index(x, p, o.add(p, 1)),
  ],
  [
    "slice_by_size: axis 1: 2 elements from 2 on do not fit into size 3",
    () => o.slice_by_size(x, [0, 2], { size: [1, 2] }),
  ],
  [
    "slice_by_size: a size of −1 needs a begin that is known at compile time",
    () => o.slice_by_size(x, p, { size: [1, -1] }),
  ],
  ["slice_update: the slice is [1,2], the update is [1,3]", () => o.slice_update(x, w(1, 3), [0, 0], [1, 2])],
  [
    "slice_update: axis 0: the update of size 3 does not fit into 2",
    () => o.slice_update(x, w(3, 1), p, o.add(p, [3, 1])),
  ],
  ["gather: position 2 is outside an axis of size 2", () => o.gather(x, [0, 2])],
  ["gather: batch_dims 1 must not exceed axis 0 nor the rank 1 of indices", () => o.gather(x, p, { batch_dims: 1 })],
  ["gather_along_axis: indices [2] and [2,3] differ outside axis 0", () => o.gather_along_axis(x, p)],
  ["scatter: updates are [1,2]; data and indices ask for [2,3]", () => o.scatter(x, p, w(1, 2))],
  ["scatter_along_axis: indices are [2,3], updates are [2,2]", () => o.scatter_along_axis(x, whole, w(2, 2))],
  [
    "constexpr_blockwise_shift_scale: axis 1: scale has 2 blocks, which does not divide the size 3 of data",
    () => o.constexpr_blockwise_shift_scale(constant([1, 2, 3], [1, 3], "int8"), w(1, 2)),
  ],
  [
    "constexpr_lut_to_dense: lut has 3 entries; uint2 indices need 4",
    () => o.constexpr_lut_to_dense(constant([1], [1], "uint2"), w(1, 3, 1)),
  ],
];

test.each(refused)("%s", (text, build) => {
  try {
    build();
  } catch (error) {
    if (!isGraphError(error)) throw error;
    expect(error.message).toBe(text);
    expect(error.site.frames()[0]?.file).toContain("ops/errors.test.ts");
    return;
  }
  expect.unreachable("was accepted");
});
