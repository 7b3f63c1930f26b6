/** Outputs of which a host reads the row of one token: proven, refuted and run as such, and near misses. */
import { describe, expect, test } from "vitest";
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import { add, concat, mul, reduce_mean, slice_by_size } from "../../../../src/dsl/ops/index.ts";
import { input, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import { parity } from "../../../../src/passes/parity/parity.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { pairOf } from "../../../support/parity.ts";

type Value = Tensor<Shape, "fp16">;

const T = 3;

/** What a graph gives of its rows, and what of them is read. */
interface Given {
  readonly y: (rows: Value) => Value;
  readonly read?: number;
  /** Whether the state is wrong in the block. */
  readonly wrong?: boolean;
}

/** Rows x [1, T, 4], scaled; a state holds that of the last token, eight times. */
function of(tokens: number, { y, read, wrong = false }: Given): Graph {
  const x: Value = input("x", [1, tokens, 4]);
  const rows: Value = mul(x, weight("w", [4]) as Value) as Value;
  const before = state("last", [1, 8, 4]);
  const last = concat(new Array(8).fill(row(wrong ? twice(x) : x, tokens - 1)), { axis: 1 }) as Value;
  const made = graph({ name: `g${tokens}`, inputs: [x], states: [[before, last]], outputs: { y: y(rows) } });
  return read === undefined ? made : { ...made, readRow: new Map([["y", read]]) };
}

const row = (x: Value, t: number): Value => slice_by_size(x, [0, t, 0], { size: [1, 1, 4] }) as Value;
const whole = (x: Value): Value => x;
const step = of(1, { y: whole });
/** All rows, of which one is another. */
const but =
  (t: number, other: (x: Value) => Value) =>
  (x: Value): Value =>
    concat(
      Array.from({ length: T }, (_, k) => (k === t ? other(row(x, k)) : row(x, k))),
      { axis: 1 },
    ) as Value;
const twice = (x: Value): Value => mul(x, 2) as Value;

const RIGHT: readonly (readonly [string, Given])[] = [
  ["the first row of those that it gives", { y: whole, read: 0 }],
  ["the first row alone", { y: (x) => row(x, 0), read: 0 }],
  ["the last row alone", { y: (x) => row(x, T - 1), read: T - 1 }],
  ["one in the middle", { y: (x) => row(x, 1), read: 1 }],
  ["the first of rows of which the others are wrong", { y: but(1, twice), read: 0 }],
  ["the last of rows of which the first is wrong", { y: but(0, twice), read: T - 1 }],
];

test.each(RIGHT)("proven, and equal in runs: %s", async (_, given) => {
  expect(prove(of(T, given), step)).toMatchObject({ verdict: "PROVEN", level: "exact" });
  expect((await parity(pairOf(of(T, given), step, 4))).equal).toBe(true);
});

const WRONG: readonly (readonly [string, Given])[] = [
  ["the last row, where the first is read", { y: (x) => row(x, T - 1), read: 0 }],
  ["the first row, where the last is read", { y: (x) => row(x, 0), read: T - 1 }],
  ["the row before", { y: (x) => row(x, 0), read: 1 }],
  ["the right row, scaled", { y: (x) => twice(row(x, 0)), read: 0 }],
  ["all rows, of which the one that is read is wrong", { y: but(2, twice), read: 2 }],
  ["the mean of all rows", { y: (x) => reduce_mean(x, { axes: [1], keep_dims: true }) as Value, read: 0 }],
  ["the sum of two rows", { y: (x) => add(row(x, 0), row(x, 1)) as Value, read: 0 }],
  ["the right row, and another state", { y: (x) => row(x, 0), read: 0, wrong: true }],
  ["rows of which all are read, one of them wrong", { y: but(1, twice) }],
];

test.each(WRONG)("refuted, and different in runs: %s", async (_, given) => {
  expect(prove(of(T, given), step).verdict).toBe("REFUTED");
  expect((await parity(pairOf(of(T, given), step, 4))).equal).toBe(false);
});

describe("refused", () => {
  test("a row of a token that the block has not", () => {
    expect(() => prove(of(T, { y: whole, read: T }), step)).toThrow(`row ${T} of output "y", of ${T} tokens`);
  });

  test("two rows of three, whichever is read", () => {
    const two = (x: Value) => concat([row(x, 0), row(x, 1)], { axis: 1 }) as Value;
    expect(() => prove(of(T, { y: two, read: 0 }), step)).toThrow("it has no row per token to compare");
  });

  test("one row of which nobody says whose it is", () => {
    expect(() => prove(of(T, { y: (x) => row(x, 0) }), step)).toThrow("it has no row per token to compare");
  });
});
