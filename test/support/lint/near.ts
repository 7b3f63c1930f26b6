/** For each rule of the linter a graph that breaks it, by its title in the cases, and one that differs in little and does not. */
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { at, big, eight, half, of, one, row, scaledBy, stateful, x } from "./parts.ts";

interface Near {
  /** The title of a case that breaks the rule. */
  readonly broken: string;
  readonly build: () => Graph;
}

const near = (broken: string, make: () => Tensor, ...inputs: readonly Tensor[]): Near => ({
  broken,
  build: () => of(make(), ...inputs),
});

/** Palettised, and its table as it is. */
const palette = (): Tensor =>
  o.constexpr_lut_to_dense(
    constant(new Array(32).fill(1), [4, 8], "uint1") as Tensor,
    constant([1, 2], [1, 1, 2, 1]) as Tensor,
  );
const turned: Tensor = input("t", [3, 4]);
const sixteen: Tensor = input("w", [1, 16384, 1, 1]);

/** By the rule's id. */
export const nearMisses: Readonly<Record<string, Near>> = {
  size: near("more than was seen on the engine", () => o.linear(row, weight("all 1", [251_975_000, 4])), row),
  "attention-rank": near("softmax of rank 5", () => o.softmax(x, { axis: 3 })),
  fp32: near("an fp32 result", () => o.cast(x, { dtype: "fp16" })),
  gather: near("a gather at run-time positions", () => o.gather(x, [1], { axis: 1 })),
  "fused-attention": near("fused attention", () => o.matmul(o.softmax(o.matmul(x, x, { transpose_y: true })), x)),
  projection: near(
    "a product with a turned weight",
    () => o.matmul(row, o.transpose(turned, { perm: [1, 0] })),
    row,
    turned,
  ),
  "axis-size": near("a long axis", () => o.exp(sixteen), sixteen),
  choice: near("a choice of the largest", () => o.add(x, o.topk(big(3), { k: 1 })[0])),
  "block-scale": near("a scale by blocks", () => o.linear(eight, scaledBy([4, 1])), eight),
  "quantised-product": near("a row times a quantised gain", () => o.linear(eight, scaledBy([4, 1])), eight),
  "scaled-palette": near("a palette with a scale", () => o.linear(eight, palette()), eight),
  "state-alignment": { broken: "a state of 33", build: () => stateful([1, 1, 4, 64]) },
  "state-rank": { broken: "a state of rank 2", build: () => stateful([1, 1, 4, 32]) },
  "state-shapes": { broken: "two shapes of states", build: () => stateful([1, 1, 4, 32], [1, 1, 4, 32]) },
  "square-overflow": near("a square", () => o.square(o.real_div(x, one(2)))),
  "lost-epsilon": near("an epsilon of 0", () => o.rsqrt(x, { epsilon: 1e-7 })),
  "infinite-mask": near("−Inf", () => o.add(x, one(-65504))),
  "not-finite": near("NaN", () => o.add(x, one(65504))),
  "cast-range": near("a cast to short", () =>
    o.add(x, o.cast(o.cast(one(32767, "int32"), { dtype: "int16" }), { dtype: "fp16" })),
  ),
  "cast-overflow": near("a cast to fp16", () => o.add(x, half(one(65519, "fp32")))),
  unused: {
    broken: "an unused input",
    build: () => graph({ name: "g", inputs: [x, at], outputs: { y: o.exp(x), z: o.identity(at) } }),
  },
};
