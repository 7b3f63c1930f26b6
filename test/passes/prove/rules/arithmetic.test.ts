/** Rules of +, −, ·, / and rounding: which pairs of terms become one, which must not, and what the form of a rule is. */
import { describe, expect, test } from "vitest";
import { raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Head, Term } from "../../../../src/passes/prove/logic/terms.ts";
import { ask, speak, told } from "../../../support/prove/asked.ts";
import type { Language } from "../../../support/prove/near/language.ts";

type Pair = readonly [says: string, pair: (l: Language) => readonly [Term, Term]];

describe("become one term", () => {
  test.each<Pair>([
    ["−(−x) and x", ({ neg, x }) => [neg(neg(x)), x]],
    ["the negative of the number 2 and −2", ({ neg, n }) => [neg(n(2)), n(-2)]],
    ["−(0) and 0", ({ neg, n }) => [neg(n(0)), n(0)]],
    ["1.5 + 0.25 and 1.75", ({ add, n }) => [add(n(1.5), n(0.25)), n(1.75)]],
    ["1.5 − 0.25 and 1.25", ({ sub, n }) => [sub(n(1.5), n(0.25)), n(1.25)]],
    ["x + 0 and x", ({ add, n, x }) => [add(x, n(0)), x]],
    ["0 + x and x", ({ add, n, x }) => [add(n(0), x), x]],
    ["x − x and 0", ({ sub, n, x }) => [sub(x, x), n(0)]],
    ["−x + x and 0", ({ add, neg, n, x }) => [add(neg(x), x), n(0)]],
    ["x + y and y + x", ({ add, x, y }) => [add(x, y), add(y, x)]],
    ["x − y and −(y − x)", ({ sub, neg, x, y }) => [sub(x, y), neg(sub(y, x))]],
    ["1.5 · 0.25 and 0.375", ({ mul, n }) => [mul(n(1.5), n(0.25)), n(0.375)]],
    ["0 · x and 0", ({ mul, n, x }) => [mul(n(0), x), n(0)]],
    ["x · 0 and 0", ({ mul, n, x }) => [mul(x, n(0)), n(0)]],
    ["1 · x and x", ({ mul, n, x }) => [mul(n(1), x), x]],
    ["x · 1 and x", ({ mul, n, x }) => [mul(x, n(1)), x]],
    ["−1 · x and −x", ({ mul, neg, n, x }) => [mul(n(-1), x), neg(x)]],
    ["−x · −1 and x", ({ mul, neg, n, x }) => [mul(neg(x), n(-1)), x]],
    ["x · y and y · x", ({ mul, x, y }) => [mul(x, y), mul(y, x)]],
    ["−x · y and −(x · y)", ({ mul, neg, x, y }) => [mul(neg(x), y), neg(mul(x, y))]],
    ["x · −y and −(y · x)", ({ mul, neg, x, y }) => [mul(x, neg(y)), neg(mul(y, x))]],
    ["−x · −y and x · y", ({ mul, neg, x, y }) => [mul(neg(x), neg(y)), mul(x, y)]],
    ["−y · −x and x · y", ({ mul, neg, x, y }) => [mul(neg(y), neg(x)), mul(x, y)]],
    ["x / 1 and x", ({ div, n, x }) => [div(x, n(1)), x]],
    ["x / −1 and −x", ({ div, neg, n, x }) => [div(x, n(-1)), neg(x)]],
    ["x / 8 and x · 1/8", ({ div, mul, n, x }) => [div(x, n(8)), mul(x, n(0.125))]],
    ["x / −8 and −(x · 1/8)", ({ div, mul, neg, n, x }) => [div(x, n(-8)), neg(mul(x, n(0.125)))]],
    ["−x / 8 and −(x · 1/8)", ({ div, mul, neg, n, x }) => [div(neg(x), n(8)), neg(mul(x, n(0.125)))]],
    ["−x / −1/8 and x · 8", ({ div, mul, neg, n, x }) => [div(neg(x), n(-0.125)), mul(x, n(8))]],
    ["x / 2¹⁰⁰ and x · 2⁻¹⁰⁰", ({ div, mul, n, x }) => [div(x, n(2 ** 100)), mul(x, n(2 ** -100))]],
    ["x / 2⁻¹⁰⁰ and x · 2¹⁰⁰", ({ div, mul, n, x }) => [div(x, n(2 ** -100)), mul(x, n(2 ** 100))]],
    ["0 / x and 0", ({ div, n, x }) => [div(n(0), x), n(0)]],
    ["−x / y and −(x / y)", ({ div, neg, x, y }) => [div(neg(x), y), neg(div(x, y))]],
    ["x / −y and −(x / y)", ({ div, neg, x, y }) => [div(x, neg(y)), neg(div(x, y))]],
    ["−x / −y and x / y", ({ div, neg, x, y }) => [div(neg(x), neg(y)), div(x, y)]],
    ["an fp16 number as fp32, and itself", ({ round, x }) => [round("fp32", x), x]],
    ["fp16(−(x + y)) and −fp16(x + y)", (l) => [l.round("fp16", l.neg(sum(l))), l.neg(l.round("fp16", sum(l)))]],
  ])("%s", (_, pair) => {
    const [a, b] = pair(speak());
    expect(a === b).toBe(true);
  });
});

