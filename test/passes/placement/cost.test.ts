/** The planner's estimates on record (M4, macOS 27.0.1), replayed by the formulas. */
import { describe, expect, test } from "vitest";
import * as ops from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../src/dsl/type.ts";
import type { OpValue } from "../../../src/passes/lint/lint-rule.ts";
import { BACKENDS, CHIPS } from "../../../src/passes/placement/chips.ts";
import { costOf } from "../../../src/passes/placement/cost.ts";

const x = (...shape: Shape): Tensor => input("x", shape, "fp16" as DType);
const weights = (...shape: Shape): Tensor =>
  constant(new Float64Array(shape.reduce((a, n) => a * n, 1)), shape, "fp16");
const image = x(1, 64, 32, 32);
const heads = x(1, 8, 128, 64);
const shorts = (...shape: Shape) => input("at", shape, "int16");
const places = (...shape: Shape) => input("at", shape, "int32");
const same = { pad_type: "same" } as const;

/** Milliseconds on the engine, in BNNS and in the classic CPU backend, as far as they were printed. */
type Printed = readonly [ane: number, bnns: number, classic?: number];
const ESTIMATES: readonly (readonly [what: string, value: Tensor, printed: Printed])[] = [
  ["matmul by a constant", ops.matmul(x(1, 128, 256), weights(256, 512)), [0.006283, 0.04447, 0.05115]],
  ["conv 1x1", ops.conv(image, weights(64, 64, 1, 1)), [0.001171, 0.021617, 0.024864]],
  ["conv 3x3", ops.conv(image, weights(64, 64, 3, 3), same), [0.00467, 0.10006]],
  ["matmul", ops.matmul(x(1, 128, 256), x(1, 256, 128)), [0.00224, 0.01112]],
  ["attention", ops.scaled_dot_product_attention(heads, heads, heads), [0.00718, 0.00862]],
  ["layer_norm", ops.layer_norm(image, { axes: [1] }), [0.00359, 0.004308, 0.004308]],
  ["softmax", ops.softmax(image, { axis: 1 }), [0.00359, 0.00431]],
  ["relu", ops.relu(image), [0.00262, 0.00262]],
  ["concat", ops.concat([image, image], { axis: 1 }), [0.00262, 0.02279]],
  ["conv 1x16", ops.conv(image, weights(64, 64, 1, 16), same), [Number.NaN, 0.177891, 0.204614]],
  ["cumsum", ops.cumsum(image, { axis: 3 }), [Number.NaN, 0.004308, 0.004308]],
  [
    "attention with a mask",
    ops.scaled_dot_product_attention(heads, heads, heads, { attn_mask: x(1, 1, 128, 128) }),
    [0.007629, 0.009155, 0.009155],
  ],
  ["transpose", ops.transpose(image, { perm: [0, 1, 3, 2] }), [0.00381, 0.003]],
  [
    "upsample_bilinear",
    ops.upsample_bilinear(image, { scale_factor_height: 2, scale_factor_width: 2 }),
    [0.00331, 0.49964],
  ],
  [
    "gather_along_axis",
    ops.gather_along_axis(image, shorts(1, 64, 32, 32), { axis: 1 }),
    [0.005386, 0.006463, 0.006463],
  ],
  ["band_part", ops.band_part(x(1, 128, 128)), [Number.NaN, 0.001077, 0.001077]],
  ["scatter", ops.scatter(image, places(4), x(1, 64, 32, 4), { axis: 3 }), [Number.NaN, 0.004578, 0.004578]],
  [
    "scatter_along_axis",
    ops.scatter_along_axis(image, places(1, 64, 32, 32), image, { axis: 1 }),
    [Number.NaN, 0.010771, 0.010771],
  ],
  ["reduce_argmax", ops.reduce_argmax(image, { axis: 1, keep_dims: true }), [Number.NaN, 0.002222, 0.002222]],
  ["relu beyond the longest axis", ops.relu(x(1, 65537, 1, 1)), [Number.NaN, 0.002621, 0.002621]],
  ["matmul beyond the longest sum", ops.matmul(x(1, 16, 65536), x(1, 65536, 16)), [Number.NaN, 0.068942, 0.068942]],
];

/** Linear is known to within a factor of four alone: its rate has steps that no formula was found for. */
describe("the planner's estimates", () => {
  test.each(ESTIMATES)("%s", (_, value, milliseconds) => {
    const cost = costOf(value as OpValue, CHIPS.get("m4")!);
    for (const [k, backend] of BACKENDS.entries()) {
      const wanted = milliseconds[k];
      if (wanted === undefined || Number.isNaN(wanted)) continue;
      expect(Math.abs(cost[backend] / wanted - 1), `${backend} ${cost[backend]} for ${wanted}`).toBeLessThan(0.05);
    }
  });
});
