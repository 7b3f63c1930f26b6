/** Values worked out by hand, the edges of fp16 included, for every op of the table. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { roundFp16 } from "../../../src/dsl/number.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../src/dsl/type.ts";
import { arrayOf } from "../../../src/passes/interpret/array.ts";
import { evaluate, type RunOp } from "../../../src/passes/interpret/evaluate.ts";
import { numericReading } from "../../../src/passes/interpret/reading.ts";
import { compiledOps } from "../../../src/passes/kernels/code/run-op.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const MAX = 65504;
/** The smallest positive fp16, a subnormal. */
const TINY = 2 ** -24;

const of = <D extends DType = "fp16">(data: readonly number[], shape: Shape = [data.length], dtype: D = "fp16" as D) =>
  constant(data, shape, dtype);
const ints = (...data: readonly number[]) => of(data, [data.length], "int32");
const bools = (...data: readonly number[]) => of(data, [data.length], "bool");

/** Elements of a value that needs no inputs, by the meaning or by what runs the ops. */
const valuesOf = (y: Tensor, runOp?: RunOp): readonly number[] => [
  ...evaluate(graph({ name: "g", inputs: [], outputs: { y } }), { values: {} }, runOp && { runOp }).outputs.y!.data,
];

/** Elements of a value that depends on one int32 input `p`. */
const valuesAt = (p: Tensor, at: readonly number[], y: Tensor): readonly number[] => {
  const g = graph({ name: "g", inputs: [p], outputs: { y } });
  return [...evaluate(g, { values: { p: arrayOf("int32", p.type.shape, at) } }).outputs.y!.data];
};

const seen = new Set<string>();
/** One row of the table: what a value is, and what it should be. −0 and 0 differ here. */
type Case = readonly [y: Tensor, expected: readonly number[]];
function check(title: string, cases: readonly Case[]): void {
  test(title, () => {
    for (const [y, expected] of cases) {
      expect(valuesOf(y)).toEqual(expected);
      expect(valuesOf(y, compiledOps("fp16"))).toEqual(expected);
    }
  });
  for (const [{ def }] of cases) if (def.kind === "op") seen.add(def.op);
}

describe("arithmetic", () => {
  check("add", [
    [o.add(of([MAX, MAX, inf, -0, TINY]), of([15, 16, -inf, -0, TINY])), [MAX, inf, nan, -0, 2 * TINY]],
    [o.add(of([1, 2], [2, 1]), of([10, 20])), [11, 21, 12, 22]],
    [o.add(ints(2147483647), 1), [-2147483648]],
  ]);
  check("sub", [[o.sub(1, of([0.25, nan, -inf])), [0.75, nan, inf]]]);
  check("mul", [
    [o.mul(of([300, TINY, 3 * TINY, -1]), of([300, 0.5, 0.5, 0])), [inf, 0, 2 * TINY, -0]],
    [o.mul(ints(1_000_000_007), 1_000_000_007), [Math.imul(1_000_000_007, 1_000_000_007)]],
  ]);
  check("real_div", [
    [o.real_div(of([1, -1, 0, 1]), of([0, 0, 0, 3])), [inf, -inf, nan, roundFp16(1 / 3)]],
    [o.real_div(ints(7, -7), 2), [3, -3]],
  ]);
  check("pow", [
    [o.pow(of([2, -2, 0, 9, -1]), of([10, 3, 0, 0.5, 0.5])), [1024, -8, 1, 3, nan]],
    [
      o.pow(of([1, 1, 1, -1, -1, nan, nan, 2]), of([nan, inf, -inf, inf, -inf, 0, 1, nan])),
      [1, 1, 1, 1, 1, 1, nan, nan],
    ],
    [o.pow(of([0, -0, 0, -8, 0.5]), of([-1, -1, -2, 1 / 3, -inf])), [inf, -inf, inf, nan, inf]],
    [
      o.pow(ints(2, 3, 10, 3, -2, 0), ints(31, 30, 20, 40, 3, 0)),
      [-2147483648, -1010140999, 1661992960, 689956897, -8, 1],
    ],
    [o.pow(ints(7, -1, 1, 0), ints(-1, -3, -9, -1)), [0, -1, 1, 0]],
  ]);
  check("maximum and minimum", [
    [o.maximum(of([1, nan, -inf]), 0), [1, nan, 0]],
    [o.minimum(of([1, nan, inf]), 0), [0, nan, 0]],
  ]);
});

