/** The tokens that rows read, as they are seen by running both graphs: of causal attention, and of what reads other rows. */
import { expect, test } from "vitest";
import { pictureLines } from "../../../../src/cli/verdict/picture.ts";
import { graph } from "../../../../src/dsl/graph.ts";
import { add, mul, reduce_sum, reshape, reverse, transpose } from "../../../../src/dsl/ops/index.ts";
import { input, state, type Tensor } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { tokensRead } from "../../../../src/passes/prove/refute/tokens-read.ts";

type Value = Tensor<Shape, "fp16">;
const T = 3;

/** y of rows x [T, 4] in a block; the step doubles its row. */
function readOf(make: (x: Value) => Tensor) {
  const build = (n: number, y: (x: Value) => Tensor) => {
    const x: Value = input("x", [n, 4]);
    return graph({ name: `g${n}`, inputs: [x], outputs: { y: y(x) } });
  };
  const verdict = prove(
    build(T, make),
    build(1, (x) => mul(x, 2)),
  );
  if (verdict.verdict !== "REFUTED") throw new Error(verdict.verdict);
  return tokensRead(verdict.counterexample);
}

const rows = (...block: readonly (readonly number[])[]) => ({
  output: "y",
  rows: block.map((read, token) => ({ token, block: read, steps: [token] })),
});

test.each<readonly [string, (x: Value) => Tensor, readonly (readonly number[])[]]>([
  ["its own row, another number", (x) => mul(x, 3), [[0], [1], [2]]],
  ["rows the other way round", (x) => mul(reverse(x, { axes: [0] }), 2), [[2], [1], [0]]],
  [
    "all of them",
    (x) => add(mul(x, 2), reduce_sum(x, { axes: [0], keep_dims: true })),
    [
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ],
  ],
  [
    "an axis flattened without its permutation",
    (x) => mul(reshape(transpose(x, { perm: [1, 0] }), { shape: [T, 4] }), 2),
    [
      [0, 1, 2],
      [0, 1, 2],
      [0, 1, 2],
    ],
  ],
  ["none", (x) => mul(x, 0), [[], [], []]],
])("%s", (_, make, expected) => {
  expect(readOf(make)).toEqual(rows(...expected));
});

test("where a state differs, of the first output whose rows read other tokens", () => {
  const build = (n: number, by: number) => {
    const [x, k] = [input("x", [n, 4]), state("k", [1, 8])];
    const turned = n === 1 ? mul(x, 2) : mul(reverse(x, { axes: [0] }), 2);
    return graph({ name: `g${n}`, inputs: [x], states: [[k, add(k, by)]], outputs: { same: mul(x, 3), y: turned } });
  };
  const verdict = prove(build(T, 1), build(1, 1));
  if (verdict.verdict !== "REFUTED") throw new Error(verdict.verdict);
  const { counterexample } = verdict;
  const ofState = { ...counterexample, mismatch: { ...counterexample.mismatch, name: "k", token: undefined } };
  expect(tokensRead(ofState as never)).toEqual(rows([2], [1], [0]));
});

test("nothing is told of a difference in a state alone, nor of one token", () => {
  const build = (n: number, by: number) => {
    const [x, k] = [input("x", [n, 4]), state("k", [1, 8])];
    return graph({ name: `g${n}`, inputs: [x], states: [[k, add(k, by)]], outputs: { y: mul(x, 2) } });
  };
  const ofState = prove(build(2, 1), build(1, 1));
  expect(ofState.verdict === "REFUTED" && ofState.counterexample.mismatch.name).toBe("k");
  expect(ofState.verdict === "REFUTED" && tokensRead(ofState.counterexample)).toBe(undefined);
  const one = (by: number) => {
    const x = input("x", [1, 4]);
    return graph({ name: "g", inputs: [x], outputs: { y: mul(x, by) } });
  };
  const ofOne = prove(one(2), one(3));
  expect(ofOne.verdict === "REFUTED" && tokensRead(ofOne.counterexample)).toBe(undefined);
});

test("the picture shows the rows that differ, and what comes after a row's own token", () => {
  const sides = { one: "block", other: "steps" };
  expect(pictureLines(undefined, sides)).toEqual([]);
  expect(pictureLines(rows([0], [1]), sides)).toEqual([]);
  expect(pictureLines(rows([0, 1], [1], []), sides)).toEqual([
    "  row of y  block reads tokens  steps read",
    "  --------  ------------------  ----------",
    "  token 0   0 1!                         0",
    "  token 2   none                         2",
  ]);
  const many = rows(...Array.from({ length: 11 }, () => [99]));
  expect(pictureLines(many, sides)).toHaveLength(2 + 8 + 1);
  expect(pictureLines(many, sides).at(-1)).toBe("  and 3 more");
});
