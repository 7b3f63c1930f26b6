/** The search for an input on which graphs differ: where it looks, what it counts, and what it says when it finds none. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import type { Graphs } from "../../../../src/dsl/host/twins.ts";
import { add, cast, gather, linear, maximum, mod, mul, real_div } from "../../../../src/dsl/ops/index.ts";
import { input, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../../src/dsl/type.ts";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { type CounterexampleOptions, searchDifference } from "../../../../src/passes/prove/refute/counterexample.ts";
import { sampleOf } from "../../../../src/passes/prove/refute/sample.ts";

type Value = Tensor<Shape, "fp16">;
type Make = (x: Value, tokens: number) => Tensor;
const T = 3;

type More = (tokens: number) => readonly Tensor<Shape, DType>[];
/** A mask and positions of 6 cache rows. */
const ROWS: More = (n) => [input("attn_mask", [n, 6]), input("position", [n], "int32")];

/** y of rows [T, 2], and what else the host feeds. */
const graphsOf = (make: Make, tokens = T, more: More = () => []): Graphs => {
  const build = (n: number, given: number) => {
    const x: Value = input("x", [n, 2]);
    return graph({ name: `g${n}`, inputs: [x, ...more(n)], outputs: { y: make(x, given) } });
  };
  // With one token the block has a number of its own, so that it can part from the step.
  return { block: build(tokens, tokens === 1 ? -1 : tokens), step: build(1, 1) };
};
const search = ({ block, step }: Graphs, options: CounterexampleOptions = {}, style = {}) =>
  searchDifference(provenPair(block, step), { budget: 200, ...options }, style);

const doubled: Make = (x) => mul(x, 2);
/** Twice x by the step, and three times x by a block of that many tokens or more. */
const parting =
  (from: number): Make =>
  (x, n) =>
    mul(x, Math.abs(n) >= from && n !== 1 ? 3 : 2);

describe("graphs that are equal", () => {
  test.each<readonly [string, CounterexampleOptions, string]>([
    ["by nine seeds, the last three with small rows", {}, "no difference found on 9 inputs (seeds 1 to 9)"],
    ["from the seed on", { seed: 40 }, "no difference found on 9 inputs (seeds 40 to 48)"],
    [
      "at every number of tokens, where they are built small",
      { small: (n) => graphsOf(doubled, n) },
      "no difference found on 27 inputs (seeds 1 to 9)",
    ],
  ])("are run %s", (_, options, searched) => {
    expect(search(graphsOf(doubled), options)).toEqual({ searched });
  });
});

describe("graphs that take positions", () => {
  /** Positions in a cache of 40 rows, modulo `n` in the block and as they are in the step. */
  const turning = (n: number, tokens = T): Graphs => {
    const build = (count: number, by: number) => {
      const [mask, at] = [input("attn_mask", [count, 40]), input("position", [count], "int32")];
      const y = cast(mod(at, by), { dtype: "fp16" });
      return graph({ name: `g${count}`, inputs: [mask, at], outputs: { y } });
    };
    return { block: build(tokens, n), step: build(1, 40) };
  };

  test.each([39, 40])("are run at the ends of the cache too: modulo %i of 40 rows", (n) => {
    const { searched, counterexample } = search(turning(n));
    expect(counterexample?.sample.rows.includes(39) ?? searched).toBe(
      n === 39 || "no difference found on 11 inputs (seeds 1 to 11)",
    );
  });
});

describe("graphs that differ", () => {
  test("are told by an input, made small", () => {
    const { searched, counterexample } = search(graphsOf(parting(1)));
    expect(searched).toBe("1 inputs");
    expect(counterexample).toMatchObject({ seed: 1, tokens: T, nonZero: 1 });
    expect(counterexample!.mismatch.block).toBe(1.5 * counterexample!.mismatch.step);
  });

  test("are told at the fewest tokens that show it", () => {
    const built: number[] = [];
    const small = (n: number) => {
      built.push(n);
      return graphsOf(parting(2), n);
    };
    const { searched, counterexample } = search(graphsOf(doubled), { small });
    expect(counterexample).toMatchObject({ tokens: 2, seed: 1 });
    expect(searched).toBe("10 inputs");
    expect(built.slice(0, 2)).toEqual([1, 2]);
    expect(search(graphsOf(doubled), { small: (n) => graphsOf(parting(1), n) }).counterexample!.tokens).toBe(1);
  });

  test("are made as small as the budget allows", () => {
    const left = (budget: number) => search(graphsOf(parting(1)), { budget }).counterexample!.nonZero;
    expect([left(0), left(200)]).toEqual([6, 1]);
  });

  /** x where it is less than 1.9, and 1.9 by the steps for what is more. */
  const capped: Make = (x, n) => (n === 1 ? add(mul(x, 0), 1.9) : maximum(x, 1.9));
  test("are run on seed after seed until one shows it; the input is the sample of its seed", () => {
    const pair = (({ block, step }) => provenPair(block, step))(graphsOf(capped));
    const largest = (seed: number) => Math.max(...sampleOf(pair, seed).arrays.get("input x")!);
    const quiet = (seed: number) => largest(seed) < 1.89;
    const seed = Array.from({ length: 500 }, (_, k) => k + 3).find(
      (k) => quiet(k - 2) && quiet(k - 1) && largest(k) > 1.95,
    )!;
    const found = search(graphsOf(capped), { seed: seed - 2, budget: 0 });
    expect(found.searched).toBe("3 inputs");
    expect(found.counterexample!.seed).toBe(seed);
    expect(found.counterexample!.sample).toEqual(sampleOf(pair, seed));
  });

  test("are run in the style that is asked for", () => {
    const follow = (style: object) =>
      [1, 2, 3, 4].map((seed) => {
        const [a, b, c] = search(graphsOf(parting(1), T, ROWS), { seed, budget: 0 }, style).counterexample!.sample.rows;
        return b === a! + 1 && c === a! + 2;
      });
    expect(follow({ rows: "contiguous" })).toEqual([true, true, true, true]);
    expect(follow({})).toContain(false);
  });
});