describe("functions of one element", () => {
  check("square and roots", [
    [o.square(of([-3, 256, inf])), [9, inf, inf]],
    [o.sqrt(of([4, -1, inf, TINY])), [2, nan, inf, 2 ** -12]],
    [o.rsqrt(of([4, 0])), [0.5, inf]],
    [o.rsqrt(of([0]), { epsilon: 1e-5 }), [316]],
  ]);
  check("exp and log", [
    [o.exp(of([0, 12, -17, -18, -inf, nan])), [1, inf, TINY, 0, 0, nan]],
    [o.log(of([1, 0, -1, inf])), [0, -inf, nan, inf]],
    [o.log(of([0]), { epsilon: 1 }), [0]],
  ]);
  check("tanh, sigmoid, silu", [
    [o.tanh(of([0, inf, -inf])), [0, 1, -1]],
    [o.sigmoid(of([0, inf, -inf, -20, nan])), [0.5, 1, 0, 0, nan]],
    [o.silu(of([0, 1, -100, inf, -inf])), [0, roundFp16(0.7310585786), -0, inf, nan]],
  ]);
  check("gelu", [
    [o.gelu(of([1, -1, 0])), [roundFp16(0.8413447461), roundFp16(-0.1586552539), 0]],
    [o.gelu(of([1]), { mode: "TANH_APPROXIMATION" }), [roundFp16(0.8411919906)]],
    [o.gelu(of([-3]), { mode: "SIGMOID_APPROXIMATION" }), [roundFp16(-3 / (1 + Math.exp(3 * 1.702)))]],
  ]);
  check("erf, sin, cos", [
    [o.erf(of([0, 1, -1, inf])), [0, roundFp16(0.8427007929), roundFp16(-0.8427007929), 1]],
    [o.sin(of([0, 1, inf])), [0, roundFp16(0.8414709848), nan]],
    [o.cos(of([0, 1])), [1, roundFp16(0.5403023059)]],
  ]);
  check("abs, clip, identity", [
    [o.abs(of([-0, -inf, nan])), [0, inf, nan]],
    [o.clip(of([-5, 0.5, 5, nan]), { alpha: -1, beta: 1 }), [-1, 0.5, 1, nan]],
    [o.identity(of([-0, nan])), [-0, nan]],
  ]);
  check("cast", [
    [o.cast(of([70000], [1], "fp32"), { dtype: "fp16" }), [inf]],
    [o.cast(of([1.9, -1.9, 300]), { dtype: "int32" }), [1, -1, 300]],
    [o.cast(ints(300, -1), { dtype: "uint8" }), [44, 255]],
    [o.cast(of([0, -0, 0.5, nan]), { dtype: "bool" }), [0, 0, 1, 1]],
    [o.cast(bools(1, 0), { dtype: "fp16" }), [1, 0]],
  ]);
});

describe("truth values", () => {
  const [x, y] = [of([1, 2, nan, -0]), of([2, 2, nan, 0])];
  check("comparisons", [
    [o.less(x, y), [1, 0, 0, 0]],
    [o.less_equal(x, y), [1, 1, 0, 1]],
    [o.greater(x, y), [0, 0, 0, 0]],
    [o.greater_equal(x, y), [0, 1, 0, 1]],
    [o.equal(x, y), [0, 1, 0, 1]],
    [o.not_equal(x, y), [1, 0, 1, 0]],
  ]);
  check("connectives", [
    [o.logical_and(bools(1, 1, 0, 0), bools(1, 0, 1, 0)), [1, 0, 0, 0]],
    [o.logical_or(bools(1, 1, 0, 0), bools(1, 0, 1, 0)), [1, 1, 1, 0]],
    [o.logical_not(bools(1, 0)), [0, 1]],
  ]);
  check("select takes the chosen one alone", [
    [o.select(bools(1, 0), of([1, nan]), of([nan, 2])), [1, 2]],
    [o.select(bools(1, 0), 0, of([5, 6])), [0, 6]],
  ]);
});

describe("reductions", () => {
  const x = of([1, 2, 3, 4, 5, 6], [2, 3]);
  const hundreds = of(new Array<number>(3072).fill(100));
  check("over some axes and over all", [
    [o.reduce_sum(x), [21]],
    [o.reduce_sum(x, { axes: [0] }), [5, 7, 9]],
    [o.reduce_mean(x, { axes: [-1], keep_dims: true }), [2, 5]],
    [o.reduce_mean(x), [3.5]],
    [o.reduce_max(x, { axes: [1] }), [3, 6]],
    [o.reduce_min(x, { axes: [1, 0] }), [1]],
    [o.reduce_sum_square(x, { axes: [1] }), [14, 77]],
    [o.reduce_l2_norm(of([3, 4]), { axes: [0] }), [5]],
    [o.reduce_max(of([1, nan])), [nan]],
  ]);
  check("accumulate in fp32 and round once", [
    [o.reduce_sum(hundreds), [inf]],
    [o.reduce_mean(hundreds), [100]],
    [o.reduce_sum(of([MAX, MAX, -MAX])), [MAX]],
    [o.reduce_sum_square(of(new Array<number>(3072).fill(10))), [inf]],
    [o.reduce_mean(ints(1, 2)), [1]],
  ]);
  check("softmax", [
    [o.softmax(of([0, 0, -1e4, -MAX])), [0.5, 0.5, 0, 0]],
    [o.softmax(of([1000, -inf])), [1, 0]],
    [o.softmax(of([inf, 0])), [nan, nan]],
    [o.softmax(of([0, 1, 0, 1], [2, 2]), { axis: 0 }), [0.5, 0.5, 0.5, 0.5]],
  ]);
  check("layer_norm and l2_norm", [
    [o.layer_norm(of([1, 3]), { epsilon: 0 }), [-1, 1]],
    [o.layer_norm(of([1, 3]), { epsilon: 3, gamma: of([2, 4]), beta: of([0, 10]) }), [-1, 12]],
    [o.layer_norm(of([5, 5, 1, 3], [2, 2]), { axes: [1] }), [0, 0, roundFp16(-0.999995), roundFp16(0.999995)]],
    [o.l2_norm(of([3, 4], [1, 1, 2]), { epsilon: 0 }), [roundFp16(0.6), roundFp16(0.8)]],
  ]);
});

