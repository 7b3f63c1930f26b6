/** The ceiling of every kind of term: as low as what was done to the entry allows, and reached by no value. */
import { describe, expect, test } from "vitest";
import { ceilingOf } from "../../../../src/passes/prove/logic/ceiling.ts";
import type { Leaf } from "../../../../src/passes/prove/logic/leaf.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { rawTerms } from "../../../support/prove/raw-terms.ts";
import { attempt, termValue } from "../../../support/prove/term-value.ts";

const c = attempt();
const { number: n, input, add, neg, mul, div, max, min, pow, select, unary, round, linear } = rawTerms(c);
const [a, b, mask] = [input("a"), input("b"), rawTerms(c).mask("m")];
const low = n(-10_000);
/** Two masked-out entries, and one that lies above 0 as far: masked out when it is turned round. */
const [e, f, up] = [add(a, low), add(b, low), add(a, n(10_000))];

type Row = readonly [says: string, t: Term, base: number, count: number];

describe("a number", () => {
  test.each<Row>([
    ["masks out by itself", low, -10_000, 0],
    ["… from −1000 on", n(-1000), -1000, 0],
    ["… or turned round", neg(n(5000)), -5000, 0],
    ["… from 1000 on", neg(n(1000)), -1000, 0],
    ["… and back", neg(neg(n(-3000))), -3000, 0],
  ])("%s", (_, t, ...found) => holds(t, ...found));

  test.each<readonly [string, Term]>([
    ["above −1000", n(-999)],
    ["above −1000, turned round", neg(n(999))],
    ["far above", n(10_000)],
    ["far above after both signs", neg(neg(n(10_000)))],
    ["far below, turned round", neg(low)],
    ["that is +∞", n(Number.POSITIVE_INFINITY)],
    ["that is −∞, turned round", neg(n(Number.NEGATIVE_INFINITY))],
    ["that is none", n(Number.NaN)],
  ])("%s does not", (_, t) => none(t));
});

describe("a sum", () => {
  test.each<Row>([
    ["of a score and the mask", e, -10_000, 1],
    ["with another score", add(e, b), -10_000, 2],
    ["with a score subtracted", add(e, neg(b)), -10_000, 2],
    ["with a number", add(e, n(3)), -9997, 1],
    ["with a number below 0", add(e, n(-3)), -10_003, 1],
    ["with 0", add(e, n(0)), -10_000, 1],
    ["with a number that undoes it", add(e, n(9000)), -1000, 1],
    ["with a number that masks out again", add(e, n(-2000)), -12_000, 1],
    ["of two that are masked out", add(e, f), -20_000, 2],
    ["turned round", neg(up), -10_000, 1],
    ["turned round, with a number", neg(add(up, n(3))), -10_003, 1],
    ["turned round, with a score", neg(add(b, up)), -10_000, 2],
    ["with a largest score, though one of its arguments is masked out", add(max(b, f), e), -10_000, 2],
  ])("%s", (_, t, ...found) => holds(t, ...found));

  test.each<readonly [string, Term]>([
    ["of two scores", add(a, b)],
    ["of a score and a small number", add(a, n(-500))],
    ["with what lies as far above", add(e, neg(f))],
    ["with an entry of the mask", add(e, mask)],
    ["with an entry of the mask, first", add(mask, e)],
    ["turned round the wrong way", neg(e)],
    ["of what is far above", up],
  ])("%s has none", (_, t) => none(t));
});

describe("a sum over the reals", () => {
  test.each<Row>([
    ["counts a score once at least", linear(-10_000, [0.5], a), -10_000, 1],
    ["counts a score as often as it stands there", linear(-10_000, [-3], a), -10_000, 3],
    ["counts all of them", linear(-10_000, [-2.5, 0.25], a, b), -10_000, 3.5],
    ["from −1000 on", linear(-1000, [1], a), -1000, 1],
    ["turned round", neg(linear(10_000, [2], a)), -10_000, 2],
  ])("%s", (_, t, base, count) => {
    holds(t, base, count);
    // Nothing is rounded.
    expect(ceilingOf(t)).toEqual({ base, count });
  });

  test.each<readonly [string, Term]>([
    ["above −1000", linear(-999, [1], a)],
    ["turned round", neg(linear(-10_000, [1], a))],
    ["of an entry of the mask", linear(-10_000, [1], mask)],
    ["of a score and an entry of the mask", linear(-10_000, [1, 1], a, mask)],
  ])("%s has none", (_, t) => none(t));
});

