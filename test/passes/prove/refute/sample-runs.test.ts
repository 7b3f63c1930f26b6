/** Runs of the block and of its steps on one sample: what each is fed, and that states are passed on. */
import { describe, expect, test } from "vitest";
import { GraphError } from "../../../../src/dsl/error.ts";
import { graph } from "../../../../src/dsl/graph.ts";
import { add, mul, reduce_sum } from "../../../../src/dsl/ops/index.ts";
import { nowhere } from "../../../../src/dsl/site.ts";
import { input, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import type { NDArray } from "../../../../src/passes/interpret/array.ts";
import { IndexError } from "../../../../src/passes/interpret/reading.ts";
import { provenPair, type Stored } from "../../../../src/passes/prove/program/pair.ts";
import {
  bothRunner,
  type OwnRuns,
  ownRunner,
  runWhereDefined,
  sampleOf,
} from "../../../../src/passes/prove/refute/sample.ts";

type Value = Tensor<Shape, "fp16">;
const T = 3;

/** y = x · w of every token's row, and a state that each call adds the sum of its rows to. */
const summing = (w: Value, stored?: Stored) => {
  const build = (tokens: number) => {
    const x: Value = input("x", [tokens, 2]);
    const acc: Value = state("acc", [1, 2]);
    const next = add(acc, reduce_sum(x, { axes: [0], keep_dims: true })) as Value;
    return graph({ name: `g${tokens}`, inputs: [x], states: [[acc, next]], outputs: { y: mul(x, w) } });
  };
  return provenPair(build(T), build(1), stored);
};

/** Small whole numbers, so that fp16 keeps every sum. */
const sampled = (pair: ReturnType<typeof summing>, weights: Readonly<Record<string, readonly number[]>>) => ({
  ...sampleOf(pair, 1),
  arrays: new Map(
    Object.entries({ "input x": [1, 2, 3, 4, 5, 6], "state acc": [100, 200], ...weights }).map(
      ([key, data]) => [key, Float64Array.from(data)] as const,
    ),
  ),
});

describe("the runs", () => {
  const pair = summing(weight("w", [2]) as Value);
  const sample = sampled(pair, { "weight w": [10, 100] });
  const runs = bothRunner(pair, "fp16")(sample);

  test("are one of the block and one of the step for every token, each of its row", () => {
    expect([...runs.block.outputs.y!.data]).toEqual([10, 200, 30, 400, 50, 600]);
    expect(runs.steps.map(({ outputs }) => [...outputs.y!.data])).toEqual([
      [10, 200],
      [30, 400],
      [50, 600],
    ]);
  });

  test("pass the states on", () => {
    expect([...runs.block.states.acc!.data]).toEqual([109, 212]);
    expect(runs.steps.map(({ states }) => [...states.acc!.data])).toEqual([
      [101, 202],
      [104, 206],
      [109, 212],
    ]);
  });

  test("leave the sample as it was, and may be made again", () => {
    const run = bothRunner(pair, "fp16");
    run(sample);
    expect(run(sample)).toEqual(runs);
    expect([...sample.arrays.get("state acc")!]).toEqual([100, 200]);
  });

  test("show every value on the way", () => {
    const seen: Tensor[] = [];
    bothRunner(pair, "fp16")(sample, (value) => seen.push(value));
    expect(seen.filter((x) => x === pair.block.outputs.y)).toHaveLength(1);
    expect(seen.filter((x) => x === pair.step.outputs.y)).toHaveLength(T);
  });

  test.each([
    ["fp16", 1],
    ["fp64", 1 + 2 ** -12],
  ] as const)("round in %s as it does", (precision, product) => {
    const fine = sampled(pair, { "input x": [1, 1, 1, 1, 1, 1], "weight w": [1 + 2 ** -12, 1] });
    expect(bothRunner(pair, precision)(fine).block.outputs.y!.data[0]).toBe(product);
  });
});

describe("a weight", () => {
  test.each<readonly [readonly [number, number], readonly number[]]>([
    [
      [0, 1],
      [10, 20],
    ],
    [
      [2, 3],
      [50, 60],
    ],
    [
      [1, 2],
      [30, 40],
    ],
  ])("of rows %j is that part of the stored one", (rows, own) => {
    const pair = summing(weight("w", [1, 2], { rows }) as Value);
    const { block } = bothRunner(pair, "fp64")(sampled(pair, { "weight w": [10, 20, 30, 40, 50, 60] }));
    expect([...block.outputs.y!.data]).toEqual([1, 2, 3, 4, 5, 6].map((x, k) => x * own[k % 2]!));
  });

  test("that counts as a constant is what the table says", () => {
    const source = { from: "package", sha256: "s", file: "f", offset: 0 } as const;
    const table = { ...weight("w", [2]), def: { kind: "weight", source } } as Value;
    const pair = summing(table, { tableOf: () => [7, 9] });
    const { block, steps } = bothRunner(pair, "fp64")(sampled(pair, {}));
    expect([...block.outputs.y!.data]).toEqual([7, 18, 21, 36, 35, 54]);
    expect([...steps[1]!.outputs.y!.data]).toEqual([21, 36]);
  });
});

test("calls of the graphs' own are made with the same feeds and states, in the precision asked for", () => {
  const pair = summing(weight("w", [2]) as Value);
  const told: unknown[] = [];
  const see = () => {};
  const calls: OwnRuns = {
    call: (g, precision, values, shown) => {
      told.push([g, precision, ...["x", "acc"].map((name) => [...values[name]!.data]), shown]);
      const acc: NDArray = { ...values.acc!, data: values.acc!.data.map((x) => x + 1) };
      return { outputs: {}, states: { acc } };
    },
  };
  const runs = ownRunner(pair, "fp64", calls)(sampled(pair, {}), see);
  expect(told).toEqual([
    [pair.block, "fp64", [1, 2, 3, 4, 5, 6], [100, 200], see],
    [pair.step, "fp64", [1, 2], [100, 200], see],
    [pair.step, "fp64", [3, 4], [101, 201], see],
    [pair.step, "fp64", [5, 6], [102, 202], see],
  ]);
  expect(runs.steps).toHaveLength(T);
  expect([...runs.steps[2]!.states.acc!.data]).toEqual([103, 203]);
});

describe("a run where an op is not defined", () => {
  const throwing = (error: unknown) => () => {
    throw error;
  };
  test("has no result", () => {
    expect(runWhereDefined(throwing(new GraphError("gather: outside", nowhere)))).toBe(undefined);
    expect(runWhereDefined(throwing(new IndexError(7, 3)))).toBe(undefined);
  });

  test("has one elsewhere, and hides no other error", () => {
    expect(runWhereDefined(() => 7)).toBe(7);
    const other = new TypeError("a fault");
    expect(() => runWhereDefined(throwing(other))).toThrow(other);
    expect(() => runWhereDefined(throwing("text"))).toThrow("text");
  });
});