describe("products", () => {
  const x = of([1, 2, 3, 4], [2, 2]);
  check("matmul and linear", [
    [o.matmul(x, of([1, 0, 10, 100], [2, 2])), [21, 200, 43, 400]],
    [o.matmul(x, x, { transpose_x: true }), [10, 14, 14, 20]],
    [o.matmul(of([MAX, MAX], [1, 2]), of([1, -1], [2, 1])), [0]],
    [o.linear(x, of([1, 10], [1, 2]), { bias: of([0.5]) }), [21.5, 43.5]],
  ]);
  const signal = of([1, 2, 3, 4, 5], [1, 1, 5]);
  const kernel = of([1, 10, 100], [1, 1, 3]);
  check("conv", [
    [o.conv(signal, kernel), [321, 432, 543]],
    [o.conv(signal, kernel, { strides: [2] }), [321, 543]],
    [o.conv(signal, kernel, { pad_type: "same" }), [210, 321, 432, 543, 54]],
    [o.conv(signal, kernel, { pad_type: "custom", pad: [0, 2] }), [321, 432, 543, 54, 5]],
    [o.conv(signal, of([1, 10], [1, 1, 2]), { dilations: [2] }), [31, 42, 53]],
    [o.conv(signal, of([1, 10], [1, 1, 2]), { pad_type: "same" }), [21, 32, 43, 54, 5]],
    [o.conv(signal, of([1, 10], [1, 1, 2]), { pad_type: "same_lower" }), [10, 21, 32, 43, 54]],
    [o.conv(of([1, 2, 3, 4], [1, 4, 1]), of([1, 10, 1, 10], [2, 2, 1]), { groups: 2 }), [21, 43]],
    [o.conv(of([1, 2, 3, 4], [1, 2, 1, 2]), of([1, 10], [1, 2, 1, 1]), { bias: of([0.5]) }), [31.5, 42.5]],
  ]);
  const [q, k, v] = [of([2, 0], [1, 1, 2]), of([1, 0, 1, 0], [1, 2, 2]), of([10, 20], [1, 2, 1])];
  check("scaled_dot_product_attention", [
    [o.scaled_dot_product_attention(q, k, v), [15]],
    [
      o.scaled_dot_product_attention(q, of([1, 0, 0, 0], [1, 2, 2]), v),
      [roundFp16(20 - 10 / (1 + Math.exp(-Math.SQRT2)))],
    ],
    [o.scaled_dot_product_attention(q, k, v, { attn_mask: of([0, -1e4], [1, 2]) }), [10]],
    [o.scaled_dot_product_attention(q, k, v, { attn_mask: of([0, 1], [1, 2], "bool") }), [20]],
    [o.scaled_dot_product_attention(q, k, v, { attn_mask: of([0, 0], [1, 2], "bool") }), [nan]],
  ]);
});

describe("shape and movement", () => {
  const x = of([1, 2, 3, 4, 5, 6], [2, 3]);
  check("reshape, transpose, expand_dims, squeeze, tile", [
    [o.reshape(x, { shape: [3, -1] }), [1, 2, 3, 4, 5, 6]],
    [o.transpose(x, { perm: [1, 0] }), [1, 4, 2, 5, 3, 6]],
    [o.transpose(o.expand_dims(x, { axes: [0, -1] }), { perm: [2, 0, 1, -1] }), [1, 4, 2, 5, 3, 6]],
    [o.expand_dims(x, { axes: [1] }), [1, 2, 3, 4, 5, 6]],
    [o.squeeze(of([7, 8], [1, 2, 1])), [7, 8]],
    [o.tile(of([1, 2], [1, 2]), { reps: [2, 2] }), [1, 2, 1, 2, 1, 2, 1, 2]],
  ]);
  check("concat, stack, split", [
    [o.concat([of([1, 2]), of([-0])], { axis: 0 }), [1, 2, -0]],
    [o.concat([of([1, 2]), of([3, 4])], { axis: 0, interleave: true }), [1, 3, 2, 4]],
    [o.stack([of([1, 2]), of([3, 4])], { axis: -1 }), [1, 3, 2, 4]],
    [o.split(x, { split_sizes: [1, 2], axis: 1 })[1]!, [2, 3, 5, 6]],
    [o.split(x, { num_splits: 2, axis: 0 })[1]!, [4, 5, 6]],
  ]);
  const last = [false, true];
  check("slices", [
    [o.slice_by_index(x, [0, -2], [2, 3]), [2, 3, 5, 6]],
    [o.slice_by_index(x, [1, 2], [0, 0], { stride: [-1, -2], end_mask: [true, true] }), [6, 4, 3, 1]],
    [o.slice_by_index(x, [1, 9], [0, 9], { squeeze_mask: [true, false], begin_mask: last, end_mask: last }), [4, 5, 6]],
    [o.slice_by_index(x, [0, 1], [2, 99]), [2, 3, 5, 6]],
    [o.slice_by_size(x, [0, 1], { size: [1, -1] }), [2, 3]],
    [o.slice_update(x, of([0, -0], [1, 2]), [1, 1], [2, 3]), [1, 2, 3, 4, 0, -0]],
    [o.slice_update(of([0, 0]), of([1, 2]), [1], [0], { stride: [-1], end_mask: [true] }), [2, 1]],
    [
      o.slice_update(x, of([9, 8], [2]), [0, 2], [0, 0], {
        stride: [1, -2],
        squeeze_mask: [true, false],
        end_mask: last,
      }),
      [8, 2, 9, 4, 5, 6],
    ],
  ]);
  check("gather", [
    [o.gather(x, [2, 0], { axis: 1 }), [3, 1, 6, 4]],
    [o.gather(x, 1), [4, 5, 6]],
    [o.gather(x, of([2, 0], [2, 1], "int32"), { axis: 1, batch_dims: 1 }), [3, 4]],
    [o.gather_along_axis(x, of([1, 0, 1], [1, 3], "int32")), [4, 2, 6]],
  ]);
  check("scatter", [
    [o.scatter(of([1, 2, 3]), [0, 2, 0], of([10, 20, 30])), [41, 2, 23]],
    [o.scatter(of([1, 2, 3]), [0, 2, 0], of([10, 20, 30]), { mode: "update" }), [30, 2, 20]],
    [o.scatter(of([6, 6]), [1], of([2]), { mode: "sub" }), [6, 4]],
    [o.scatter(of([6, 6]), [1], of([2]), { mode: "mul" }), [6, 12]],
    [o.scatter(of([6, 6]), [1], of([2]), { mode: "div" }), [6, 3]],
    [o.scatter(of([6, 6]), [0, 1], of([2, 7]), { mode: "max" }), [6, 7]],
    [o.scatter(of([6, 6]), [0, 1], of([2, 7]), { mode: "min" }), [2, 6]],
    [o.scatter(x, [2], of([8, 9], [2, 1]), { axis: 1, mode: "update" }), [1, 2, 8, 4, 5, 9]],
    // Each update rounds: 2048 + 1 is a tie that falls back to 2048, twice.
    [o.scatter(of([2048]), [0, 0], of([1, 1])), [2048]],
    [o.scatter_along_axis(x, of([1, 0, 1], [1, 3], "int32"), of([10, 20, 30], [1, 3])), [1, 22, 3, 14, 5, 36]],
  ]);
});

