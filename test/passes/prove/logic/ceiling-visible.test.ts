/** What counts as a score that B bounds, and how large B may be. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Unary } from "../../../../src/dsl/algebra.ts";
import { gapUnder } from "../../../../src/passes/prove/logic/ceiling.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { indexTerm } from "../../../../src/passes/prove/logic/make.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { filling, isVisible } from "../../../../src/passes/prove/logic/visible.ts";
import { rawTerms } from "../../../support/prove/raw-terms.ts";
import { attempt } from "../../../support/prove/term-value.ts";

const c = attempt();
const {
  number: n,
  leaf,
  input,
  add,
  neg,
  mul,
  div,
  max,
  min,
  select,
  unary,
  round,
  of,
  linear,
  product,
  hole,
  app,
} = rawTerms(c);

const dtype = "fp16";
const [a, b] = [input("a"), input("b")];
const [mask, shut] = [rawTerms(c).mask("m"), rawTerms(c).mask("n")];
/** Scores with a number of that size in them. */
const [at500, at30, at2000] = [add(a, n(500)), add(b, n(30)), add(b, n(2000))];

type Row = readonly [says: string, t: Term, visible: boolean];

describe("a score that B bounds", () => {
  test.each<Row>([
    ["an input", a, true],
    ["a state", leaf({ of: "state", name: "K", dtype }), true],
    ["a weight", leaf({ of: "weight", base: "W", dtype }), true],
    ["an entry of the mask", mask, false],
    ["a number below 1000", n(999), true],
    ["1000", n(1000), false],
    ["a number above −1000", n(-999), true],
    ["−1000", n(-1000), false],
    ["a position", indexTerm(c, ix.variable(c.store.indices, "v", 4)), true],
    ["a sum of scores", add(a, b), true],
    ["a sum with an entry of the mask", add(a, mask), false],
    ["… that stands first", add(mask, a), false],
    ["a score less what masks out", add(a, neg(n(10_000))), false],
    ["a rounded one", round("fp16", mask), false],
    ["a comparison, whatever it compares", of({ kind: "compare", how: "less" }, mask, n(5000)), true],
  ])("%s", (_, t, visible) => expect(isVisible(t)).toBe(visible));

  test.each<readonly [Unary, boolean]>([
    ["exp", true],
    ["tanh", true],
    ["sin", true],
    ["cos", true],
    ["abs", false],
    ["sqrt", false],
    ["log", false],
    ["rsqrt", false],
  ])("%s of a masked-out entry", (f, visible) => {
    expect([isVisible(unary(f, mask)), isVisible(unary(f, add(a, n(-10_000))))]).toEqual([visible, visible]);
    expect(isVisible(unary(f, a))).toBe(true);
  });

  test.each<Row>([
    ["a far number as a factor", mul(n(5000), a), true],
    ["a far number as a divisor", div(a, n(5000)), true],
    ["a masked-out entry with a factor", mul(n(0.01), mask), false],
    ["a masked-out entry over a number", div(mask, n(100)), false],
    ["a score times what has a far number in it", mul(a, at2000), false],
    ["a score over it", div(a, at2000), false],
    ["the largest of a score and a masked-out entry", max(mask, a), true],
    ["the largest of two masked-out entries", max(mask, shut), false],
    ["the smallest of a score and one", min(a, mask), false],
    ["the smallest of a score and a far number above it", min(a, n(5000)), true],
    ["of a score and a far number below it", min(a, n(-5000)), false],
    ["of a masked-out entry and a far number above it", min(mask, n(5000)), false],
    ["of two far numbers", min(n(5000), add(a, n(2000))), false],
    ["a score clipped far away", min(max(a, n(-5000)), n(5000)), true],
    ["a masked-out entry clipped far away", min(max(mask, n(-5000)), n(5000)), false],
    ["a selection by the mask", select(mask, a, b), true],
    ["a selection of an entry of it", select(a, mask, b), false],
    ["… in the other branch", select(a, b, mask), false],
  ])("%s", (_, t, visible) => expect(isVisible(t)).toBe(visible));
});

