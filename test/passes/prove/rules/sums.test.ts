/** Rules of reductions as a whole: sums of which all but one summand are 0, and signs that leave a sum or a minimum. */
import { describe, expect, test } from "vitest";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { sparse } from "../../../../src/passes/prove/rules/sums.ts";
import { speak } from "../../../support/prove/asked.ts";
import type { Language } from "../../../support/prove/near/language.ts";

type Names = readonly ("0" | "x" | "y")[];

describe("a sum of few summands", () => {
  test.each<readonly [summands: Names, long: number | undefined, sum: "0" | "x" | undefined, rule: string | undefined]>(
    [
      [["0"], undefined, "0", "sum-zero"],
      [["0", "0", "0"], undefined, "0", "sum-zero"],
      [["0", "0"], 0, "0", "sum-zero"],
      [["x", "0"], undefined, "x", "sum-one-hot"],
      [["0", "x"], undefined, "x", "sum-one-hot"],
      [["0", "x", "0"], 0, "x", "sum-one-hot"],
      [["0", "x", "0"], 1, undefined, undefined],
      [["x", "x"], undefined, undefined, undefined],
      [["x", "0", "y"], undefined, undefined, undefined],
      [["x"], undefined, undefined, undefined],
    ],
  )("%j, the summand that stands for several %s: %s", (names, long, sum, rule) => {
    const l = speak();
    const terms: Readonly<Record<string, Term>> = { "0": l.n(0), x: l.x, y: l.y };
    const found = sparse(
      l.c,
      names.map((name) => terms[name]!),
      (k) => k !== long,
    );
    expect(found === (sum && terms[sum])).toBe(true);
    expect([...l.c.record.counts.keys()]).toEqual(rule ? [rule] : []);
  });
});

describe("a reduction", () => {
  type Pair = readonly [says: string, pair: (l: Language) => readonly [Term, Term], one: boolean];
  test.each<Pair>([
    ["Σ 0 is 0", ({ of, n }) => [of("sum", () => n(0)), n(0)], true],
    ["Σ −k is −Σ k", ({ of, neg }) => [of("sum", neg), neg(of("sum", (k) => k))], true],
    ["Σ −k is not Σ k", ({ of, neg }) => [of("sum", neg), of("sum", (k) => k)], false],
    ["min −k is −max k", ({ of, neg }) => [of("min", neg), neg(of("max", (k) => k))], true],
    ["min −k is not −min k", ({ of, neg }) => [of("min", neg), neg(of("min", (k) => k))], false],
    ["max −k is not −max k", ({ of, neg }) => [of("max", neg), neg(of("max", (k) => k))], false],
    ["max x is x", ({ of, x }) => [of("max", () => x), x], true],
    ["min x is x", ({ of, x }) => [of("min", () => x), x], true],
    ["Σ x is not x", ({ of, x }) => [of("sum", () => x), x], false],
    ["max k is not min k", ({ of }) => [of("max", (k) => k), of("min", (k) => k)], false],
  ])("%s", (_, pair, one) => {
    const [a, b] = pair(speak());
    expect(a === b).toBe(one);
  });
});
