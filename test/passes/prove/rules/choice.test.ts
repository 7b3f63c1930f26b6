/** Rules of functions that choose or fold: which pairs of terms become one, which must not, and what the form of a rule is. */
import { describe, expect, test } from "vitest";
import { inOrder, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Head, Term } from "../../../../src/passes/prove/logic/terms.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import { maxOf } from "../../../../src/passes/prove/rules/choice.ts";
import { ask, speak, told } from "../../../support/prove/asked.ts";
import type { Language } from "../../../support/prove/near/language.ts";

type Pair = readonly [says: string, pair: (l: Language) => readonly [Term, Term]];

describe("become one term", () => {
  test.each<Pair>([
    ["max(x, y) and max(y, x)", ({ max, x, y }) => [max(x, y), max(y, x)]],
    ["min(x, y) and min(y, x)", ({ min, x, y }) => [min(x, y), min(y, x)]],
    ["max(x, x) and x", ({ max, x }) => [max(x, x), x]],
    ["min(x, x) and x", ({ min, x }) => [min(x, x), x]],
    ["max(max(x, y), z) and max(x, max(y, z))", ({ max, x, y, z }) => [max(max(x, y), z), max(x, max(y, z))]],
    ["min(min(x, y), z) and min(x, y, z)", ({ min, x, y, z }) => [min(min(x, y), z), min(x, y, z)]],
    ["max(3, x, 5) and max(x, 5)", ({ max, n, x }) => [max(n(3), x, n(5)), max(x, n(5))]],
    ["max(5, x, 3) and max(x, 5)", ({ max, n, x }) => [max(n(5), x, n(3)), max(x, n(5))]],
    ["min(3, x, 5) and min(x, 3)", ({ min, n, x }) => [min(n(3), x, n(5)), min(x, n(3))]],
    ["max(−1, 2) and 2", ({ max, n }) => [max(n(-1), n(2)), n(2)]],
    ["min(−1, 2) and −1", ({ min, n }) => [min(n(-1), n(2)), n(-1)]],
    ["min(−x, −y) and −max(x, y)", ({ min, neg, max, x, y }) => [min(neg(x), neg(y)), neg(max(x, y))]],
    ["min(−x, −x) and −x", ({ min, neg, x }) => [min(neg(x), neg(x)), neg(x)]],
    ["exp(0) and 1", ({ fn, n }) => [fn("exp", n(0)), n(1)]],
    ["|−3| and 3", ({ fn, n }) => [fn("abs", n(-3)), n(3)]],
    ["|3| and 3", ({ fn, n }) => [fn("abs", n(3)), n(3)]],
    ["|−x| and |x|", ({ fn, neg, x }) => [fn("abs", neg(x)), fn("abs", x)]],
    ["x = y and y = x", ({ equal, x, y }) => [equal(x, y), equal(y, x)]],
    ["select(c, x, x) and x", ({ select, less, x, y }) => [select(less(x, y), x, x), x]],
    ["select(1, x, y) and x", ({ select, n, x, y }) => [select(n(1), x, y), x]],
    ["select(−2, x, y) and x", ({ select, n, x, y }) => [select(n(-2), x, y), x]],
    ["select(0, x, y) and y", ({ select, n, x, y }) => [select(n(0), x, y), y]],
    ["fp16(1/3) and its nearest fp16", ({ round, n }) => [round("fp16", n(1 / 3)), n(1365 / 4096)]],
    ["int8(2.75) and 2", ({ round, n }) => [round("int8", n(2.75)), n(2)]],
    ["int8(130) and −126", ({ round, n }) => [round("int8", n(130)), n(-126)]],
  ])("%s", (_, pair) => {
    const [a, b] = pair(speak());
    expect(a === b).toBe(true);
  });
});

