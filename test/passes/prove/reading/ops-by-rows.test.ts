/**
 * Ops on the rows of tokens: where each row is taken by itself a block equals its steps, where rows meet it does not. And
 * what an op does in an order of its own is in bits what that op does, and nothing else.
 */
import { describe, expect, test } from "vitest";
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import * as o from "../../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../../src/dsl/type.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { summary } from "../../../support/prove/prove.ts";

const D = 8;
type Row = Tensor<Shape, "fp16">;
type Make = (x: Row, tokens: number) => Tensor;

/** The hidden rows of a block, [1, 8, T, 1], through an op: the result's rows run along `axis`. */
function layer(make: Make, tokens: number): Graph {
  const x = input("x", [1, D, tokens, 1]) as unknown as Row;
  const y = make(x, tokens);
  const float = y.type.dtype === "fp16" ? y : o.cast(y, { dtype: "fp16" });
  return graph({ name: "g", inputs: [x], outputs: { hidden: o.reshape(float, { shape: [1, -1, tokens, 1] }) } });
}

const verdictOf = (block: Make, step: Make = block) =>
  summary(prove(layer(block, 2), layer(step, 1), { corollaries: false, secondOpinion: false }));

/** Channels as a picture of 8 by 1 for each token, and back: pictures lie in the rows then. */
const rowsAsBatch = (x: Row, T: number): Row =>
  o.reshape(o.transpose(x, { perm: [2, 1, 0, 3] }), { shape: [T, 2, 2, 2] });
const batchAsRows = (y: Tensor, T: number): Tensor =>
  o.transpose(o.reshape(y, { shape: [T, -1, 1, 1] }), { perm: [2, 1, 0, 3] });
const ofEach =
  (f: (picture: Row) => Tensor): Make =>
  (x, T) =>
    batchAsRows(f(rowsAsBatch(x, T)), T);

const of = <T extends DType>(data: readonly number[], shape: Shape, dtype: T) => constant(data, shape, dtype);
const pool = { kernel_sizes: [2, 2], pad_type: "same" } as const;
const alpha = constant(
  [1, 2, 3, 4, 5, 6, 7, 8].map((a) => a / 8),
  [D],
);
const flat = (x: Row, T: number): Row => o.reshape(o.transpose(x, { perm: [2, 1, 0, 3] }), { shape: [T, D] });