describe("what other people's models bring", () => {
  const x = of([1, 2, 3, 4, 5, 6], [2, 3]);
  check("rectifiers", [
    [o.relu(of([-1, 2, nan, -inf])), [0, 2, nan, 0]],
    [o.relu6(of([-1, 2, 7, inf])), [0, 2, 6, 6]],
    [o.leaky_relu(of([-2, 0, 3]), { alpha: 0.5 }), [-1, 0, 3]],
    [o.thresholded_relu(of([0.5, 1, 3, -inf]), { alpha: 1 }), [0, 1, 3, 0]],
    [o.elu(of([-1, 0, 3, -inf]), { alpha: 2 }), [roundFp16(2 * (Math.exp(-1) - 1)), 0, 3, -2]],
    [o.softplus(of([0, 100, -100])), [roundFp16(Math.LN2), 100, 0]],
    [o.softsign(of([1, -3])), [0.5, -0.75]],
    [o.sigmoid_hard(of([-9, 1, 9]), { alpha: 0.25, beta: 0.5 }), [0, 0.75, 1]],
    [o.linear_activation(of([3]), { alpha: 2, beta: 0.5 }), [6.5]],
    [o.scaled_tanh(of([0.5, inf]), { alpha: 2, beta: 2 }), [roundFp16(2 * Math.tanh(1)), 2]],
    [o.inverse(of([3.5, -0.5, 0]), { epsilon: 0.5 }), [0.25, inf, 2]],
  ]);
  const edges = of([-1.5, -0.5, 0.5, 1.5, 2.5, 2049, -2, inf, -inf, nan]);
  check("whole numbers", [
    [o.floor(edges), [-2, -1, 0, 1, 2, 2048, -2, inf, -inf, nan]],
    [o.ceil(edges), [-1, 0, 1, 2, 3, 2048, -2, inf, -inf, nan]],
    [o.round(edges), [-2, 0, 0, 2, 2, 2048, -2, inf, -inf, nan]],
    [o.round(of([0.49951171875, 0.50048828125, -0.50048828125])), [0, 1, -1]],
    [o.floor(of([2 ** 24 + 2, -(2 ** 30)], [2], "fp32")), [2 ** 24 + 2, -(2 ** 30)]],
    [o.sign(of([-3, 0, 2, nan])), [-1, 0, 1, nan]],
    [o.sign(ints(-3, 0, 2)), [-1, 0, 1]],
    [o.floor_div(ints(7, -7, 7, -7, 2147483647, 5), ints(2, 2, -2, -2, 2, 0)), [3, -4, -4, 3, 1073741823, 0]],
    [o.floor_div(of([7, -7]), 2), [3, -4]],
    [o.mod(ints(7, -7, 7, -7), ints(3, 3, -3, -3)), [1, 2, -2, -1]],
    [o.mod(of([5.5, -5.5]), 2), [1.5, 0.5]],
    [o.logical_xor(bools(1, 1, 0, 0), bools(1, 0, 1, 0)), [0, 1, 1, 0]],
  ]);
  check("places of extremes", [
    [o.reduce_argmax(of([1, 3, 2, 3], [1, 4])), [1]],
    [o.reduce_argmax(x, { axis: 0 }), [1, 1, 1]],
    [o.reduce_argmax(of([-inf, -inf])), [0]],
    [o.reduce_argmin(of([1, -3, 2, -3], [1, 4])), [1]],
    [o.reduce_argmin(x, { axis: -1, keep_dims: true, output_dtype: "uint16" }), [0, 0]],
    [o.reduce_argmax(of([1, nan, 2])), [0]],
  ]);
  check("sums", [
    [o.reduce_l1_norm(of([-3, 4])), [7]],
    [o.reduce_log_sum(of([0.5, 0.5])), [0]],
    [o.reduce_log_sum_exp(of([1000, 1000])), [roundFp16(1000 + Math.LN2)]],
    [o.cumsum(x, { axis: 1 }), [1, 3, 6, 4, 9, 15]],
    [o.cumsum(x), [1, 2, 3, 5, 7, 9]],
    [o.cumsum(x, { axis: 1, exclusive: true }), [0, 1, 3, 0, 4, 9]],
    [o.cumsum(x, { axis: 1, reverse: true }), [6, 5, 3, 15, 11, 6]],
    [o.cumsum(x, { axis: 1, exclusive: true, reverse: true }), [5, 3, 0, 11, 6, 0]],
  ]);
  const channels = of([1, 3, 5, 9], [1, 2, 2]);
  check("norms by channel", [
    [o.batch_norm(channels, of([1, 5]), of([1, 4]), { epsilon: 0 }), [0, 2, 0, 2]],
    [
      o.batch_norm(channels, of([1, 5]), of([1, 4]), { epsilon: 0, gamma: of([10, 1]), beta: of([1, 0]) }),
      [1, 21, 0, 2],
    ],
    [o.instance_norm(channels, { epsilon: 0 }), [-1, 1, -1, 1]],
    [o.instance_norm(channels, { epsilon: 0, gamma: of([2, 3]), beta: of([0, 10]) }), [-2, 2, 7, 13]],
  ]);
  check("einsum", [
    [o.einsum([x, of([1, 10, 100, 1000, 0, 1], [3, 2])], { equation: "ab,bc->ac" }), [201, 2013, 504, 5048]],
    [o.einsum([x, x], { equation: "ab,ab->b" }), [17, 29, 45]],
    [o.einsum([of([1, 2], [1, 2]), x], { equation: "ab,ac->bc" }), [5, 7, 9, 10, 14, 18]],
    [o.einsum([of([1, 2, 3, 4, 5, 6], [1, 2, 3]), of([1, 2, 3, 4, 0, 1], [3, 2])], { equation: "cab,ba->c" }), [41]],
  ]);
  check("padding and order", [
    [o.pad(of([1, 2, 3]), { pad: [1, 2], constant_val: 9 }), [9, 1, 2, 3, 9, 9]],
    [o.pad(of([1, 2, 3]), { pad: [2, 1], mode: "reflect" }), [3, 2, 1, 2, 3, 2]],
    [o.pad(of([1, 2, 3]), { pad: [2, 1], mode: "replicate" }), [1, 1, 1, 2, 3, 3]],
    [o.pad(of([1, 2, 3, 4], [2, 2]), { pad: [1, 0, 0, 1] }), [0, 0, 0, 1, 2, 0, 3, 4, 0]],
    [o.reverse(x, { axes: [1] }), [3, 2, 1, 6, 5, 4]],
    [o.reverse(x), [6, 5, 4, 3, 2, 1]],
    [o.fill(of([7], []), { shape: [2, 1] }), [7, 7]],
    [o.range_1d(7, 1, 2), [1, 3, 5]],
    [o.range_1d(-3, 0, -2), [0, -2]],
    [o.sliding_windows(of([1, 2, 3, 4, 5]), { axis: 0, size: 2, stride: 2 }), [1, 2, 3, 4]],
    [o.sliding_windows(x, { axis: 1, size: 2 }), [1, 2, 2, 3, 4, 5, 5, 6]],
    [o.band_part(x, { lower: 0 }), [1, 2, 3, 0, 5, 6]],
    [o.band_part(x, { lower: -1, upper: 0 }), [1, 0, 0, 4, 5, 0]],
    [o.band_part(x, { lower: 0, upper: 1 }), [1, 2, 0, 0, 5, 6]],
    [o.gather_nd(x, of([1, 2, 0, 1], [2, 2], "int32")), [6, 2]],
    [o.gather_nd(x, of([1], [1, 1], "int32")), [4, 5, 6]],
    [o.gather_nd(x, of([2, 0], [2, 1, 1], "int32"), { batch_dims: 1 }), [3, 4]],
  ]);
});