describe("stay two terms", () => {
  test.each<Pair>([
    ["x and −x", ({ neg, x }) => [x, neg(x)]],
    ["x − y and y − x", ({ sub, x, y }) => [sub(x, y), sub(y, x)]],
    ["x / y and y / x", ({ div, x, y }) => [div(x, y), div(y, x)]],
    ["x / 3 and x · the number next to 1/3", ({ div, mul, n, x }) => [div(x, n(3)), mul(x, n(Math.fround(1 / 3)))]],
    ["int8(−(x + y)) and −int8(x + y)", (l) => [l.round("int8", l.neg(sum(l))), l.neg(l.round("int8", sum(l)))]],
  ])("%s", (_, pair) => {
    const [a, b] = pair(speak());
    expect(a === b).toBe(false);
  });
});

const [ADD, MUL, DIV] = (["add", "mul", "div"] as const).map((kind): Head => ({ kind })) as [Head, Head, Head];
const FP16: Head = { kind: "round", to: "fp16" };
/** 1 + 2⁻⁴⁰: a double that is no fp32. */
const LONG = 1 + 2 ** -40;

describe("what a rule says on its own", () => {
  test.each<readonly [says: string, rule: string, head: Head, args: (l: Language) => readonly Term[], answer: string]>([
    ["a sum of two scores", "add-constants", ADD, ({ x, y }) => [x, y], "another form"],
    ["a sum with no number", "add-zero", ADD, ({ x, y }) => [x, y], "another form"],
    ["a sum with 1", "add-zero", ADD, ({ n, x }) => [x, n(1)], "not on this condition"],
    ["an exact sum of a number that is no fp32", "add-constants", ADD, ({ n }) => [n(LONG), n(-1)], "another form"],
    ["… and the other way round", "add-constants", ADD, ({ n }) => [n(-1), n(LONG)], "another form"],
    ["two numbers that are no fp32, their sum one", "add-constants", ADD, halves, "another form"],
    ["an infinite summand", "add-constants", ADD, ({ n }) => [n(1), n(Number.POSITIVE_INFINITY)], "another form"],
    ["a sum that loses the smaller one", "add-constants", ADD, ({ n }) => [n(2 ** -60), n(1)], "not on this condition"],
    ["the largest fp32 and its ulp", "add-constants", ADD, ({ n }) => [n(MOST), n(2 ** 104)], "not on this condition"],
    ["a product of two scores", "mul-one", MUL, ({ x, y }) => [x, y], "another form"],
    ["a product with an infinite number", "mul-zero", MUL, ({ n, x }) => [n(-1 / 0), x], "another form"],
    ["a product without minus", "mul-sign", MUL, ({ x, y }) => [x, y], "another form"],
    ["a product of a number that is no fp32", "mul-constants", MUL, ({ n }) => [n(2), n(LONG)], "another form"],
    ["1 over a score", "div-by-power", DIV, ({ n, x }) => [n(1), x], "another form"],
    ["by 0", "div-by-power", DIV, ({ n, x }) => [x, n(0)], "another form"],
    ["by 3", "div-by-power", DIV, ({ n, x }) => [x, n(3)], "not on this condition"],
    ["by 2¹⁰¹", "div-by-power", DIV, ({ n, x }) => [x, n(2 ** 101)], "not on this condition"],
    ["by 2⁻¹⁰¹", "div-by-power", DIV, ({ n, x }) => [x, n(2 ** -101)], "not on this condition"],
    [
      "by 2⁵³ − 1, a power to the logarithm",
      "div-by-power",
      DIV,
      ({ n, x }) => [x, n(2 ** 53 - 1)],
      "not on this condition",
    ],
    ["x over y", "zero-div", DIV, ({ x, y }) => [x, y], "another form"],
    ["1 over y", "zero-div", DIV, ({ n, y }) => [n(1), y], "not on this condition"],
    ["an fp32 number in fp16", "round-known", FP16, ({ leaf }) => [leaf("w", "fp32")], "not on this condition"],
    ["what is not rounded", "round-known", ADD, ({ x }) => [x, x], "another form"],
    ["a sign of what is not rounded", "round-sign", ADD, ({ neg, x }) => [neg(x), x], "another form"],
    ["a rounding without minus", "round-sign", FP16, ({ x }) => [x], "another form"],
    [
      "a rounding to int8",
      "round-sign",
      { kind: "round", to: "int8" },
      ({ neg, x }) => [neg(x)],
      "not on this condition",
    ],
  ])("%s", (_, rule, head, args, answer) => {
    const l = speak();
    expect(told(ask(l.c, rule, head, ...args(l)))).toBe(answer);
  });
});

