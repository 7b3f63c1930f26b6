/** An input on which graphs differ is made small: what the difference does not need becomes 0, the rest 1 where that will do. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { exp, linear } from "../../../../src/dsl/ops/index.ts";
import { input, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import type { ProvenPair } from "../../../../src/passes/prove/program/pair.ts";
import { type Apart, type Arrays, unrun as pairOf, shrunk } from "../../../support/prove/shrunk.ts";

describe("what is left", () => {
  const place = fc.record({ name: fc.constantFrom("a", "b", "c"), k: fc.nat(8) });

  test("is what the difference needs, and no more", () => {
    const lengths = fc.record({ a: fc.integer({ min: 1, max: 9 }), b: fc.integer({ min: 1, max: 9 }), c: fc.nat(9) });
    fc.assert(
      fc.property(lengths, fc.array(place, { minLength: 1, maxLength: 6 }), (sizes, places) => {
        const needed = places.filter(({ name, k }) => k < sizes[name as keyof typeof sizes]);
        const arrays = Object.fromEntries(
          Object.entries(sizes).map(([name, n]) => [name, Array.from({ length: n }, (_, k) => k + 2)]),
        );
        const { left } = shrunk(arrays, (at) => (needed.every(({ name, k }) => at(name, k) !== 0) ? 1 : 0), 500);
        for (const [name, data] of Object.entries(left))
          expect(data).toEqual(data.map((_, k) => Number(needed.some((p) => p.name === name && p.k === k))));
      }),
      { numRuns: 100 },
    );
  });

  test.each<readonly [string, Arrays, Apart, Arrays]>([
    [
      "stays as it is where 1 will not do",
      { a: [3, 7], b: [4] },
      (at) => Number(at("a", 1) > 5),
      { a: [0, 7], b: [0] },
    ],
    [
      "becomes 1 array by array",
      { a: [3, 7], b: [4, 5] },
      (at) => Number(at("a", 1) > 5 && at("b", 0) > 0),
      { a: [0, 7], b: [1, 0] },
    ],
    ["is no 1 where there was a 0", { a: [0, 4, 0, 6] }, (at) => at("a", 1) * at("a", 3), { a: [0, 1, 0, 1] }],
    ["may be negative", { a: [-3, -4] }, (at) => Number(at("a", 0) < 0), { a: [-3, 0] }],
    ["keeps the preconditions", { a: [3, 4] }, (at) => (at("a", 0) === 0 ? undefined : 1), { a: [1, 0] }],
  ])("%s", (_, arrays, apart, expected) => {
    expect(shrunk(arrays, apart, 100).left).toEqual(expected);
  });

  test("differs in both precisions", () => {
    const needs =
      (k: number): Apart =>
      (at) =>
        Number(at("a", k) !== 0);
    const { left } = shrunk({ a: [3, 4, 5, 6] }, { fp16: needs(1), fp64: needs(2) }, 100);
    expect(left).toEqual({ a: [0, 1, 1, 0] });
  });
});

describe("the runs", () => {
  const last: Apart = (at) => Number(at("a", 7) !== 0);
  const eight = [2, 3, 4, 5, 6, 7, 8, 9];

  test("zero the largest part first, and halve what cannot go; where its first half can, the second is needed", () => {
    expect(shrunk({ a: eight, b: [2, 3] }, last, 100).zeroed).toEqual(["a 0-7", "a 0-3", "b 0-1", "a 4-5", "a 6-6"]);
    const first: Apart = (at) => Number(at("a", 0) !== 0);
    expect(shrunk({ a: eight }, first, 100).zeroed).toEqual([
      ...["a 0-7", "a 0-3", "a 4-7"],
      ...["a 0-1", "a 2-3", "a 0-0", "a 1-1"],
    ]);
  });

  test("are none for what is 0 already, nor for what is 1 already", () => {
    const { runs } = shrunk({ a: [1, 0], b: [0, 0, 0] }, (at) => Number(at("a", 0) !== 0), 100);
    // The input as it is; all of a; its first half, its second being 0.
    expect(runs).toBe(3);
    // What is 0 already in the first half could go: the second is needed. At last it is made 1.
    expect(shrunk({ a: [0, 5] }, (at) => at("a", 1), 100).runs).toBe(3);
    expect(shrunk({ a: [1, 0, 1] }, (at) => at("a", 0) * at("a", 2), 100).left).toEqual({ a: [1, 0, 1] });
  });

  test.each([0, 1, 2, 3])("are no more than the budget of %d, the ones aside", (budget) => {
    expect(shrunk({ a: eight }, last, budget).zeroed).toEqual(["a 0-7", "a 0-3", "a 4-5"].slice(0, budget));
  });

  const linearOf = (n: number): ProvenPair =>
    pairOf((x) => linear(x, weight("w", [n, n]) as Tensor<Shape, "fp16">) as typeof x, n);
  test.each<readonly [string, ProvenPair, number]>([
    ["no more than 400 of cheap graphs", pairOf((x) => exp(x) as typeof x, 2), 400],
    // 3 · 400² operations, of 4·10⁷.
    ["fewer the more they cost", linearOf(400), 83],
    ["no fewer than 20 of costly ones", linearOf(4000), 20],
  ])("are %s where no number is given", (_, pair, most) => {
    const all = Array.from({ length: 1000 }, () => 2);
    const { zeroed } = shrunk(
      { a: all },
      (_at, arrays) => Number(arrays.get("a")!.every((x) => x !== 0)),
      undefined,
      pair,
    );
    expect(zeroed).toHaveLength(most);
  });
});

describe("an input whose difference a rounding may explain", () => {
  test.each<readonly [string, Apart]>([
    ["a small one in fp64", () => 0.009],
    ["none in fp64", () => 0],
    ["one that does not keep the preconditions in fp64", () => undefined],
  ])("is left as it is: %s", (_, fp64) => {
    expect(shrunk({ a: [3, 4] }, { fp16: () => 1, fp64 }, 100).left).toEqual({ a: [3, 4] });
  });

  test("is made small where it is larger", () => {
    expect(shrunk({ a: [3, 4] }, { fp16: () => 1, fp64: () => 0.011 }, 100).left).toEqual({ a: [0, 0] });
  });
});

describe("a counterexample", () => {
  const pair = pairOf((x) => exp(x) as typeof x, 2);
  const { counterexample } = shrunk(
    { a: [3, 0, 4], b: [5, 6] },
    (at) => Number(at("a", 0) > 2 && at("b", 0) > 0),
    100,
    pair,
  );

  test("tells of the numbers, the sizes and the seed", () => {
    expect(counterexample).toMatchObject({ nonZero: 2, numbers: 5, tokens: 2, slots: 0, seed: 7 });
    expect(counterexample.pair).toBe(pair);
    expect(counterexample.sample.rows).toEqual([1, 0]);
  });

  test("tells where the graphs differ in fp16", () => {
    expect(counterexample.mismatch).toEqual({ name: "y", index: [0, 0], token: 0, block: 1, step: 0 });
    const { mismatch } = shrunk({ a: [3] }, { fp16: () => 2, fp64: () => 1 }, 9).counterexample;
    expect(mismatch.block).toBe(2);
  });

  test("has the cache rows of its pair", () => {
    const masked = pairOf((x) => exp(x) as typeof x, 2, [input("attn_mask", [2, 5]), input("attn_mask", [1, 5])]);
    expect(shrunk({ a: [3] }, () => 1, 9, masked).counterexample.slots).toBe(5);
  });
});
