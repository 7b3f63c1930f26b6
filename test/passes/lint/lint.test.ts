/** Each rule of the linter, with a graph that breaks it. */
import { expect, test } from "vitest";
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { constant, input, state, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { lint, lintRules } from "../../../src/passes/lint/lint.ts";

const x: Tensor = input("x", [1, 4, 2, 1]);
const of = (y: Tensor, ...inputs: Tensor[]): Graph => graph({ name: "g", inputs, outputs: { y } });
const stateful = (...shapes: number[][]): Graph => {
  const states = shapes.map((shape, i) => state(`s${i}`, shape) as Tensor);
  return graph({ name: "g", inputs: [x], states: states.map((s) => [s, o.add(s, 1)]), outputs: { y: o.exp(x) } });
};
const five: Tensor = input("f", [1, 1, 1, 2, 2]);
const row: Tensor = input("r", [2, 4]);
const at: Tensor = input("i", [1], "int32");
const wide: Tensor = input("w", [1, 20000, 1, 1]);

/** An int8 weight of [4, 8] with scales of the given shape. */
const scaledBy = (...shape: number[]): Tensor => {
  const data = constant(new Array(32).fill(1), [4, 8], "int8") as Tensor;
  const scale = constant(new Array(shape[0]! * shape[1]!).fill(0.5), shape) as Tensor;
  return o.constexpr_blockwise_shift_scale(data, scale);
};
const eight: Tensor = input("e", [2, 8]);

const broken: Readonly<Record<string, () => Graph>> = {
  "attention-rank": () => of(o.softmax(five, { axis: 4 }), five),
  fp32: () => of(o.cast(x, { dtype: "fp32" }), x),
  gather: () => of(o.gather(x, at, { axis: 1 }), x, at),
  "fused-attention": () => of(o.scaled_dot_product_attention(x, x, x), x),
  projection: () => of(o.linear(row, weight("w", [3, 4])), row),
  "axis-size": () => of(o.exp(wide), wide),
  "state-alignment": () => stateful([1, 1, 4, 33]),
  "state-rank": () => stateful([4, 32]),
  "state-shapes": () => stateful([1, 1, 4, 32], [1, 1, 8, 32]),
  "square-overflow": () => of(o.square(x), x),
  "infinite-mask": () => of(o.add(x, constant([-Infinity], [1]) as Tensor), x),
  "lost-epsilon": () => of(o.rsqrt(x, { epsilon: 1e-12 }), x),
  "block-scale": () => of(o.linear(eight, scaledBy(4, 2)), eight),
  size: () => of(o.linear(row, weight("w", [250_000_001, 4])), row),
  unused: () => of(o.exp(x), x, wide),
};

for (const [rule, build] of Object.entries(broken)) {
  test(`${rule} is found where it is broken, and not in a plain graph`, () => {
    expect(lint(build()).map((finding) => finding.rule)).toContain(rule);
    expect(lint(of(o.exp(x), x))).toEqual([]);
  });
}

test("every rule has a graph here that breaks it", () => {
  expect(Object.keys(broken).sort()).toEqual(lintRules.map(({ id }) => id).sort());
});

test("block-scale lets one scale per output channel pass", () => {
  expect(lint(of(o.linear(eight, scaledBy(4, 1)), eight)).map(({ rule }) => rule)).toEqual(["projection"]);
});

test("size counts a weight once, whatever its shape, and lets 2.0 GB pass", () => {
  const rules = (graph: Graph) => lint(graph).map(({ rule }) => rule);
  const sum = (...ws: Tensor[]) => ws.reduce<Tensor>((y, w) => o.add(y, o.reduce_sum(w)), x);
  expect(rules(of(sum(weight("w", [250_000, 4000])), x))).not.toContain("size");
  expect(rules(of(sum(weight("w", [500_000, 4, 400]), weight("w", [500_000, 1600])), x))).not.toContain("size");
  expect(rules(of(sum(weight("w", [500_000, 1600]), weight("v", [500_000, 1600])), x))).toContain("size");
});

test("findings come with errors first; a rule that finds nothing says nothing", () => {
  const found = lint(of(o.square(o.cast(wide, { dtype: "fp32" })), wide, x));
  expect(found.map(({ rule, severity }) => [severity, rule])).toEqual([
    ["error", "fp32"],
    ["error", "fp32"],
    ["warning", "axis-size"],
    ["warning", "axis-size"],
    ["warning", "unused"],
  ]);
});
