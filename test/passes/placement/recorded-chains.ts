/** Rows of the placement record whose models have several ops, those that the converter and Core ML put around one among them. */
import * as ops from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../src/dsl/type.ts";
import { type Form, form, image, ofCase, weights, x } from "./recorded-form.ts";

const cast = <D extends DType>(y: Tensor, dtype: D): Tensor<Shape, D> => ops.cast(y, { dtype });
const COMPARISONS = {
  equal: ops.equal,
  not_equal: ops.not_equal,
  less: ops.less,
  less_equal: ops.less_equal,
  greater: ops.greater,
  greater_equal: ops.greater_equal,
} as const;
const compared = Object.entries(COMPARISONS).flatMap(([name, op]) => {
  const y = op(image(), image("fp16", "y"));
  return ofCase(name, [y, true], [cast(y, "fp16"), true]);
});

const over = (name: string): Tensor<Shape, "bool"> => ops.greater(image("fp16", name), image("fp16", `${name}2`));
const [first, second] = [over("a"), over("b")];
const both = ops.logical_and(first, second);

/** Models made in fp32: casts in front and behind. */
function inFp32(name: string, shapes: readonly Shape[], op: (...x: readonly Tensor[]) => Tensor): readonly Form[] {
  const before = shapes.map((shape, k) => cast(x(shape, "fp32", `x${k}`), "fp16"));
  const y = op(...before);
  return ofCase(name, ...[...before, y, cast(y, "fp32")].map((z) => [z, true] as const));
}

/** What Core ML does to an index that may be below 0, and the gather behind it. */
function gathered(
  name: string,
  from: Tensor,
  places: Tensor,
  takes: boolean,
  gather: (from: Tensor, at: Tensor) => Tensor,
): readonly Form[] {
  const short = cast(places, "int16");
  const at = cast(short, "int32");
  const isPlace = ops.greater_equal(at, constant([0], [], "int32"));
  const wrapped = ops.add(at, constant([64], [], "int32"));
  const chosen = ops.select(isPlace, at, wrapped);
  const index = cast(chosen, "int16");
  const result = gather(from, index);
  const fix = [short, at, isPlace, wrapped, chosen, index].map((y) => [y, false] as const);
  return ofCase(name, ...fix, [result, takes]);
}
const rows = (from: Tensor, at: Tensor): Tensor => ops.gather(from, at, { axis: 0 });

const spread = image("int32", "at");
const start = x([1], "int32", "n");
const scalar = cast(start, "int16");
const counted = ops.squeeze(scalar, { axes: [0] });
const like = ops.fill_like(image(), { value: constant([1.5], [], "fp16") });
const squeezed = ops.squeeze(x([1, 64, 1, 32]), { axes: [2] });
const logged = ops.reduce_log_sum_exp(image(), { axes: [1], keep_dims: true });
const whole = (name: string, n: number): Form => form(`${name}#${n}`, cast(x([1, 1, 32, 32], "int32"), "fp16"), false);

export const chains: readonly Form[] = [
  ...compared,
  ...ofCase("select", [first, true], [ops.select(first, image("fp16", "c"), image("fp16", "d")), true]),
  ...ofCase("logical_and", [first, true], [second, true], [both, true], [cast(both, "fp16"), true]),
  ...inFp32("relu_f32", [[1, 64, 32, 32]], (y) => ops.relu(y!)),
  ...inFp32(
    "add_f32",
    [
      [1, 64, 32, 32],
      [1, 64, 32, 32],
    ],
    (a, b) => ops.add(a!, b!),
  ),
  ...inFp32(
    "matmul_f32",
    [
      [1, 128, 256],
      [1, 256, 128],
    ],
    (a, b) => ops.matmul(a!, b!),
  ),
  ...gathered("gather_dyn", x([1000, 256]), x([1, 64], "int32", "at"), false, rows),
  ...gathered("embedding", weights(32000, 256), x([1, 64], "int32", "at"), false, rows),
  ...gathered("gather_nd", image(), x([8, 2], "int32", "at"), true, ops.gather_nd),
  ...ofCase(
    "gather_along_axis",
    [cast(spread, "int16"), false],
    [ops.gather_along_axis(image(), cast(spread, "int16"), { axis: 1 }), true],
  ),
  ...ofCase("range_1d", [scalar, false], [counted, true], [cast(counted, "int32"), false]),
  ...ofCase("fill_like", [like, true], [cast(like, "fp32"), true]),
  ...ofCase("squeeze_expand", [squeezed, true], [ops.expand_dims(squeezed, { axes: [2] }), true]),
  ...ofCase("log_softmax", [logged, true], [ops.sub(image(), logged), true]),
  form("scatter_along_axis", ops.scatter_along_axis(image(), spread, image("fp16", "u"), { axis: 3 }), false),
  form("one_hot", ops.one_hot(input("at", [1, 64], "int32"), { one_hot_vector_size: 128 }), false),
  form("random_normal#1", ops.add(image(), image("fp16", "y")), true),
  whole("range_1d", 4),
  ...["reduce_argmax_c", "reduce_argmax_w", "argmax_flat", "argsort_w", "nonzero"].map((name) => whole(name, 1)),
];