describe("stay two terms", () => {
  test.each<Pair>([
    ["max(x, y) and min(x, y)", ({ max, min, x, y }) => [max(x, y), min(x, y)]],
    ["max(x, min(y, z)) and max(x, y, z)", ({ max, min, x, y, z }) => [max(x, min(y, z)), max(x, y, z)]],
    ["max(−x, y) and max(x, y)", ({ max, neg, x, y }) => [max(neg(x), y), max(x, y)]],
    ["min(−x, y) and −max(x, y)", ({ min, max, neg, x, y }) => [min(neg(x), y), neg(max(x, y))]],
    ["max(3, x) and x", ({ max, n, x }) => [max(n(3), x), x]],
    ["x < y and y < x", ({ less, x, y }) => [less(x, y), less(y, x)]],
    ["tanh(−x) and tanh(x)", ({ fn, neg, x }) => [fn("tanh", neg(x)), fn("tanh", x)]],
    ["select(c, x, y) and select(c, y, x)", (l) => [l.select(l.z, l.x, l.y), l.select(l.z, l.y, l.x)]],
  ])("%s", (_, pair) => {
    const [a, b] = pair(speak());
    expect(a === b).toBe(false);
  });
});

describe.each(["exact", "reals"] as const)("comparisons of numbers, %s", (mode) => {
  const PAIRS = [-1, 0, 1, 2].flatMap((a) => [-1, 0, 1, 2].map((b) => [a, b] as const));
  test.each<readonly [how: "less" | "less_equal" | "equal", holds: (a: number, b: number) => boolean]>([
    ["less", (a, b) => b - a > 0],
    ["less_equal", (a, b) => !(a - b > 0)],
    ["equal", (a, b) => Object.is(a, b)],
  ])("%s", (how, holds) => {
    const { c, n } = speak({ mode });
    for (const [a, b] of PAIRS) expect(scalar.compare(c, how, n(a), n(b)) === n(Number(holds(a, b)))).toBe(true);
  });
});

const heads = {
  max: { kind: "max" },
  min: { kind: "min" },
  add: { kind: "add" },
  less: { kind: "compare", how: "less" },
  equal: { kind: "compare", how: "equal" },
  abs: { kind: "unary", fn: "abs" },
  exp: { kind: "unary", fn: "exp" },
  tanh: { kind: "unary", fn: "tanh" },
  neg: { kind: "neg" },
  int8: { kind: "round", to: "int8" },
  select: { kind: "select" },
} as const satisfies Readonly<Record<string, Head>>;

type Case = readonly [
  says: string,
  rule: string,
  head: keyof typeof heads,
  args: (l: Language) => readonly Term[],
  answer: string,
];