/** Ops that look at the channels of one token. */
const BY_ROWS: Readonly<Record<string, Make>> = {
  "topk, elements": (x) => o.topk(x, { k: 3, axis: 1 })[0],
  "topk, places": (x) => o.topk(x, { k: 3, axis: 1, ascending: true })[1],
  "topk without order": (x) => o.topk(x, { k: 2, axis: 1, sort: false, return_indices: false })[0],
  argsort: (x) => o.argsort(x, { axis: 1 }),
  cumsum: (x) => o.cumsum(x, { axis: 1 }),
  reduce_prod: (x) => o.reduce_prod(x, { axes: [1], keep_dims: true }),
  prelu: (x) => o.prelu(x, alpha),
  softplus_parametric: (x) => o.softplus_parametric(x, alpha, alpha),
  clamped_relu: (x) => o.clamped_relu(x, { alpha: 0.5, beta: 1 }),
  threshold: (x) => o.threshold(x, { alpha: 0.5 }),
  "one_hot of the largest": (x) =>
    o.one_hot(o.reduce_argmax(x, { axis: 1 }) as Tensor<Shape, "int32">, { one_hot_vector_size: D, axis: 1 }),
  "functions of one element": (x) =>
    [o.exp2, o.tan, o.asin, o.acos, o.atan, o.sinh, o.cosh, o.atanh].reduce<Row>(
      (y, f) => o.add(y, (f as typeof o.tan)(x)),
      x,
    ),
  local_response_norm: (x) => o.local_response_norm(x, { size: 3 }),
  fill_like: (x) => o.add(x, o.fill_like(x, { value: of([2], [], "fp16") }) as Row),
  "range_1d of floats": (x) =>
    o.mul(
      x,
      o.reshape(o.range_1d(of([2], [], "fp16"), of([0], [], "fp16"), of([0.25], [], "fp16")), { shape: [1, D, 1, 1] }),
    ),
  "flatten2d, token by token": (x, T) => batchAsRows(o.flatten2d(flat(x, T)), T),
  "reverse_sequence of channels": (x, T) =>
    batchAsRows(o.reverse_sequence(flat(x, T), new Array(T).fill(5), { seq_axis: 1 }), T),
  "scatter_nd of channels": (x) =>
    o.scatter_nd(
      o.reshape(o.transpose(x, { perm: [1, 0, 2, 3] }), { shape: [D, -1] }),
      of([2, 5], [2, 1], "int32"),
      o.slice_by_size(o.reshape(x, { shape: [D, -1] }), [0, 0], { size: [2, -1] }),
      { mode: "update" },
    ),
  max_pool: ofEach((p) => o.max_pool(p, pool)),
  avg_pool: ofEach((p) => o.avg_pool(p, { ...pool, exclude_padding_from_average: true })),
  l2_pool: ofEach((p) => o.l2_pool(p, pool)),
  conv_transpose: ofEach((p) =>
    o.conv_transpose(p, constant([1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 2, 2]), { strides: [2, 2] }),
  ),
  depth_to_space: (x, T) =>
    batchAsRows(
      o.depth_to_space(o.reshape(o.transpose(x, { perm: [2, 1, 0, 3] }), { shape: [T, 4, 2, 1] }), { block_size: 2 }),
      T,
    ),
  space_to_depth: ofEach((p) => o.space_to_depth(p, { block_size: 2 })),
  pixel_shuffle: (x, T) =>
    batchAsRows(
      o.pixel_shuffle(o.reshape(o.transpose(x, { perm: [2, 1, 0, 3] }), { shape: [T, 4, 2, 1] }), {
        upscale_factor: 2,
      }),
      T,
    ),
  pixel_unshuffle: ofEach((p) => o.pixel_unshuffle(p, { downscale_factor: 2 })),
  upsample_nearest_neighbor: ofEach((p) => o.upsample_nearest_neighbor(p, { scale_factor_width: 1.5 })),
  upsample_bilinear: ofEach((p) => o.upsample_bilinear(p, { scale_factor_height: 2 })),
  resize_nearest_neighbor: ofEach((p) => o.resize_nearest_neighbor(p, { target_size_height: 3, target_size_width: 1 })),
  resize_bilinear: ofEach((p) => o.resize_bilinear(p, { target_size_height: 3, target_size_width: 2 })),
  crop: ofEach((p) => o.crop(p, { crop_height: [1, 0], crop_width: [0, 0] })),
};

/** The same along the axis of tokens, each with the step that an author would take for it. */
const ACROSS_ROWS: Readonly<Record<string, Make>> = {
  "topk of tokens, elements": (x, T) => o.topk(x, { k: T, axis: 2 })[0],
  "topk of tokens, places": (x, T) => o.topk(x, { k: T, axis: 2 })[1],
  "argsort of tokens": (x) => o.argsort(x, { axis: 2 }),
  "cumsum of tokens": (x) => o.cumsum(x, { axis: 2 }),
  "reduce_prod of tokens": (x) => o.mul(x, o.reduce_prod(x, { axes: [2], keep_dims: true })),
  "reverse_sequence of tokens": (x, T) => o.reverse_sequence(x, [T], { seq_axis: 2, batch_axis: 0 }),
  "max_pool of tokens": (x) => o.max_pool(x, pool),
  "avg_pool of tokens": (x) => o.avg_pool(x, pool),
  "l2_pool of tokens": (x) => o.l2_pool(x, pool),
  "local_response_norm of tokens": (x) =>
    o.transpose(o.local_response_norm(o.transpose(x, { perm: [0, 2, 1, 3] }), { size: 3 }), { perm: [0, 2, 1, 3] }),
  "conv_transpose of tokens": (x) =>
    o.conv_transpose(x, constant(new Array(D * D * 3).fill(1), [D, D, 3, 1]), {
      pad_type: "custom",
      pad: [1, 1, 0, 0],
    }),
  "depth_to_space of tokens": (x) =>
    o.slice_by_size(o.depth_to_space(x, { block_size: 2 }), [0, 0, 0, 0], { size: [1, 2, x.type.shape[2]!, 2] }),
  "flatten2d across tokens": (x) => o.flatten2d(o.transpose(x, { perm: [0, 2, 1, 3] }), { axis: 1 }),
  "resize_bilinear of tokens": (x, T) =>
    o.resize_bilinear(x, { target_size_height: T, target_size_width: 1, sampling_mode: "OFFSET_CORNERS" }),
};

