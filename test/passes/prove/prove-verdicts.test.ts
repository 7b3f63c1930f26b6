/** What `prove` says in each of its verdicts, and what it leaves out; the whole is tried where a cut does not hold. */
import { describe, expect, test } from "vitest";
import { type ProveOptions, prove } from "../../../src/passes/prove/prove.ts";
import {
  type Fault,
  type Feeds,
  op,
  pairOf,
  type Results,
  table_,
  type Value,
  W,
} from "../../support/prove/corpus/fault.ts";
import { summary } from "../../support/prove/prove.ts";

const QUIET = { counterexample: false, secondOpinion: false, corollaries: false } as const;
const judged = (make: Fault["make"], options: ProveOptions = QUIET, tokens = 2) => {
  const { block, step } = pairOf({ make }, tokens, false);
  return prove(block, step, options);
};
/** The parts of a verdict. */
const parts = (verdict: object): string => Object.keys(verdict).sort().join(" ");
const COMMON = "milliseconds preconditions roles rules sizes verdict";
const sorted = (text: string): string => text.split(" ").sort().join(" ");

const other = (f: Feeds) => op.mul(f.x, f.tokens);
const bracketed = (f: Feeds) => (f.tokens === 1 ? op.add(op.add(f.x, f.z), f.x) : op.add(op.add(f.x, f.x), f.z));

describe("a verdict holds", () => {
  test.each<readonly [says: string, make: Fault["make"], options: ProveOptions, holds: string]>([
    ["of a proof in bits", (f) => op.tanh(f.x), QUIET, "anyCacheSize corollaries level"],
    ["of a proof over the reals why it is not exact", bracketed, QUIET, "anyCacheSize corollaries level notExact"],
    [
      "of a proof that is attacked how that ended",
      (f) => op.tanh(f.x),
      {},
      "anyCacheSize attacked corollaries level secondOpinion",
    ],
    ["of no proof what was not understood, and what was tried", other, QUIET, "finding searched"],
    ["of a refutation an input", other, { budget: 0 }, "counterexample finding secondOpinion"],
  ])("%s", (_, make, options, holds) => expect(parts(judged(make, options))).toBe(sorted(`${COMMON} ${holds}`)));

  test("of a proof whose preconditions nothing meets what stood in the way", () => {
    const verdict = judged((f) => op.real_div(op.mul(f.x, 0), op.mul(f.x, 0)), {});
    expect(parts(verdict)).toBe(sorted(`${COMMON} finding searched secondOpinion`));
    const reason = { code: "vacuous", unmet: expect.stringContaining("NaN") };
    expect(verdict).toMatchObject({ verdict: "NOT PROVEN", finding: { reason }, searched: "8 inputs" });
  });

  test("the sizes and roles of the graphs", () => {
    const rows = judged((f) => op.tanh(f.x), QUIET, 3);
    expect(rows.sizes).toMatchObject({ tokens: 3, slots: 0, segments: 1, distinct: 1, compared: 3 });
    expect(rows.roles).toEqual([{ input: "x", role: "rows", tokenAxis: 0, source: "shape" }]);
    const cached = judged((f) => ({ y: f.x, K: f.state("K", [7, 4]) }));
    expect(cached.sizes).toMatchObject({ tokens: 2, slots: 7, compared: 3 });
  });

  test("rules, those that fired most before others", () => {
    const thrice = (x: Value) => op.add(op.add(op.add(x, 0), 0), 0);
    const { rules } = judged((f) => op.add(op.mul(f.x, 1), thrice(f.z)));
    expect(rules).toMatchObject({ "add-zero": 12, "mul-one": 4 });
    expect(Object.values(rules)).toEqual(Object.values(rules).toSorted((a, b) => b - a));
    expect(Object.keys(rules).indexOf("add-zero")).toBeLessThan(Object.keys(rules).indexOf("mul-one"));
  });

  test("a bound only where something is masked out", () => {
    const seen = (f: Feeds) => op.exp(op.add(f.mask(), op.reduce_sum(W("w", [2]), { axes: [0] })));
    expect(judged(seen).gapBound).toBeGreaterThan(1000);
    expect("gapBound" in judged((f) => op.tanh(f.x))).toBe(false);
  });

  test("whether the number of cache rows mattered", () => {
    const any = (verdict: ReturnType<typeof judged>) => verdict.verdict === "PROVEN" && verdict.anyCacheSize;
    const early = (f: Feeds) =>
      op.mul(
        f.x,
        op.reshape(op.cast(op.less(f.at, table_([2], [1], "int32")), { dtype: "fp16" }), { shape: [f.tokens, 1] }),
      );
    const written = (f: Feeds) => op.scatter(f.state("K"), f.at, f.x, { axis: 0, mode: "update" });
    expect(any(judged((f) => ({ K: written(f) })))).toBe(true);
    expect(any(judged((f) => ({ y: early(f), K: written(f) })))).toBe(false);
  });

  test("the time that it took, and not more", () => {
    const from = performance.now();
    const { milliseconds } = judged((f) => op.tanh(f.x));
    expect(milliseconds).toBeGreaterThan(0);
    expect(milliseconds).toBeLessThanOrEqual(performance.now() - from);
  });
});