describe("compressed weights", () => {
  const data = of([-8, 7, 1, 2], [1, 4], "int4");
  const scale = of([0.5, 2], [1, 2]);
  const lut = of([10, 11, 20, 21, 30, 31, 40, 41], [1, 4, 2]);
  check("constexpr", [
    [o.constexpr_blockwise_shift_scale(data, scale), [-4, 3.5, 2, 4]],
    [o.constexpr_blockwise_shift_scale(data, scale, { offset: of([-8, 1], [1, 2], "int4") }), [0, 7.5, 0, 2]],
    [o.constexpr_lut_to_dense(of([3, 0], [2], "uint2"), lut), [40, 41, 10, 11]],
    [o.constexpr_lut_to_dense(of([1, 1, 0, 1], [2, 2], "uint1"), of([1, 2, 3, 4], [2, 1, 2, 1])), [2, 2, 3, 4]],
  ]);
});

describe("codes of activations", () => {
  const x = of([-70, -0.75, -0.25, 0.25, 0.75, 1.25, 63.25, nan]);
  const byRow = of([1, -3, 5, 300], [2, 2]);
  check("quantize", [
    // Ties go to the even one, in front of the zero point.
    [o.quantize(x, 0.5, { output_dtype: "int8" }), [-128, -2, 0, 0, 2, 2, 126, 0]],
    [o.quantize(x, 0.5, { output_dtype: "int8", zero_point: 3 }), [-128, 1, 3, 3, 5, 5, 127, 0]],
    [o.quantize(x, 0.5, { output_dtype: "uint8", zero_point: constant([1], [], "uint8") }), [0, 0, 1, 1, 3, 3, 127, 0]],
    [o.quantize(of([inf, -inf]), 0.5, { output_dtype: "uint8" }), [255, 0]],
    [o.quantize(byRow, [1, 2], { output_dtype: "int8", axis: 0 }), [1, -3, 2, 127]],
    [o.quantize(byRow, [1, 2], { output_dtype: "int8", axis: -1, zero_point: [0, 1] }), [1, -1, 5, 127]],
    // The quotient 2.49977… is 2.5 in fp16, and 2 is even.
    [o.quantize(of([0.2499]), 0.1, { output_dtype: "int8" }), [2]],
  ]);
  const codes = of([-128, 3, 0, 127], [2, 2], "int8");
  check("dequantize", [
    [o.dequantize(codes, 0.5), [-64, 1.5, 0, 63.5]],
    [o.dequantize(codes, 0.5, { zero_point: -128 }), [0, 65.5, 64, 127.5]],
    [o.dequantize(codes, [1, 2], { axis: 1, zero_point: [0, 3] }), [-128, 0, 0, 248]],
    [o.dequantize(constant([255], [1], "uint8"), 0.1), [25.5]],
  ]);
});