describe("graphs whose bits differ alone", () => {
  test("are not told by an input, and the search says so", () => {
    const near: Make = (x, n) => (n === 1 ? mul(mul(x, 3), 5) : mul(x, 15));
    expect(search(graphsOf(near))).toEqual({
      searched: "bits differ, but not the values in fp64 on 9 inputs (seeds 1 to 9)",
    });
  });
});

describe("inputs that do not keep what a proof would ask for", () => {
  const NONE = { searched: "no input that was tried kept what a proof would ask for" };
  const at =
    (height: number): Make =>
    (x, n) =>
      add(mul(x, n === 1 ? 2 : 3), mul(add(mul(x, 0), 100), height / 100));

  test.each<readonly [string, Make]>([
    ["a value is not finite", (x, n) => real_div(mul(x, n), 0)],
    [
      "an op is not defined for them",
      (x, n) => mul(gather(x, cast(add(mul(x, 0), 90 + n), { dtype: "int32" }), { axis: 0 }) as Value, 2),
    ],
  ])("are not counted where %s", (_, make) => {
    expect(search(graphsOf(make))).toEqual(NONE);
  });

  test("score no more than half of what shuts a row, where there is a mask", () => {
    expect(search(graphsOf(at(5100), T, ROWS))).toEqual(NONE);
    expect(search(graphsOf(at(-5100), T, ROWS))).toEqual(NONE);
    expect(search(graphsOf(at(4800), T, ROWS), { budget: 0 }).counterexample).toMatchObject({ seed: 1 });
    expect(search(graphsOf(at(-4800), T, ROWS), { budget: 0 }).counterexample).toMatchObject({ seed: 1 });
  });

  const masks =
    (...closed: readonly number[]): More =>
    (n) =>
      closed.map((x, k) => input(`mask${k}`, [n, 6], "fp16", { role: { kind: "mask", closed: x } }));
  test.each<readonly [number, string, More]>([
    [2000, "one of -4000", masks(-4000)],
    [1500, "the nearest of two", masks(-4000, -3000)],
    [500, "one of -1000", masks(-1000)],
    [5000, "-10000 where one of -999 shuts nothing", masks(-999)],
    [5000, "-10000 where one lies farther", masks(-60000)],
    [5000, "-10000 beside a truth value", (n) => [input("mask", [n, 6], "bool", { role: "mask" })]],
  ])("score no more than %d: half of %s", (most, _, more) => {
    for (const sign of [1, -1]) {
      expect(search(graphsOf(at(sign * 1.02 * most), T, more))).toEqual(NONE);
      expect(search(graphsOf(at(sign * 0.96 * most), T, more), { budget: 0 }).counterexample).toBeDefined();
    }
  });

  test("may score what they like where there is none", () => {
    expect(search(graphsOf(at(5100))).counterexample).toMatchObject({ seed: 1 });
  });
});

test("graphs too large to be run are not", () => {
  const large = graphsOf(
    (x) => linear(linear(x, weight("a", [9000, 2]) as Value), weight("b", [9000, 9000]) as Value) as Value,
  );
  expect(search(large)).toEqual({ searched: "the graphs are too large to be run here" });
  const small = (n: number) => (n < 3 ? graphsOf(doubled, n) : large);
  expect(search(large, { small })).toEqual({ searched: "the graphs are too large to be run here" });
  expect(search(large, { small: (n) => graphsOf(doubled, n) }).searched).toContain("27 inputs");
});