test.each(Object.entries(BY_ROWS))("%s: row by row, a block equals its steps in bits", (_, make) => {
  expect(verdictOf(make)).toBe("PROVEN (exact)");
});

test.each(Object.entries(ACROSS_ROWS))("%s: rows meet, and no equality is claimed", (_, make) => {
  expect(["REFUTED", "NOT PROVEN"]).toContain(verdictOf(make));
});

describe("an order of its own", () => {
  /** Spellings that give the same over the reals; whether the op is one of a fixed order is not known. */
  const SPELLED: Readonly<Record<string, readonly [Make, Make]>> = {
    "the last place of cumsum": [
      (x) => o.slice_by_size(o.cumsum(x, { axis: 1 }), [0, D - 1, 0, 0], { size: [1, 1, -1, 1] }),
      (x) => o.reduce_sum(x, { axes: [1], keep_dims: true }),
    ],
    "the first place of a falling cumsum": [
      (x) => o.slice_by_size(o.cumsum(x, { axis: 1, reverse: true }), [0, 0, 0, 0], { size: [1, 1, -1, 1] }),
      (x) => o.slice_by_size(o.cumsum(x, { axis: 1 }), [0, D - 1, 0, 0], { size: [1, 1, -1, 1] }),
    ],
    "an exclusive cumsum, one place on": [
      (x) => o.slice_by_size(o.cumsum(x, { axis: 1, exclusive: true }), [0, 3, 0, 0], { size: [1, 1, -1, 1] }),
      (x) => o.slice_by_size(o.cumsum(x, { axis: 1 }), [0, 2, 0, 0], { size: [1, 1, -1, 1] }),
    ],
    "a product of three": [
      (x) => o.reduce_prod(o.slice_by_size(x, [0, 0, 0, 0], { size: [1, 3, -1, 1] }), { axes: [1], keep_dims: true }),
      (x) => {
        const [a, b, c] = o.split(
          o.slice_by_size(o.cast(x, { dtype: "fp32" }), [0, 0, 0, 0], { size: [1, 3, -1, 1] }),
          { num_splits: 3, axis: 1 },
        );
        return o.cast(o.mul(o.mul(a!, b!), c!), { dtype: "fp16" });
      },
    ],
    "a pool of the whole picture": [
      ofEach((p) => o.avg_pool(p, { kernel_sizes: [2, 2], pad_type: "valid" })),
      ofEach((p) => o.reduce_mean(p, { axes: [2, 3], keep_dims: true })),
    ],
  };

  test.each(Object.entries(SPELLED))("%s: over the reals alone", (_, [one, other]) => {
    expect(verdictOf(one, other)).toBe("PROVEN (reals)");
  });

  test("whole numbers are the same in any order", () => {
    const whole = (x: Row) => o.cast(x, { dtype: "int32" });
    const first: Make = (x) =>
      o.slice_by_size(o.cumsum(whole(x), { axis: 1 }), [0, D - 1, 0, 0], { size: [1, 1, -1, 1] });
    expect(verdictOf(first, (x) => o.reduce_sum(whole(x), { axes: [1], keep_dims: true }))).toBe("PROVEN (exact)");
  });
});

