/** Over the reals: what leaves a sum or a maximum, and what stays in it. */
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { close } from "../../../../src/passes/prove/logic/lambda.ts";
import { num, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Range, Term } from "../../../../src/passes/prove/logic/terms.ts";
import * as reals from "../../../../src/passes/prove/reading/reals.ts";
import { type Language, language } from "../../../support/prove/reals-language.ts";

/** How often each rule fired, in the order of their names. */
const counted = ({ c }: Language): string =>
  [...c.record.counts]
    .map(([name, count]) => `${name} ${count}`)
    .sort()
    .join(", ");

/** Reductions of a body over four places or over other rows. */
const OVER: Readonly<Record<string, Range>> = {
  four: { kind: "interval", n: 4 },
  "other rows": { kind: "other rows", size: 4 },
};
describe.each(Object.entries(OVER))("over %s", (_, range) => {
  function parts() {
    const l = language();
    const { c } = l;
    const s = c.store.indices;
    const v = range.kind === "interval" ? ix.variable(s, "v", 4) : ix.rest(s, "v", 4);
    const atom = v.atoms[0]!;
    const K = (name = "K"): Term => raw(c, { kind: "leaf", leaf: { of: "state", name, dtype: "fp16" } }, [], [v]);
    return {
      ...l,
      K,
      sum: (body: Term) => reals.sum(c, range, atom, body),
      max: (body: Term) => reals.maxOver(c, range, atom, body),
      closed: (how: "sum" | "max", body: Term) => close(c, how, range, atom, body),
      count: range.kind === "interval" ? num(c, 4) : close(c, "sum", range, atom, num(c, 1)),
    };
  }
  type Parts = ReturnType<typeof parts>;

  test.each<readonly [says: string, whole: (p: Parts) => Term, apart: (p: Parts) => Term]>([
    ["a sum", ({ K, sum }) => sum(K()), ({ K, closed }) => closed("sum", K())],
    [
      "a sum of sums",
      ({ K, add, sum }) => sum(add(K(), K("L"))),
      ({ K, add, closed }) => add(closed("sum", K()), closed("sum", K("L"))),
    ],
    [
      "a sum with a factor",
      ({ K, mul, n, sum, x }) => sum(mul(n(3), x, K())),
      ({ K, closed, mul, n, x }) => mul(n(3), x, closed("sum", K())),
    ],
    [
      "a sum of products",
      ({ K, mul, sum, x }) => sum(mul(x, K(), K("L"))),
      ({ K, closed, mul, x }) => mul(x, closed("sum", mul(K(), K("L")))),
    ],
    ["a sum of a number", ({ n, sum }) => sum(n(3)), ({ count, mul, n }) => mul(count, n(3))],
    [
      "… and more",
      ({ K, add, n, sum }) => sum(add(K(), n(-2))),
      ({ K, add, closed, count, mul, n }) => add(closed("sum", K()), mul(count, n(-2))),
    ],
    [
      "a sum of what does not vary",
      ({ mul, n, sum, x, y }) => sum(mul(n(2), x, y)),
      ({ count, mul, n, x, y }) => mul(n(2), x, y, count),
    ],
    ["a largest of 0", ({ max, n }) => max(n(0)), ({ n }) => n(0)],
    ["a largest", ({ K, max }) => max(K()), ({ K, closed }) => closed("max", K())],
    [
      "a largest with a positive number",
      ({ K, max, mul, n }) => max(mul(n(3), K())),
      ({ K, closed, mul, n }) => mul(n(3), closed("max", K())),
    ],
    [
      "… a negative one",
      ({ K, max, mul, n }) => max(mul(n(-3), K())),
      ({ K, closed, mul, n }) => closed("max", mul(n(-3), K())),
    ],
    [
      "… a positive factor",
      ({ K, exp, max, mul, x }) => max(mul(exp(x), K())),
      ({ K, closed, exp, mul, x }) => mul(exp(x), closed("max", K())),
    ],
    [
      "… both",
      ({ K, exp, max, mul, n, x }) => max(mul(n(3), exp(x), K())),
      ({ K, closed, exp, mul, n, x }) => mul(n(3), exp(x), closed("max", K())),
    ],
    [
      "… a positive factor and a negative number",
      ({ K, exp, max, mul, n, x }) => max(mul(n(-3), exp(x), K())),
      ({ K, closed, exp, mul, n, x }) => mul(exp(x), closed("max", mul(n(-3), K()))),
    ],
    [
      "… a factor of any sign",
      ({ K, max, mul, x }) => max(mul(x, K())),
      ({ K, closed, mul, x }) => closed("max", mul(x, K())),
    ],
    [
      "… a positive factor that varies",
      ({ K, exp, max, mul }) => max(mul(exp(K("L")), K())),
      ({ K, closed, exp, mul }) => closed("max", mul(exp(K("L")), K())),
    ],
    [
      "a largest of a sum with a number before it",
      ({ K, add, max, n, twice }) => max(add(twice(K()), n(1))),
      ({ K, add, closed, div, n, twice }) => twice(closed("max", add(K(), div(n(1), n(2))))),
    ],
  ])("%s", (_says, whole, apart) => {
    const p = parts();
    expect(whole(p)).toBe(apart(p));
  });

  test("what leaves a reduction is counted, and nothing else", () => {
    const rules = (make: (p: Parts) => Term): string => {
      const p = parts();
      make(p);
      return counted(p);
    };
    expect(rules(({ K, max }) => max(K()))).toBe("");
    expect(rules(({ K, max, mul, n }) => max(mul(n(3), K())))).toBe("max-factor 1");
    expect(rules(({ K, max, mul, n }) => max(mul(n(-3), K())))).toBe("");
    expect(rules(({ K, exp, max, mul, n, x }) => max(mul(n(3), exp(x), K())))).toBe("max-factor 2");
    expect(rules(({ K, exp, max, mul }) => max(mul(exp(K("L")), K())))).toBe("");
  });
});