describe("what is not asked for", () => {
  test("no input is tried", () => expect(judged(other)).toMatchObject({ searched: "no input was tried" }));

  test("corollaries are none, else five", () => {
    const count = (options: ProveOptions) => {
      const verdict = judged((f) => op.tanh(f.x), { ...QUIET, ...options });
      return verdict.verdict === "PROVEN" ? verdict.corollaries.length : undefined;
    };
    expect([
      count({ corollaries: false }),
      count({ corollaries: true }),
      count({ corollaries: undefined as never }),
    ]).toEqual([0, 5, 5]);
  });

  test("corollaries that are asked for are derived", () => {
    const make = (f: Feeds) => ({
      y: f.x,
      old: Array(f.tokens)
        .fill(0)
        .reduce((h) => op.mul(h, 0.5), f.state("old", [4])) as Value,
    });
    const verdict = judged(make, { ...QUIET, corollaries: true });
    expect(verdict.verdict === "PROVEN" && verdict.corollaries.find((x) => x.name === "acceptPrefix")).toMatchObject({
      holds: false,
    });
  });
});

describe("where a cut does not hold", () => {
  /** Values that differ by their signs at n cuts, and whose sizes are the same. */
  const turned =
    (n: number, last = (x: Value) => op.abs(x)) =>
    (f: Feeds): Results => {
      const first = op.mul(f.x, f.tokens === 1 ? 1 : -1);
      return last(Array.from({ length: n - 1 }).reduce<Value>((h) => op.mul(h, 2), first));
    };
  /** How many segments each pass over the graphs has. */
  const passes = (make: Fault["make"], options: ProveOptions) => {
    const began: number[] = [];
    judged(make, { ...options, progress: (done, total) => void (done === 0 && began.push(total)) });
    return began;
  };

  test.each([
    [1, "PROVEN (exact)"],
    [8, "PROVEN (exact)"],
    [9, "NOT PROVEN"],
  ] as const)("%i cuts: %s", (n, verdict) => expect(summary(judged(turned(n)))).toBe(verdict));

  test("the whole is tried once more, but not where there was no cut", () => {
    expect(passes(turned(1), QUIET)).toEqual([2, 1]);
    expect(
      passes(
        turned(1, (x) => op.mul(x, 3)),
        QUIET,
      ),
    ).toEqual([2, 1]);
    expect(summary(judged(turned(1, (x) => op.mul(x, 3))))).toBe("NOT PROVEN");
    expect(passes(other, QUIET)).toEqual([1]);
  });

  test("nor where an input has shown the difference", () => {
    const differs = turned(1, (x) => op.mul(x, 3));
    expect(passes(differs, { ...QUIET, counterexample: true, budget: 0 })).toEqual([2]);
    expect(summary(judged(differs, { ...QUIET, counterexample: true, budget: 0 }))).toBe("REFUTED");
    expect(summary(judged(turned(1), { ...QUIET, counterexample: true }))).toBe("PROVEN (exact)");
  });
});