describe("rows in order", () => {
  const x = of([3, 1, nan, 2, 3, -inf]);
  const some = of([1, 5, 2, 4, 3, 6], [2, 3]);
  check("topk and argsort", [
    [o.topk(x, { k: -1 })[0], [3, 3, 2, 1, -inf, nan]],
    [o.topk(x, { k: -1 })[1], [0, 4, 3, 1, 5, 2]],
    [o.topk(x, { k: 3, ascending: true })[0], [-inf, 1, 2]],
    [o.topk(x, { k: 3, ascending: true, sort: false, output_indices_dtype: "uint16" })[1], [5, 1, 3]],
    [o.topk(some)[0], [5, 6]],
    [o.topk(some, { axis: 0, k: 2 })[1], [1, 0, 1, 0, 1, 0]],
    [o.topk(ints(-4, 7, 7, 0), { k: 2, return_indices: false })[0], [7, 7]],
    [o.argsort(x), [0, 4, 3, 1, 5, 2]],
    [o.argsort(x, { ascending: true }), [5, 1, 3, 0, 4, 2]],
    [o.argsort(some, { axis: 0 }), [1, 0, 1, 0, 1, 0]],
  ]);
  check("reduce_prod", [
    [o.reduce_prod(some, { axes: [1] }), [10, 72]],
    [o.reduce_prod(of([300, 300, 0.5])), [44992]],
    [o.reduce_prod(ints(65536, 65536, 3)), [0]],
  ]);
});

describe("functions that few graphs use", () => {
  check("of one element", [
    [o.exp2(of([0, 3, -25, 16, nan])), [1, 8, 0, inf, nan]],
    [o.exp2(ints(3, -1)), [8, 0]],
    [o.tan(of([0, 1])), [0, roundFp16(Math.tan(1))]],
    [o.asin(of([1, 2])), [roundFp16(Math.PI / 2), nan]],
    [o.acos(of([1, -1, 2])), [0, roundFp16(Math.PI), nan]],
    [o.atan(of([inf, 1])), [roundFp16(Math.PI / 2), roundFp16(Math.PI / 4)]],
    [o.sinh(of([0, 1, 12])), [0, roundFp16(Math.sinh(1)), inf]],
    [o.cosh(of([0, 12])), [1, inf]],
    [o.atanh(of([0, 1, 2])), [0, inf, nan]],
    [o.clamped_relu(of([-4, -1, 1, 9]), { alpha: -2, beta: 3 }), [3, 2, 1, 3]],
    [o.threshold(of([-1, 2, nan]), { alpha: 0.5 }), [0.5, 2, nan]],
    [o.threshold(ints(-1, 2), { alpha: 1 }), [1, 2]],
  ]);
  const x = of([1, -1, 2, -2], [1, 2, 1, 2]);
  check("of one element and its channel", [
    [o.prelu(x, of([0.5, 3])), [1, -0.5, 2, -6]],
    [
      o.softplus_parametric(of([0, 0, 100, 0], [1, 2, 1, 2]), of([2, 3]), of([1, 50])),
      [2 * Math.LN2, 2 * Math.LN2, 15000, 3 * Math.LN2].map(roundFp16),
    ],
    [
      o.local_response_norm(of([1, 2, 3], [1, 3, 1]), { size: 2, alpha: 2, beta: 1, k: 1 }),
      [1 / 2, 2 / 6, 3 / 14].map(roundFp16),
    ],
  ]);
  check("numbers made of few", [
    [o.fill_like(of([1, 2])), [0, 0]],
    [o.fill_like(of([1, 2]), { value: of([7], [], "int32") }), [7, 7]],
    [o.one_hot(ints(1, 5, -1), { one_hot_vector_size: 2 }), [0, 1, 0, 0, 0, 0]],
    [
      o.one_hot(ints(1, 0), { one_hot_vector_size: 3, axis: 0, on_value: of([5], []), off_value: of([-1], []) }),
      [-1, 5, 5, -1, -1, -1],
    ],
    [
      o.range_1d(of([1], []), of([0], []), of([0.3], [])),
      [0, 0.3, 0.6, 0.9].map((v) => roundFp16((v / 0.3) * roundFp16(0.3))),
    ],
    [o.range_1d(5, 0, 2), [0, 2, 4]],
    [o.flatten2d(of([1, 2, 3, 4], [2, 1, 2]), { axis: -1 }), [1, 2, 3, 4]],
  ]);
  const rows = of([1, 2, 3, 4, 5, 6], [2, 3]);
  check("by place", [
    [o.reverse_sequence(rows, ints(2, 3), { seq_axis: 1 }), [2, 1, 3, 6, 5, 4]],
    [o.scatter_nd(rows, of([0, 2, 1, 0, 0, 2], [3, 2], "int32"), of([10, 20, 30])), [1, 2, 43, 24, 5, 6]],
    [o.scatter_nd(rows, of([1], [1, 1], "int32"), of([7, 8, 9], [1, 3]), { mode: "update" }), [1, 2, 3, 7, 8, 9]],
  ]);
});

