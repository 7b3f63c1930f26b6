/** Ops that are compiled once for many: those that differ in anything have a text of their own. */
import { expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { add, clip, concat, gather, maximum, mul, softmax } from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { arrayOf } from "../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { compiledOps } from "../../../src/passes/kernels/code/run-op.ts";

type Value = Tensor<Shape, "fp16">;

/** Neighbours differ in one thing: an attribute, a constant's values, its sign of zero, which operands are one, a size. */
const ALIKE: readonly ((x: Value, y: Value) => Value)[] = [
  (x) => clip(x, { alpha: -1, beta: 1 }) as Value,
  (x) => clip(x, { alpha: -1, beta: Number.POSITIVE_INFINITY }) as Value,
  (x) => clip(x, { alpha: Number.NEGATIVE_INFINITY, beta: 1 }) as Value,
  (x) => gather(x, constant([0, 1], [2], "int32"), { axis: 1 }) as Value,
  (x) => gather(x, constant([1, 0], [2], "int32"), { axis: 1 }) as Value,
  (x, y) => mul(x, y) as Value,
  (x) => mul(x, x) as Value,
  (x) => maximum(x, constant([0], [1], "fp16")) as Value,
  (x) => maximum(x, constant([-0], [1], "fp16")) as Value,
  (x, y) => concat([x, y], { axis: 0 }) as Value,
  (x, y) => concat([x, y, x], { axis: 0 }) as Value,
  (x) => softmax(x, { axis: 0 }) as Value,
  (x) => softmax(x, { axis: 1 }) as Value,
];

test("ops that are nearly alike give the bits of the reference, one after the other in one run", () => {
  const [x, y] = [input("x", [2, 3]) as Value, input("y", [2, 3]) as Value];
  const outputs = Object.fromEntries(ALIKE.map((make, k) => [`o${k}`, add(make(x, y), 0) as Value]));
  const g = graph({ name: "g", inputs: [x, y], outputs });
  const values = {
    x: arrayOf("fp16", [2, 3], [-0, 2, -3, 0.5, -7, 4]),
    y: arrayOf("fp16", [2, 3], [1, -1, 0.25, 8, 9, -2]),
  };
  const fast = evaluate(g, { values }, { runOp: compiledOps("fp16") });
  expect(fast).toEqual(evaluate(g, { values }));
});