describe("rows in order", () => {
  test("the largest k are the first of the largest more, whichever are asked for", () => {
    const some: Make = (x) => o.topk(x, { k: 2, axis: 1 })[0];
    const more: Make = (x) => o.slice_by_size(o.topk(x, { k: 5, axis: 1 })[0], [0, 0, 0, 0], { size: [1, 2, -1, 1] });
    expect(verdictOf(some, more)).toBe("PROVEN (exact)");
  });

  /** Equal but for what MIL leaves open, or not equal: nothing is claimed of any. */
  const OTHERS: Readonly<Record<string, readonly [Make, Make]>> = {
    "places among equals": [(x) => o.topk(x, { k: D, axis: 1 })[1], (x) => o.argsort(x, { axis: 1 })],
    "elements in no order": [
      (x) => o.topk(x, { k: 2, axis: 1, sort: false })[0],
      (x) => o.topk(x, { k: 2, axis: 1 })[0],
    ],
    "the other direction": [
      (x) => o.topk(x, { k: 2, axis: 1 })[0],
      (x) => o.topk(x, { k: 2, axis: 1, ascending: true })[0],
    ],
    "another place": [
      (x) => o.topk(x, { axis: 1 })[0],
      (x) => o.slice_by_size(o.topk(x, { k: 2, axis: 1 })[0], [0, 1, 0, 0], { size: [1, 1, -1, 1] }),
    ],
    "a row with one element moved": [
      (x) =>
        o.topk(o.concat([x, o.fill_like(x, { value: of([0], [], "fp16") }) as Row], { axis: 1 }), { k: 3, axis: 1 })[1],
      (x) =>
        o.topk(o.concat([o.fill_like(x, { value: of([0], [], "fp16") }) as Row, x], { axis: 1 }), { k: 3, axis: 1 })[1],
    ],
  };

  test.each(Object.entries(OTHERS))("%s", (_, [one, other]) => {
    expect(["REFUTED", "NOT PROVEN"]).toContain(verdictOf(one, other));
  });
});

describe("codes of activations", () => {
  type Codes = Tensor<Shape, "int8">;
  const scales = alpha as unknown as Row;
  const zeros = (n: number) => constant(new Float64Array(D).fill(n), [D], "int8");
  const weight = o.constexpr_blockwise_shift_scale(
    constant(
      Float64Array.from({ length: D * D }, (_, n) => (n % 11) - 5),
      [D, D, 1, 1],
      "int8",
    ),
    constant(new Float64Array(D).fill(0.5), [D, 1, 1, 1], "fp16"),
  );
  const coded = (x: Row, n: number): Codes =>
    o.quantize(x, scales, { axis: 1, zero_point: zeros(n), output_dtype: "int8" });
  const layerOf =
    (zero: number, given: Row = scales): Make =>
    (x) =>
      o.conv(o.dequantize(coded(x, zero), given, { axis: -3, zero_point: zeros(zero) }) as never, weight as never);

  test("a block of a W8A8 layer is its steps, bit for bit", () => {
    expect(verdictOf(layerOf(3))).toBe("PROVEN (exact)");
    expect(verdictOf((x) => o.dequantize(o.quantize(x, 0.5, { output_dtype: "uint8" }), 0.5))).toBe("PROVEN (exact)");
  });

  test.each<readonly [string, Make, Make]>([
    ["another zero point", layerOf(3), layerOf(4)],
    ["another scale on the way back", layerOf(3), layerOf(3, constant(new Float64Array(D).fill(0.25), [D]) as Row)],
    ["none of it", (x) => o.dequantize(o.quantize(x, 0.5, { output_dtype: "int8" }), 0.5), (x) => x],
    [
      "a scale along tokens",
      (x) => o.dequantize(o.quantize(x, [0.5, 0.25], { axis: 2, output_dtype: "int8" }), 0.5),
      (x) => o.dequantize(o.quantize(x, 0.5, { output_dtype: "int8" }), 0.5),
    ],
  ])("%s is not proven", (_, block, step) => {
    expect(verdictOf(block, step)).toMatch(/^(REFUTED|NOT PROVEN)/);
  });
});