describe("pictures", () => {
  const x = of([1, 2, 3, 4, 5, 6], [1, 1, 2, 3]);
  const line = of([1, 2, 3, 4, 6], [1, 1, 5]);
  check("pools", [
    [o.max_pool(line, { kernel_sizes: [2], pad_type: "valid", strides: [2] }), [2, 4]],
    [o.max_pool(line, { kernel_sizes: [2], pad_type: "valid", strides: [2], ceil_mode: true }), [2, 4, 6]],
    [o.max_pool(of([-1, -2], [1, 1, 2]), { kernel_sizes: [2], pad_type: "custom", pad: [1, 1] }), [-1, -1, -2]],
    [o.avg_pool(line, { kernel_sizes: [3], pad_type: "same" }), [1, 2, 3, roundFp16(13 / 3), roundFp16(10 / 3)]],
    [
      o.avg_pool(line, { kernel_sizes: [3], pad_type: "same", exclude_padding_from_average: true }),
      [1.5, 2, 3, roundFp16(13 / 3), 5],
    ],
    [o.avg_pool(line, { kernel_sizes: [2], pad_type: "valid", strides: [2], ceil_mode: true }), [1.5, 3.5, 6]],
    [o.avg_pool(line, { kernel_sizes: [2], pad_type: "same_lower", strides: [2] }), [0.5, 2.5, 5]],
    [o.l2_pool(of([3, 4, 0], [1, 1, 3]), { kernel_sizes: [2], pad_type: "valid" }), [5, 4]],
  ]);
  const [signal, kernel] = [of([1, 2, 3], [1, 1, 3]), of([1, 10, 100], [1, 1, 3])];
  check("conv_transpose", [
    [o.conv_transpose(signal, kernel), [1, 12, 123, 230, 300]],
    [o.conv_transpose(signal, kernel, { strides: [2] }), [1, 10, 102, 20, 203, 30, 300]],
    [o.conv_transpose(signal, kernel, { strides: [2], pad_type: "same" }), [1, 10, 102, 20, 203, 30]],
    [o.conv_transpose(signal, kernel, { pad_type: "custom", pad: [1, 2] }), [12, 123]],
    [
      o.conv_transpose(signal, of([1, 10], [1, 1, 2]), { strides: [2], output_shape: [1, 1, 7] }),
      [1, 10, 2, 20, 3, 30, 0],
    ],
    [
      o.conv_transpose(of([1, 2], [1, 2, 1]), of([1, 10, 3, 30], [2, 1, 2]), { groups: 2, bias: of([0.5, 0]) }),
      [1.5, 10.5, 6, 60],
    ],
  ]);
  const four = of([1, 2, 3, 4], [1, 4, 1, 1]);
  check("channels and places", [
    [o.depth_to_space(of([1, 2, 3, 4, 5, 6, 7, 8], [1, 8, 1, 1]), { block_size: 2 }), [1, 3, 5, 7, 2, 4, 6, 8]],
    [o.pixel_shuffle(of([1, 2, 3, 4, 5, 6, 7, 8], [1, 8, 1, 1]), { upscale_factor: 2 }), [1, 2, 3, 4, 5, 6, 7, 8]],
    [o.space_to_depth(of([1, 3, 5, 7, 2, 4, 6, 8], [1, 2, 2, 2]), { block_size: 2 }), [1, 2, 3, 4, 5, 6, 7, 8]],
    [o.pixel_unshuffle(of([1, 2, 3, 4], [1, 1, 2, 2]), { downscale_factor: 2 }), [1, 2, 3, 4]],
    [o.space_to_batch(x, [2, 2], of([0, 0, 0, 1], [2, 2], "int32")), [1, 3, 2, 0, 4, 6, 5, 0]],
    [o.batch_to_space(o.reshape(four, { shape: [4, 1, 1, 1] }), [2, 2], of([0, 0, 1, 0], [2, 2], "int32")), [2, 4]],
  ]);
  const pair = of([0, 6], [1, 1, 2]);
  const width = (
    n: number,
    sampling_mode: "DEFAULT" | "STRICT_ALIGN_CORNERS" | "ALIGN_CORNERS" | "OFFSET_CORNERS" | "UNALIGN_CORNERS",
  ) => o.resize_bilinear(pair, { target_size_width: n, sampling_mode });
  check("other sizes", [
    [o.upsample_nearest_neighbor(pair, { scale_factor_width: 2 }), [0, 0, 6, 6]],
    [o.upsample_nearest_neighbor(pair, { scale_factor_width: 1.5 }), [0, 0, 6]],
    [o.resize_nearest_neighbor(line, { target_size_height: 1, target_size_width: 3 }), [1, 2, 4]],
    [o.upsample_bilinear(pair, { scale_factor_width: 2 }), [0, 2, 4, 6]],
    [o.upsample_bilinear(pair, { scale_factor_width: 2, align_corners: false }), [0, 1.5, 4.5, 6]],
    [
      o.upsample_bilinear(pair, { scale_factor_width: 2, align_corners: false, half_pixel_centers: false }),
      [0, 3, 6, 6],
    ],
    // The examples of coremltools' docstring.
    [width(5, "UNALIGN_CORNERS"), [0, 0.1, 0.5, 0.9, 1].map((v) => roundFp16(6 * v))],
    [width(5, "STRICT_ALIGN_CORNERS"), [0, 1.5, 3, 4.5, 6]],
    [width(5, "DEFAULT"), [0, 0.4, 0.8, 1, 1].map((v) => roundFp16(6 * v))],
    [width(5, "OFFSET_CORNERS"), [0.1, 0.3, 0.5, 0.7, 0.9].map((v) => roundFp16(6 * v))],
    [width(1, "ALIGN_CORNERS"), [3]],
    [width(1, "STRICT_ALIGN_CORNERS"), [0]],
    [
      o.resize(pair, { shape: [5], resized_dims: 1, sampling_mode: "OFFSET_CORNERS" }),
      [0.1, 0.3, 0.5, 0.7, 0.9].map((v) => roundFp16(6 * v)),
    ],
    // Of `shape` the last sizes count, and 0 is the size of x.
    [o.resize(pair, { shape: [9, 0, 4], resized_dims: 2, sampling_mode: "STRICT_ALIGN_CORNERS" }), [0, 2, 4, 6]],
    [
      o.resize(pair, { shape: [2, 4], resized_dims: 2, interpolation_mode: "NEAREST_NEIGHBOR" }),
      [0, 0, 6, 6, 0, 0, 6, 6],
    ],
    [o.crop(x, { crop_height: [1, 0], crop_width: [0, 1] }), [4, 5]],
  ]);
});

