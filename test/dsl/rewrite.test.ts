/** Graphs made again with other values in place of some. */
import { expect, test } from "vitest";
import { graph } from "../../src/dsl/graph.ts";
import { add, exp, split, tanh } from "../../src/dsl/ops/index.ts";
import { replaced, withResults } from "../../src/dsl/rewrite.ts";
import { input, type OpDef, type Tensor } from "../../src/dsl/tensor.ts";
import { lower } from "../../src/emit/write/lower.ts";

const [x, y] = [input("x", [4]), input("y", [4])] as const;

/** exp of x, split and added up; then of y. */
function replacedSplit() {
  const [a, b] = split(exp(x), { num_splits: 2, axis: 0 }) as readonly [Tensor, Tensor];
  const before = graph({ name: "g", inputs: [x, y], outputs: { z: add(a, b), w: tanh(y) } });
  const now = replaced(before, (value) => (value === x ? y : undefined));
  return { a, b, before, now, after: withResults(before, now) };
}

test("what is replaced is so wherever it was read, and all else is as it was", () => {
  const { before, after, now } = replacedSplit();
  expect(now(x)).toBe(y);
  const told = (g: typeof before) => lower(g).model.functions[0]!.operations.map(({ type }) => type);
  expect(told(after)).toEqual(told(before));
  const exponential = (z: Tensor) => (((z.def as OpDef).operands.x as Tensor).def as OpDef).operands.x as Tensor;
  expect(((exponential(after.outputs.z!).def as OpDef).operands.x as Tensor).name).toBe("y");
});

test("parts of one op stay parts of one", () => {
  const { a, b, now } = replacedSplit();
  const [first, second] = [a, b].map((part) => now(part).def as OpDef) as [OpDef, OpDef];
  expect(first.operands).not.toBe((a.def as OpDef).operands);
  expect(first.operands).toBe(second.operands);
});