describe("over the reals", () => {
  test.each<Row>([
    ["a constant below 1000", linear(999, [1], a), true],
    ["1000", linear(1000, [1], a), false],
    ["−1000", linear(-1000, [1], a), false],
    ["a factor before a score", linear(0, [5000], a), true],
    ["a factor makes a number larger", linear(0, [2], at500), false],
    ["… of either sign", linear(0, [-2], at500), false],
    ["a factor of 1", linear(0, [1], at500), true],
    ["a small factor does not make it smaller", linear(0, [0.25], at2000), false],
    ["the largest of several counts", linear(3, [1, 1], at2000, a), false],
    ["… not their sum", linear(600, [1, 1], at500, at30), true],
    ["an entry of the mask", linear(0, [1, 1], a, mask), false],
    ["a product of scores", product([1, 3], a, b), true],
    ["of numbers that come to less than 1000", product([1, 1], at30, add(a, n(30))), true],
    ["to more", product([1, 1], at500, at30), false],
    ["a power of one", product([2], at500), false],
    ["its first power", product([1], at500), true],
    ["its inverse", product([-1], at500), true],
    ["a power of its inverse", product([-2], at500), false],
    ["its root", product([0.5], at2000), true],
    ["with an entry of the mask", product([1, 1], a, mask), false],
    ["over one", product([1, -1], a, mask), false],
  ])("%s", (_, t, visible) => expect(isVisible(t)).toBe(visible));
});

describe("of a reduction", () => {
  test.each<Row>([
    ["what its body shows", app("sum", mask), false],
    ["what its body hides", app("sum", unary("exp", add(hole(0), mask)), a), true],
    ["a score in the hole", app("sum", hole(0), a), true],
    ["a masked-out entry in the hole", app("sum", hole(0), mask), false],
    ["in the hole that is shown", app("sum", add(hole(0), unary("exp", hole(1))), a, mask), true],
    ["in the one that is hidden", app("sum", add(hole(1), unary("exp", hole(0))), a, mask), false],
    ["of one in another", app("max", app("sum", hole(1), a, hole(0)), b, mask), true],
    ["… by the other place", app("max", app("sum", hole(1), a, hole(1)), b, mask), false],
  ])("%s", (_, t, visible) => expect(isVisible(t)).toBe(visible));

  test("a hole is what fills it this time, and by itself no score", () => {
    const body = add(hole(0), a);
    expect([a, mask, b, shut].map((t) => isVisible(body, filling([t])))).toEqual([true, false, true, false]);
    expect([isVisible(hole(0)), isVisible(body)]).toEqual([false, false]);
    expect(isVisible(body, filling([hole(0)]))).toBe(false);
    expect(isVisible(body, filling([hole(0)], filling([b])))).toBe(true);
    expect(isVisible(body, filling([hole(0)], filling([mask])))).toBe(false);
  });
});

test("what is used twice at every step is looked at once", () => {
  let t = a;
  // The paths from the last to the first are 2^80.
  for (let k = 0; k < 80; k++) t = add(t, t);
  expect([isVisible(t), isVisible(add(t, mask))]).toEqual([true, false]);
  expect(isVisible(t, filling([]))).toBe(true);
});

describe("the largest B", () => {
  test.each<readonly [base: number, count: number, limit: number, gap: number]>([
    [-10_000, 1, -104, 9896],
    [-10_000, 3, -104, 3298],
    [-10_000, 0.5, -104, 19_792],
    [-104, 1, -104, 0],
    [-103, 1, -104, 0],
    [-50, 1, -104, 0],
    [-104, 0, -104, Number.POSITIVE_INFINITY],
    [-10_000, 0, -104, Number.POSITIVE_INFINITY],
    [-103, 0, -104, 0],
    [-16, 1, 0, 16],
    [5, 2, 25, 10],
  ])("under %d + %d·B ≤ %d is %d", (base, count, limit, gap) => expect(gapUnder({ base, count }, limit)).toBe(gap));

  test("keeps the limit, and the next does not", () => {
    const whole = fc.integer({ min: -20_000, max: 500 });
    const property = fc.property(whole, fc.integer({ min: 1, max: 9 }), whole, (base, count, limit) => {
      const gap = gapUnder({ base, count }, limit);
      if (base > limit) return gap === 0;
      return base + count * gap <= limit && base + count * (gap + 1) > limit;
    });
    fc.assert(property, { numRuns: 500, seed: 4711 });
  });
});