describe("positions that are known only at run time", () => {
  const x = of([1, 2, 3, 4, 5], [5]);
  const p = input("p", [1], "int32");

  test("slices and gathers read from there", () => {
    expect(valuesAt(p, [2], o.slice_by_size(x, p, { size: [2] }))).toEqual([3, 4]);
    expect(valuesAt(p, [2], o.slice_by_index(x, p, p, { squeeze_mask: [true] }))).toEqual([3]);
    expect(valuesAt(p, [4], o.gather(x, p))).toEqual([5]);
    expect(valuesAt(p, [4], o.gather_along_axis(x, p))).toEqual([5]);
  });

  test("updates write there", () => {
    const update = of([8, 9]);
    expect(valuesAt(p, [3], o.slice_update(x, update, p, o.add(p, 2)))).toEqual([1, 2, 3, 8, 9]);
    expect(valuesAt(p, [3], o.scatter(x, p, of([8]), { mode: "update" }))).toEqual([1, 2, 3, 8, 5]);
  });

  test("a box that does not fit, or an end that disagrees with it, has no value", () => {
    const update = of([8, 9]);
    expect(() => valuesAt(p, [4], o.slice_update(x, update, p, o.add(p, 2)))).toThrow("position 4 is outside");
    expect(() => valuesAt(p, [4], o.slice_by_size(x, p, { size: [2] }))).toThrow("position 4 is outside");
    expect(() => valuesAt(p, [-1], o.gather(x, p))).toThrow("position -1 is outside");
    const never = [nan, nan, nan, nan, nan];
    expect(valuesAt(p, [1], o.slice_update(x, update, p, o.add(p, 3)))).toEqual(never);
    const toEnd = o.slice_update(x, update, p, [0], { end_mask: [true] });
    expect(valuesAt(p, [3], toEnd)).toEqual([1, 2, 3, 8, 9]);
    expect(valuesAt(p, [2], toEnd)).toEqual(never);
    const fromStart = o.slice_update(x, update, [9], p, { begin_mask: [true] });
    expect(valuesAt(p, [2], fromStart)).toEqual([8, 9, 3, 4, 5]);
    expect(valuesAt(p, [3], fromStart)).toEqual(never);
    const one = o.slice_by_index(of([7]), p, o.add(p, 1));
    expect(valuesAt(p, [0], one)).toEqual([7]);
    expect(() => valuesAt(p, [1], one)).toThrow("position 1 is outside");
    expect(valuesAt(p, [0], o.slice_by_index(of([7]), p, p))).toEqual([nan]);
  });
});

test("a constant inside an op is fp32, like every step of it", () => {
  expect(numericReading("fp16", false).num(0.1)).toBe(Math.fround(0.1));
  expect(numericReading("fp64", false).num(0.1)).toBe(0.1);
});

test("every op of the table has a value above", () => {
  expect([...o.opTable.keys()].filter((name) => !seen.has(name))).toEqual([]);
});
