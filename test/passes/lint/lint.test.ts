/** Each rule about the engine, with a graph that breaks it. */
import { expect, test } from "vitest";
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { constant, input, state, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { lint } from "../../../src/passes/lint/lint.ts";

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
};

for (const [rule, build] of Object.entries(broken)) {
  test(`${rule} is found where it is broken, and not in a plain graph`, () => {
    expect(lint(build()).map((finding) => finding.rule)).toContain(rule);
    expect(lint(of(o.exp(x), x))).toEqual([]);
  });
}
