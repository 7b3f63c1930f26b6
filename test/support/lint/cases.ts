/** Graphs that break a rule of the linter, and their harmless look-alikes, with the rules that each breaks. */
import { graph } from "../../../src/dsl/graph.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { constant, state, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { harmless, infinite } from "./cases-infinite.ts";
import {
  at,
  big,
  breaks,
  eight,
  five,
  half,
  inf,
  type LintCase,
  nan,
  one,
  row,
  scaledBy,
  scaledPalette,
  scaledTable,
  stateful,
  stored,
  tall,
  wide,
  x,
  y,
} from "./parts.ts";

/** Every rule, broken as plainly as can be. */
const plain: Readonly<Record<string, LintCase>> = {
  "softmax of rank 5": y("attention-rank", () => o.softmax(five, { axis: 4 }), five),
  "an fp32 result": y("fp32", () => o.cast(x, { dtype: "fp32" })),
  "a gather at run-time positions": y("gather", () => o.gather(x, at, { axis: 1 }), x, at),
  "fused attention": y("fused-attention", () => o.scaled_dot_product_attention(x, x, x)),
  "linear with a weight": y("projection", () => o.linear(row, weight("all 1", [3, 4])), row),
  "a long axis": y("axis-size", () => o.exp(wide), wide),
  "a table of many rows": y("axis-size gather", () => o.gather(weight("all 1", [16385, 2]), at, { axis: 0 }), at),
  "a choice of the largest": y("choice", () => o.topk(x, { k: 1 })[0]),
  "the place of the largest": y("choice", () => o.reduce_argmax(x)),
  "a product with a quantised matrix": y("projection quantised-product", () => o.matmul(row, scaledBy([4, 1])), row),
  "a row times a quantised gain": y("quantised-product", () => o.mul(tall, scaledBy([4, 1])), tall),
  "a state of 33": breaks("state-alignment", () => stateful([1, 1, 4, 33])),
  "a state of rank 2": breaks("state-rank", () => stateful([4, 32])),
  "two shapes of states": breaks("state-shapes", () => stateful([1, 1, 4, 32], [1, 1, 8, 32])),
  "a square": y("square-overflow", () => o.square(x)),
  "−Inf": y("infinite-mask", () => o.add(x, one(-inf))),
  NaN: y("not-finite", () => o.add(x, one(nan))),
  "an epsilon of 0": y("lost-epsilon", () => o.rsqrt(x, { epsilon: 1e-12 })),
  "a scale by blocks": y("block-scale projection", () => o.linear(eight, scaledBy([4, 2])), eight),
  "a palette with a scale": y("projection scaled-palette", () => o.linear(eight, scaledPalette()), eight),
  "a scaled table": y("projection scaled-palette", () => o.linear(eight, scaledTable()), eight),
  "more than was seen on the engine": {
    ...y("axis-size projection size", () => o.linear(row, weight("all 1", [251_975_001, 4])), row),
    huge: true,
  },
  "an unused state": breaks("unused", () => {
    const kept = state("s", [1, 1, 4, 32]) as Tensor;
    return graph({ name: "g", inputs: [x], states: [[kept, kept]], outputs: { y: o.exp(x) } });
  }),
  "an unused input": y("unused", () => o.exp(x), x, row),
  "a cast to short": y("cast-range", () =>
    o.add(x, o.cast(o.cast(one(70000, "int32"), { dtype: "int16" }), { dtype: "fp16" })),
  ),
  "a cast to fp16": y("cast-overflow not-finite", () => o.add(x, half(one(1e30, "fp32")))),
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
  "x · x, folded and unfolded": y("square-overflow", () =>
    o.mul(x, o.reshape(o.reshape(x, { shape: [8] }), { shape: [1, 4, 2, 1] })),
  ),
  "a row times its column": y("", () => {
    const line = o.reshape(x, { shape: [8, 1] });
    return o.mul(line, o.reshape(line, { shape: [1, 8] }));
  }),
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