describe("what a rule says on its own", () => {
  test.each<Case>([
    ["a term and itself", "max-set", "max", ({ x }) => [x, x], "fires"],
    ["two numbers", "max-set", "max", ({ n }) => [n(1), n(2)], "fires"],
    ["a minimum in a minimum", "max-set", "min", ({ min, x, y, z }) => [x, min(y, z)], "fires"],
    ["a maximum in a minimum", "max-set", "min", ({ max, x, y, z }) => [x, max(y, z)], "another form"],
    ["two scores and a number", "max-set", "max", ({ n, x, y }) => [x, y, n(1)], "another form"],
    ["a sum of a term and itself", "max-set", "add", ({ x }) => [x, x], "another form"],
    ["one minus sign", "min-as-max", "min", ({ neg, x, y }) => [neg(x), y], "not on this condition"],
    ["the other one's minus sign", "min-as-max", "min", ({ neg, x, y }) => [x, neg(y)], "not on this condition"],
    ["no minus sign", "min-as-max", "min", ({ x, y }) => [x, y], "another form"],
    ["a maximum with minus signs", "min-as-max", "max", ({ neg, x, y }) => [neg(x), neg(y)], "another form"],
    ["tanh(0)", "exp-zero", "tanh", ({ n }) => [n(0)], "not on this condition"],
    ["exp of a score", "exp-zero", "exp", ({ x }) => [x], "another form"],
    ["−(0)", "exp-zero", "neg", ({ n }) => [n(0)], "another form"],
    ["tanh(3)", "abs-number", "tanh", ({ n }) => [n(3)], "not on this condition"],
    ["|x|", "abs-number", "abs", ({ x }) => [x], "another form"],
    ["−(3)", "abs-number", "neg", ({ n }) => [n(3)], "another form"],
    ["tanh(−x)", "abs-sign", "tanh", ({ neg, x }) => [neg(x)], "not on this condition"],
    ["|x|", "abs-sign", "abs", ({ x }) => [x], "another form"],
    ["int8(−x)", "abs-sign", "int8", ({ neg, x }) => [neg(x)], "another form"],
    ["a number and a score", "compare-numbers", "less", ({ n, x }) => [n(1), x], "another form"],
    ["a score and a number", "compare-numbers", "less", ({ n, x }) => [x, n(1)], "another form"],
    ["a sum of numbers", "compare-numbers", "add", ({ n }) => [n(1), n(2)], "another form"],
    ["a number and itself", "compare-numbers", "less", ({ n }) => [n(1), n(1)], "fires"],
    ["a score equal to itself", "equal-order", "equal", ({ x }) => [x, x], "another form"],
    ["a sum out of order", "equal-order", "add", backwards, "another form"],
    ["less, out of order", "equal-order", "less", backwards, "not on this condition"],
    ["less, in order", "equal-order", "less", (l) => backwards(l).toReversed(), "another form"],
    ["equal, in order", "equal-order", "equal", (l) => backwards(l).toReversed(), "another form"],
    ["equal, out of order", "equal-order", "equal", backwards, "fires"],
    ["two branches", "select-same", "select", ({ x, y, z }) => [x, y, z], "not on this condition"],
    ["a maximum with one argument twice", "select-same", "max", ({ x, y }) => [x, y, y], "another form"],
    ["a score", "round-number", "int8", ({ x }) => [x], "another form"],
    ["|3|", "round-number", "abs", ({ n }) => [n(3)], "another form"],
  ])("%s (%s)", (_, rule, head, args, answer) => {
    const l = speak();
    expect(told(ask(l.c, rule, heads[head], ...args(l)))).toBe(answer);
  });
});

test("a number is rounded over the reals only where it is of the type already", () => {
  const l = speak({ mode: "reals" });
  expect(told(ask(l.c, "round-number", heads.int8, l.n(2.75)))).toBe("not on this condition");
  expect(ask(l.c, "round-number", heads.int8, l.n(2)) === l.n(2)).toBe(true);
});

test("the arguments of an equality and of a maximum stand in order", () => {
  const l = speak();
  for (const t of [l.equal(...backwards(l)), l.max(...backwards(l)), l.min(...backwards(l), l.n(3))])
    expect(t.args.every((a, k) => k === 0 || inOrder(t.args[k - 1]!, a) < 0)).toBe(true);
});

test("what is made of several maxima by the rule is the maximum of their set", () => {
  const { c, max, min, n, x, y, z } = speak();
  expect(ask(c, "max-set", heads.max, x, max(y, z), x) === max(z, y, x)).toBe(true);
  expect(ask(c, "max-set", heads.max, n(1), x, n(2)) === max(x, n(2))).toBe(true);
  expect(ask(c, "max-set", heads.min, min(x, y), min(y, z)) === min(x, y, z)).toBe(true);
});

test("a maximum of arguments that are one by one is that argument, and of a number and itself that number", () => {
  const { c, n, x } = speak();
  expect(maxOf(c, "max", [x]) === x).toBe(true);
  expect(maxOf(c, "min", [n(3), n(3)]) === n(3)).toBe(true);
});

/** Two terms, the later one in order first. */
function backwards({ c, x, z }: Language): readonly [Term, Term] {
  const fraction = raw(c, { kind: "div" }, [z, z]);
  return inOrder(x, fraction) > 0 ? [x, fraction] : [fraction, x];
}
