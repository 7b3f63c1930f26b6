/** Random data that keep the preconditions: which numbers there are, how large, and which rows tokens write and see. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { add, reduce_sum } from "../../../../src/dsl/ops/index.ts";
import { input, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../../src/dsl/type.ts";
import { provenPair, type Stored } from "../../../../src/passes/prove/program/pair.ts";
import { type Style, sampleOf, uniform } from "../../../../src/passes/prove/refute/sample.ts";

describe("a uniform stream", () => {
  test("is that of mulberry32, from 0 to 1 there and from −1 to 1 here", () => {
    const next = uniform(1);
    const published = [0.6270739405881613, 0.002735721180215478, 0.5274470399599522];
    for (const x of published) expect((next() + 1) / 2).toBeCloseTo(x, 12);
  });

  test("spreads evenly, and is the same for the same seed", () => {
    const drawn = Array.from({ length: 4000 }, uniform(7));
    for (const [from, to] of [
      [-1, -0.5],
      [-0.5, 0],
      [0, 0.5],
      [0.5, 1],
    ] as const)
      expect(Math.abs(drawn.filter((x) => x >= from && x < to).length - 1000)).toBeLessThan(100);
    expect(Array.from({ length: 4000 }, uniform(7))).toEqual(drawn);
    expect(Array.from({ length: 4000 }, uniform(8))).not.toEqual(drawn);
  });
});

describe("the numbers of a sample", () => {
  const pair = pairOf((tokens) => ({
    inputs: [
      input("x", [tokens, 300]),
      input("shared", [2, 200]),
      input("ids", [tokens, 300], "int32", { role: "rows" }),
      input("position", [tokens], "int32"),
      input("attn_mask", [tokens, 5]),
      input("kv_write_mask", [5, tokens]),
    ],
    states: [state("x2", [5, 60]), state("x3", [5, 60])],
    weights: [
      weight("vector", [1, 300]),
      weight("matrix", [20, 30]),
      ...(tokens === 1 ? [weight("of the step", [2, 2])] : [weight("of the block", [3])]),
    ],
  }));
  const largestOf = (data: Float64Array): number => data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const shown = (style: Style, weights?: "random" | "own") =>
    Object.fromEntries([...sampleOf(pair, 1, style, weights).arrays].map(([key, data]) => [key, data.length]));

  test("are those of rows, shared inputs, states and the weights of both graphs", () => {
    expect(shown({})).toEqual({
      "input rows": 2,
      "input x": 2 * 300,
      "input shared": 400,
      "input ids": 2 * 300,
      "state x2": 300,
      "state x3": 300,
      "weight vector": 300,
      "weight matrix": 600,
      "weight of the block": 3,
      "weight of the step": 4,
    });
  });

  test("are none of weights where the graphs hold their own", () => {
    const { arrays } = sampleOf(pair, 1, {}, "own");
    expect([...arrays.keys()]).toEqual(["input rows", "input x", "input shared", "input ids", "state x2", "state x3"]);
  });

  const REACH: readonly (readonly [string, Style, number])[] = [
    ["input x", {}, 2],
    ["input shared", {}, 2],
    ["input x", { scale: 12 }, 12],
    ["input x", { stale: 30 }, 2],
    ["input x", { scale: 1 / 16 }, 1 / 16],
    ["state x2", {}, 2],
    ["state x2", { stale: 30 }, 30],
    ["state x2", { scale: 12 }, 2],
    ["weight vector", { scale: 12, stale: 30 }, 1],
    ["weight matrix", { scale: 12, stale: 30 }, 0.6],
    ["input ids", {}, 16],
  ];
  test.each(REACH)("%s in the style %j reaches %d", (key, style, most) => {
    const data = sampleOf(pair, 1, style).arrays.get(key)!;
    const found = largestOf(data);
    // An element of fp16 may be the next one above.
    expect(found).toBeLessThanOrEqual(most * (1 + 2 ** -11));
    expect(found).toBeGreaterThan(0.95 * most);
    expect(new Set(data).size).toBeGreaterThan(20);
  });

  test("are of the dtype of what they feed", () => {
    const { arrays } = sampleOf(pair, 1);
    expect(arrays.get("input ids")!.every(Number.isInteger)).toBe(true);
    expect(arrays.get("input x")!.some(Number.isInteger)).toBe(false);
    expect(arrays.get("input x")!.every((x) => x * 2 ** 24 === Math.round(x * 2 ** 24))).toBe(true);
  });

  test("are others for another name or seed, and the same for the same", () => {
    const of = (seed: number, key: string) => [...sampleOf(pair, seed).arrays.get(key)!];
    expect(of(1, "state x2")).not.toEqual(of(1, "state x3"));
    expect(of(1, "state x2")).not.toEqual(of(2, "state x2"));
    expect(of(1, "state x2")).toEqual(of(1, "state x2"));
  });
});

describe("a weight of which graphs read parts", () => {
  const parts = (...rows: readonly (readonly [number, number])[]) =>
    pairOf(() => ({
      inputs: [],
      weights: rows.map((r) => weight("w", [r[1] - r[0], 4], { rows: r })),
    }));
  test.each<readonly [string, ReturnType<typeof parts>, number]>([
    ["the first rows before the last", parts([0, 2], [3, 5]), 20],
    ["the last rows before the first", parts([3, 5], [0, 2]), 20],
    ["a part alone", parts([1, 3]), 12],
  ])("is as long as the last of them, %s", (_, pair, length) => {
    expect(sampleOf(pair, 1).arrays.get("weight w")).toHaveLength(length);
    // The same numbers, whichever part came first.
    const data = sampleOf(pair, 1).arrays.get("weight w")!;
    expect(data.slice(0, 12)).toEqual(sampleOf(parts([0, 3]), 1).arrays.get("weight w"));
  });
});

test("a stored tensor that counts as a constant has no numbers of its own", () => {
  const stored = (name: string, offset: number): Tensor => {
    const source = { from: "package", sha256: name, file: "f", offset } as const;
    return { ...weight(name, [3]), def: { kind: "weight", source } };
  };
  const make = () => ({ inputs: [], weights: [stored("table", 0), stored("data", 64)] });
  const tableOf: Stored["tableOf"] = (source) => ("offset" in source && source.offset === 0 ? [1, 2, 3] : undefined);
  const keys = (more?: Stored) => [...sampleOf(pairOf(make, more), 1).arrays.keys()].slice(1);
  expect(keys({ tableOf })).toEqual(["weight sha256:data"]);
  expect(keys()).toEqual(["weight sha256:table", "weight sha256:data"]);
});

interface Parts {
  readonly inputs: readonly Tensor<Shape, DType>[];
  readonly states?: readonly Tensor[];
  readonly weights?: readonly Tensor[];
}

/** Graphs in whose output every weight has a part. */
function pairOf(parts: (tokens: number) => Parts, stored?: Stored) {
  const build = (tokens: number) => {
    const { inputs, states = [], weights = [] } = parts(tokens);
    const rows: Tensor<Shape, "fp16"> = input("rows", [tokens, 1]);
    const y = weights.reduce((sum, w) => {
      const total = reduce_sum(w as never, { axes: w.type.shape.map((_, axis) => axis), keep_dims: true });
      return add(sum, total as never) as typeof rows;
    }, rows);
    return graph({
      name: `g${tokens}`,
      inputs: [rows, ...inputs],
      states: states.map((s) => [s, s]),
      outputs: { y },
    });
  };
  return provenPair(build(2), build(1), stored);
}
