/** Constants that are not finite, wherever they stand and whatever they come through, and what only looks like them. */
import { graph } from "../../../src/dsl/graph.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { constant, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import {
  big,
  breaks,
  eight,
  half,
  inf,
  joined,
  type LintCase,
  looked,
  nan,
  one,
  scaledBy,
  stored,
  x,
  y,
} from "./parts.ts";

/** −Inf, NaN and +Inf, wherever they stand and whatever they come through. */
export const infinite: Readonly<Record<string, LintCase>> = {
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
  "−Inf in a table of colours": y("infinite-mask quantised-product", () => o.add(x, looked(0, -inf))),
  "a scale that overflows": y(
    "not-finite quantised-product",
    () => o.add(eight, o.reduce_max(scaledBy([4, 1], 65504, 2))),
    eight,
  ),
  "… below": y("infinite-mask projection", () => o.linear(eight, scaledBy([4, 1], 65504, -2)), eight),
  "−Inf, joined at run time": y("infinite-mask", () =>
    o.softmax(joined(x, constant(new Array(8).fill(-inf), [1, 4, 2, 1]) as Tensor), { axis: 3 }),
  ),
  "−Inf, selected at run time": y("infinite-mask", () => o.select(o.greater(x, 0), x, one(-inf))),
  "−Inf in both branches": y("infinite-mask", () => {
    const both = one(-inf);
    return o.add(
      x,
      o.select(o.greater(constant([1, 2], [2, 1]) as Tensor, one(0)), o.maximum(both, o.mul(x, 0)), o.add(x, both)),
    );
  }),
  "… as one value": y("infinite-mask", () => {
    const both = joined(x, big(-inf));
    return o.select(constant([1, 1], [2, 1], "bool"), both, both);
  }),
  "−Inf in a branch that one element takes": y("infinite-mask", () =>
    o.select(constant([1, 0], [2, 1], "bool"), x, one(-inf)),
  ),
  "−Inf in the branch that is taken": y("infinite-mask", () => o.select(constant([0], [1], "bool"), x, one(-inf))),
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
export const harmless: Readonly<Record<string, LintCase>> = {
  "nothing of the kind": y("", () => o.exp(x)),
  "a maximum with −Inf": y("", () => o.maximum(x, one(-inf))),
  "… among many": y("", () => o.maximum(x, big(-inf))),
  "… of a weight": y("", () => o.maximum(stored(-inf), x)),
  "… that was tiled": y("", () => o.maximum(x, o.tile(one(-inf), { reps: [2] }))),
  "… after it was joined": y("", () => o.maximum(joined(x, big(-inf)), 0)),
  "… after it was chosen": y("", () => o.maximum(o.select(o.greater(x, 0), x, one(-inf)), 0)),
  "−Inf in a branch that is never taken": y("", () => o.select(constant([1, 1], [2, 1], "bool"), x, one(-inf))),
  "NaN in the other": y("", () => o.select(o.greater(one(0), one(1)), one(nan), x)),
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
  "rsqrt(x − −1e-3)": y("", () => o.rsqrt(o.sub(x, -0.001))),
  "rsqrt of a clip": y("", () => o.rsqrt(o.expand_dims(o.clip(x, { alpha: 0.01, beta: 9 }), { axes: [0] }))),
  "a cast that fits": y("", () => o.add(x, o.cast(o.cast(one(255, "int32"), { dtype: "uint8" }), { dtype: "fp16" }))),
  "a cast to fp16 that fits": y("", () => o.add(x, half(big(65519, "fp32")))),
  "a cast at run time": y("", () => o.cast(o.cast(x, { dtype: "int16" }), { dtype: "fp16" })),
};
