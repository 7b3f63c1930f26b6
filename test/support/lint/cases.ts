/** Graphs that break a rule of the linter, and their harmless look-alikes, with the rules that each breaks. */
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { constant, input, state, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../src/dsl/type.ts";

/** A graph and the rules that it breaks, in the order of their names. */
export interface LintCase {
  readonly rules: readonly string[];
  readonly build: () => Graph;
  /** Its weights take too much room to be written. */
  readonly huge?: true;
}

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const x: Tensor = input("x", [1, 4, 2, 1]);
const row: Tensor = input("r", [2, 4]);
const at: Tensor = input("i", [1], "int32");
const wide: Tensor = input("w", [1, 20000, 1, 1]);
const five: Tensor = input("f", [1, 1, 1, 2, 2]);
const eight: Tensor = input("e", [2, 8]);

/** A graph of one result; its inputs are those that the result is made of, and x. */
export const of = (y: Tensor, ...inputs: readonly Tensor[]): Graph =>
  graph({ name: "g", inputs: inputs.length > 0 ? inputs : [x], outputs: { y } });

const stateful = (...shapes: readonly Shape[]): Graph => {
  const states = shapes.map((shape, i) => state(`s${i}`, shape) as Tensor);
  return graph({ name: "g", inputs: [x], states: states.map((s) => [s, o.add(s, 1)]), outputs: { y: o.exp(x) } });
};

/** A constant of the shape of x, too large to stand in the program: the last element is the one given. */
const big = (last: number, dtype: DType = "fp16"): Tensor =>
  constant([...new Array(15).fill(0), last], [1, 4, 2, 2], dtype) as Tensor;
const one = (n: number, dtype: DType = "fp16"): Tensor => constant([n], [1], dtype) as Tensor;
/** A weight of the checkpoint; `contents` fills it with the number in its name. */
const stored = (n: number): Tensor => weight(`all ${n}`, [1, 4, 2, 4]) as Tensor;
const half = (y: Tensor): Tensor => o.cast(y as Tensor<Shape, "fp32">, { dtype: "fp16" });

/** An int8 weight of [4, 8] with scales of the given shape. */
const scaledBy = (shape: Shape, scale = 0.5, data = 1): Tensor =>
  o.constexpr_blockwise_shift_scale(
    constant(new Array(32).fill(data), [4, 8], "int8") as Tensor,
    constant(new Array(shape[0]! * shape[1]!).fill(scale), shape) as Tensor,
  );
const looked = (...table: readonly number[]): Tensor =>
  o.constexpr_lut_to_dense(constant([0, 1, 1, 0], [4], "uint1") as Tensor, constant(table, [1, 2, 1]) as Tensor);
const joined = (...values: readonly Tensor[]): Tensor => o.concat(values as [Tensor], { axis: 3 });

const breaks = (rules: string, build: () => Graph): LintCase => ({ rules: rules.split(" ").filter(Boolean), build });
const y = (rules: string, make: () => Tensor, ...inputs: readonly Tensor[]): LintCase =>
  breaks(rules, () => of(make(), ...inputs));

/** Every rule, broken as plainly as can be. */
const plain: Readonly<Record<string, LintCase>> = {
  "softmax of rank 5": y("attention-rank", () => o.softmax(five, { axis: 4 }), five),
  "an fp32 result": y("fp32", () => o.cast(x, { dtype: "fp32" })),
  "a gather at run-time positions": y("gather", () => o.gather(x, at, { axis: 1 }), x, at),
  "fused attention": y("fused-attention", () => o.scaled_dot_product_attention(x, x, x)),
  "linear with a weight": y("projection", () => o.linear(row, weight("all 1", [3, 4])), row),
  "a long axis": y("axis-size", () => o.exp(wide), wide),
  "a state of 33": breaks("state-alignment", () => stateful([1, 1, 4, 33])),
  "a state of rank 2": breaks("state-rank", () => stateful([4, 32])),
  "two shapes of states": breaks("state-shapes", () => stateful([1, 1, 4, 32], [1, 1, 8, 32])),
  "a square": y("square-overflow", () => o.square(x)),
  "−Inf": y("infinite-mask", () => o.add(x, one(-inf))),
  NaN: y("not-finite", () => o.add(x, one(nan))),
  "an epsilon of 0": y("lost-epsilon", () => o.rsqrt(x, { epsilon: 1e-12 })),
  "a scale by blocks": y("block-scale projection", () => o.linear(eight, scaledBy([4, 2])), eight),
  "2 GB": {
    ...y("axis-size projection size", () => o.linear(row, weight("all 1", [250_000_001, 4])), row),
    huge: true,
  },
  "an unused input": y("unused", () => o.exp(x), x, row),
  "a cast to short": y("cast-range", () =>
    o.add(x, o.cast(o.cast(one(70000, "int32"), { dtype: "int16" }), { dtype: "fp16" })),
  ),
  "a cast to fp16": y("cast-overflow not-finite", () => o.add(x, half(one(1e30, "fp32")))),
};

/** −Inf, NaN and +Inf, wherever they stand and whatever they come through. */
const infinite: Readonly<Record<string, LintCase>> = {
  "−Inf among many": y("infinite-mask", () => o.add(x, big(-inf))),
  "−Inf in a weight": y("infinite-mask", () => o.add(x, stored(-inf))),
  "NaN in a weight": y("not-finite", () => o.mul(x, stored(nan))),
  "Inf in a weight": y("not-finite", () => o.mul(x, stored(inf))),
  "fp32 −1e30 cast to fp16": y("cast-overflow infinite-mask", () => o.add(x, half(one(-1e30, "fp32")))),
  "… among many": y("cast-overflow infinite-mask", () => o.add(x, half(big(-1e30, "fp32")))),
  "fp32 −Inf cast to fp16": y("infinite-mask", () => o.add(x, half(big(-inf, "fp32")))),
  "−1/0": y("infinite-mask", () => o.add(x, o.real_div(one(-1), one(0)))),
  "−1/0 of weights": y("infinite-mask", () => o.add(x, o.real_div(stored(-1), stored(0)))),
  "0/0": y("not-finite", () => o.add(x, o.real_div(one(0), one(0)))),
  "a sum past the largest": y("infinite-mask", () => o.add(x, o.add(one(-65504), one(-65504)))),
  "ln 0": y("infinite-mask lost-epsilon", () => o.add(x, o.log(one(0)))),
  "−Inf, tiled": y("infinite-mask", () => o.add(x, o.tile(constant([-inf], [1, 1]) as Tensor, { reps: [2, 3] }))),
  "−Inf, joined to zeros": y("infinite-mask", () => o.add(x, joined(big(0), big(-inf)))),
  "−Inf, selected": y("infinite-mask", () => o.add(x, o.select(constant([1], [1], "bool"), one(-inf), one(0)))),
  "−Inf, turned and cut": y("infinite-mask", () =>
    o.add(x, o.slice_by_index(o.transpose(big(-inf), { perm: [0, 3, 2, 1] }), [0, 1, 1, 3], [1, 2, 2, 4])),
  ),
  "Inf, turned round": y("infinite-mask", () => o.add(x, o.mul(big(inf), one(-1)))),
  "−Inf, gathered": y("infinite-mask", () => o.add(x, o.gather(big(-inf), [1], { axis: 3 }))),
  "−Inf in a table of colours": y("infinite-mask", () => o.add(x, looked(0, -inf))),
  "a scale that overflows": y("not-finite", () => o.add(eight, o.reduce_max(scaledBy([4, 1], 65504, 2))), eight),
  "… below": y("infinite-mask projection", () => o.linear(eight, scaledBy([4, 1], 65504, -2)), eight),
  "−Inf, joined at run time": y("infinite-mask", () =>
    o.softmax(joined(x, constant(new Array(8).fill(-inf), [1, 4, 2, 1]) as Tensor), { axis: 3 }),
  ),
  "−Inf, selected at run time": y("infinite-mask", () => o.select(o.greater(x, 0), x, one(-inf))),
  "−Inf as the smaller": y("infinite-mask", () => o.minimum(x, one(-inf))),
  "Inf as the larger": y("not-finite", () => o.maximum(x, one(inf))),
  "−Inf on both sides": y("infinite-mask", () => o.maximum(joined(x, big(-inf)), one(-inf))),
  "−Inf as a result": breaks("infinite-mask", () =>
    graph({ name: "g", inputs: [x], outputs: { y: o.exp(x), z: o.identity(big(-inf)) } }),
  ),
  "−Inf that meets a maximum, and once none": y("infinite-mask", () => {
    const mask = one(-inf);
    return o.add(o.maximum(x, mask), mask);
  }),
};

/** They look like the ones above. */
const harmless: Readonly<Record<string, LintCase>> = {
  "nothing of the kind": y("", () => o.exp(x)),
  "a maximum with −Inf": y("", () => o.maximum(x, one(-inf))),
  "… among many": y("", () => o.maximum(x, big(-inf))),
  "… of a weight": y("", () => o.maximum(stored(-inf), x)),
  "… that was tiled": y("", () => o.maximum(x, o.tile(one(-inf), { reps: [2] }))),
  "… after it was joined": y("", () => o.maximum(joined(x, big(-inf)), 0)),
  "a minimum with Inf": y("", () => o.minimum(x, big(inf))),
  "a comparison with −Inf": y("", () => o.cast(o.greater(x, one(-inf)), { dtype: "fp16" })),
  "a clip of −Inf": y("", () => o.clip(joined(x, big(-inf)), { alpha: -1, beta: 1 })),
  "e to −Inf": y("", () => o.add(x, o.exp(big(-inf)))),
  "−Inf that a constant takes away": y("", () => o.add(x, o.maximum(big(-inf), one(-10000)))),
  "−10000": y("", () => o.add(x, big(-10000))),
  "a gather by a cast constant": y("", () =>
    o.gather(x, o.cast(constant([1, 0], [2], "int16"), { dtype: "int32" }) as Tensor<Shape, "int32">, { axis: 2 }),
  ),
  "… by a sum of constants": y("", () =>
    o.gather(x, o.add(one(1, "int32"), one(1, "int32")) as Tensor<Shape, "int32">, { axis: 1 }),
  ),
  "rsqrt(x + 1e-3)": y("", () => o.rsqrt(o.add(x, 1e-3))),
  "rsqrt(1e-3 + x) by a weight": y("", () => o.rsqrt(o.add(stored(0.001), x))),
  "ln max(x, 1e-3)": y("", () => o.log(o.maximum(x, 1e-3))),
  "rsqrt of a clip": y("", () => o.rsqrt(o.expand_dims(o.clip(x, { alpha: 0.01, beta: 9 }), { axes: [0] }))),
  "a cast that fits": y("", () => o.add(x, o.cast(o.cast(one(255, "int32"), { dtype: "uint8" }), { dtype: "fp16" }))),
  "a cast to fp16 that fits": y("", () => o.add(x, half(big(65519, "fp32")))),
  "a cast at run time": y("", () => o.cast(o.cast(x, { dtype: "int16" }), { dtype: "fp16" })),
};

/** Squares, and what is none; epsilons that are lost; casts out of range. */
const spelled: Readonly<Record<string, LintCase>> = {
  "pow(x, 2)": y("square-overflow", () => o.pow(x, 2)),
  "pow(x, 2) by a weight": y("square-overflow", () => o.pow(x, stored(2))),
  "pow(x, 1 + 1)": y("square-overflow", () => o.pow(x, o.add(one(1), one(1)))),
  "x · x": y("square-overflow", () => o.mul(x, x)),
  "x · identity(x)": y("square-overflow", () => o.mul(x, o.identity(x))),
  "|x| · x": y("square-overflow", () => o.mul(o.abs(x), x)),
  "−x · x": y("square-overflow", () => o.mul(o.sub(0, x), x)),
  "x · (x · −1)": y("square-overflow", () => o.mul(x, o.mul(x, o.sub(one(0), one(1))))),
  "|x|²": y("square-overflow", () => o.square(o.abs(x))),
  "Σ x²": y("square-overflow", () => o.reduce_sum_square(x, { axes: [1] })),
  "(x / ½)²": y("square-overflow", () => o.square(o.real_div(x, one(0.5)))),
  "(2x)² by a weight": y("square-overflow", () => o.square(o.mul(x, stored(2)))),
  "√x by pow": y("", () => o.pow(x, 0.5)),
  "x · xᵀ's like": y("", () => o.mul(x, o.reshape(o.transpose(x, { perm: [0, 2, 1, 3] }), { shape: [1, 4, 2, 1] }))),
  "(x / max)²": y("", () => o.square(o.real_div(x, o.reduce_max(x, { axes: [1], keep_dims: true })))),
  "(x / 256)²": y("", () => o.square(o.real_div(x, one(256)))),
  "(x · ⅛)² by a weight": y("", () => o.square(o.mul(x, stored(0.125)))),
  "(x · fp32 ⅛)²": y("", () => o.pow(o.mul(half(one(0.125, "fp32")), x), 2)),
  "|x / 256| squared": y("", () => o.square(o.abs(o.real_div(x, one(256))))),
  "the square of a constant": y("", () => o.add(x, o.square(big(3)))),
  "rsqrt(x + 1e-12)": y("lost-epsilon", () => o.rsqrt(o.add(x, constant([1e-12], [1]) as Tensor))),
  "rsqrt(x + 0) by a weight": y("lost-epsilon", () => o.rsqrt(o.add(x, stored(0)))),
  "a norm whose epsilon is 0, of x + 1e-3": y("lost-epsilon", () => o.l2_norm(o.add(x, 1e-3), { epsilon: 1e-12 })),
  "a product with a turned weight": y(
    "projection",
    () => o.matmul(row, o.transpose(weight("all 1", [3, 4]), { perm: [1, 0] })),
    row,
  ),
  ...Object.fromEntries(
    (
      [
        ["int32", nan],
        ["int16", -40000],
        ["uint16", -65535],
        ["int8", 128],
        ["uint8", inf],
      ] as const
    ).map(([dtype, n]): [string, LintCase] => [
      `fp32 ${n} as ${dtype}`,
      y("cast-range", () => o.add(x, o.cast(o.cast(big(n, "fp32"), { dtype }), { dtype: "fp16" }))),
    ]),
  ),
  "a weight as int8": y("cast-range", () =>
    o.add(x, o.cast(o.cast(stored(300), { dtype: "int8" }), { dtype: "fp16" })),
  ),
  "int32 as fp16": y("cast-overflow infinite-mask", () => o.add(x, o.cast(one(-70000, "int32"), { dtype: "fp16" }))),
};

/** By title; every rule is broken by one of the first. */
export const lintCases: Readonly<Record<string, LintCase>> = { ...plain, ...infinite, ...harmless, ...spelled };