describe("what is left out must be finite (P7), and nothing else need be", () => {
  test.each<readonly [says: string, make: (l: Language) => Term, leansOn: readonly string[]]>([
    ["x − x", ({ sub, x }) => sub(x, x), ["P7"]],
    ["0 · x", ({ mul, n, x }) => mul(n(0), x), ["P7"]],
    ["0 / x", ({ div, n, x }) => div(n(0), x), ["P7"]],
    ["x + 0", ({ add, n, x }) => add(x, n(0)), []],
    ["−x · −y", ({ mul, neg, x, y }) => mul(neg(x), neg(y)), []],
    ["x / 8", ({ div, n, x }) => div(x, n(8)), []],
  ])("%s", (_, make, leansOn) => {
    const l = speak();
    make(l);
    expect([...l.c.record.used.keys()]).toEqual(leansOn);
  });
});

test("a product whose signs are left out is as one that had none, its arguments in order", () => {
  const { c, mul, neg, x, y, z } = speak();
  const fraction = raw(c, DIV, [z, z]);
  for (const [a, b] of [
    [x, y],
    [fraction, x],
    [x, fraction],
  ] as const) {
    const plain = mul(a, b);
    expect(ask(c, "mul-sign", MUL, neg(a), neg(b)) === plain).toBe(true);
    expect(ask(c, "mul-sign", MUL, neg(b), neg(a)) === plain).toBe(true);
  }
});

/** The largest number of fp32. */
const MOST = 2 ** 128 - 2 ** 104;
/** 0.5 ± 2⁻⁴⁰. */
function halves({ n }: Language): readonly Term[] {
  return [n(0.5 + 2 ** -40), n(0.5 - 2 ** -40)];
}
function sum({ add, x, y }: Language): Term {
  return add(x, y);
}