describe("scaled", () => {
  test.each<Row>([
    ["by a number", mul(e, n(2)), -20_000, 2],
    ["by a number that stands first", mul(n(0.5), e), -5000, 0.5],
    ["divided", div(e, n(4)), -2500, 0.25],
    ["by one below 0, turned round", neg(mul(e, n(-2))), -20_000, 2],
    ["divided by one below 0, turned round", neg(div(e, n(-4))), -2500, 0.25],
    ["by one below 0, of what lies above", mul(n(-1), up), -10_000, 1],
    ["turned round, of what lies above", neg(mul(up, n(2))), -20_000, 2],
  ])("%s", (_, t, ...found) => holds(t, ...found));

  test.each<readonly [string, Term]>([
    ["a score", mul(a, n(2))],
    ["by one below 0", mul(e, n(-2))],
    ["divided by one below 0", div(e, n(-2))],
    ["turned round", neg(mul(e, n(2)))],
    ["by a score", mul(e, a)],
    ["by a score, turned round", neg(mul(e, a))],
    ["by 0", mul(e, n(0))],
    ["by 0, turned round", neg(mul(e, n(0)))],
    ["divided by 0, turned round", neg(div(e, n(0)))],
    ["by a number that is not finite", mul(e, n(Number.POSITIVE_INFINITY))],
    ["by none", mul(e, n(Number.NaN))],
    ["a number over it", div(n(2), e)],
    ["a number over it, turned round", neg(div(n(-2), e))],
    ["over a score", div(e, a)],
    ["over a score, turned round", neg(div(e, a))],
  ])("%s has none", (_, t) => none(t));
});

describe("the largest and the smallest", () => {
  const half = mul(e, n(0.5));
  test.each<Row>([
    ["the higher base, the higher count", max(half, add(f, a)), -5000, 2],
    ["… in the other order", max(add(f, a), half), -5000, 2],
    ["a clip", max(e, n(5)), 5, 1],
    ["a clip far below", max(n(-12_000), e), -10_000, 1],
    ["a clip, turned round", neg(min(neg(e), n(5))), -5, 1],
    ["the smallest, whatever is beside it", min(e, a), -10_000, 1],
    ["… and in front of it", min(a, b, e), -10_000, 1],
    ["the largest of what is turned round", neg(max(a, up)), -10_000, 1],
    ["the smallest of what is turned round", neg(min(up, mul(up, n(0.5)))), -5000, 1],
    ["one of two by a selection", select(a, half, f), -5000, 1],
    ["one of two by a selection, turned round", neg(select(a, up, mul(up, n(2)))), -10_000, 2],
  ])("%s", (_, t, ...found) => holds(t, ...found));

  test.each<readonly [string, Term]>([
    ["the largest beside a score", max(e, a)],
    ["the largest of numbers", max(n(3), n(5))],
    ["the smallest of numbers", min(n(3), n(5))],
    ["the smallest of scores", min(a, b)],
    ["the smallest beside a score, turned round", neg(min(up, a))],
    ["a selection of which one branch is a score", select(a, e, b)],
    ["… the other", select(a, b, e)],
    ["a selection of which one branch is a number", select(a, e, n(3))],
    ["a selection by a masked-out entry", select(e, a, b)],
  ])("%s has none", (_, t) => none(t));
});

describe("rounded", () => {
  test("to fp16 it may rise by half a unit of fp16, to fp32 by one of fp32", () => {
    const [half, single] = [ceilingOf(round("fp16", e))!, ceilingOf(round("fp32", e))!];
    // Units of fp16 at 10000 are 8.
    expect(half.base).toBeGreaterThanOrEqual(-9996);
    expect(half.base).toBeLessThan(-9994);
    expect(half.count).toBeGreaterThan(1 + 2 ** -11);
    expect(half.count).toBeLessThan(1.001);
    expect(single.base).toBeGreaterThan(ceilingOf(e)!.base);
    expect(single.base).toBeLessThan(-9999.99);
    expect(single.count).toBeGreaterThan(ceilingOf(e)!.count);
  });

  test("a sum and a product count what fp32 may add", () => {
    for (const t of [e, mul(e, n(0.1)), div(e, n(3)), max(e, n(-12_000))]) {
      const found = ceilingOf(t)!;
      expect(found.base).toBeGreaterThan(exact(t));
      expect(found.base - exact(t)).toBeLessThan(0.01);
    }
  });

  test("to an integer nothing is known, nor under a function", () => {
    for (const t of [round("int32", e), unary("tanh", e), pow(e, n(3)), mask]) none(t);
  });

  test("a score that is rounded stays one", () => none(round("fp16", a)));
});

/** At their words but for roundings, and above every value where all that is unknown is within B. */
function holds(t: Term, base: number, count: number): void {
  const found = ceilingOf(t)!;
  expect(found).toBeDefined();
  expect(Math.abs(found.base - base)).toBeLessThan(1e-6 * Math.abs(base) + 1e-9);
  expect(found.count).toBeCloseTo(count, 5);
  expect(found.count).toBeGreaterThanOrEqual(count);
  for (const B of [1, 500])
    for (const x of [-B, B])
      for (const y of [-B, B]) expect(numberAt(t, x, y)).toBeLessThanOrEqual(found.base + found.count * B);
  // What was found once is found again.
  expect(ceilingOf(t)).toEqual(found);
}

const numberAt = (t: Term, x: number, y: number): number =>
  termValue(t, { leaf: (l: Leaf) => ("name" in l && l.name === "a" ? x : y) });

/** No ceiling, however often it is asked for. */
function none(t: Term): void {
  expect([ceilingOf(t), ceilingOf(t)]).toEqual([undefined, undefined]);
}

/** What a masked-out term is at scores of 0, in doubles. */
const exact = (t: Term): number => termValue(t, { leaf: () => 0, step: (x) => x });
