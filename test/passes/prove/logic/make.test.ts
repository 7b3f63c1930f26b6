/** Terms of leaf level, and the order of arguments: by structure, then by place, and only then by age. */
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { close } from "../../../../src/passes/prove/logic/lambda.ts";
import {
  atMost,
  bare,
  finite,
  indexTerm,
  inOrder,
  is,
  isNumber,
  num,
  numQ,
  orderOf,
  rationalOf,
  raw,
} from "../../../../src/passes/prove/logic/make.ts";
import { fromNumber, rational } from "../../../../src/passes/prove/logic/rational.ts";
import { type Mode, newSetting, type Setting } from "../../../../src/passes/prove/logic/setting.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";

const attempt = (mode: Mode = "exact"): Setting =>
  newSetting({ mode, twoValued: false, contiguous: false, column: "one" }, { tokens: 2, lastRow: 4 });
const leaf = (c: Setting, name: string, ...places: readonly ix.Ix[]): Term =>
  raw(c, { kind: "leaf", leaf: { of: "input", name, dtype: "fp16" } }, [], places);
const neg = (c: Setting, t: Term): Term => raw(c, { kind: "neg" }, [t]);

describe("a number", () => {
  test.each<readonly [Mode, number]>([
    ["exact", 0.1],
    ["exact", -3],
    ["exact", Number.NaN],
    ["exact", Number.POSITIVE_INFINITY],
    ["reals", 0.1],
    ["reals", -3],
    ["reals", Number.NaN],
    ["reals", Number.NEGATIVE_INFINITY],
  ])("%s: %d is itself, and a rational over the reals where it is finite", (mode, value) => {
    const t = num(attempt(mode), value);
    expect(t).toMatchObject({ kind: "num", value });
    expect(rationalOf(t)).toEqual(mode === "reals" && Number.isFinite(value) ? fromNumber(value) : undefined);
    expect(finite(t)).toBe(Number.isFinite(value) ? value : undefined);
  });

  test.each<Mode>(["exact", "reals"])("%s: the two zeros are one", (mode) => {
    const c = attempt(mode);
    const zero = num(c, -0);
    expect(Object.is(finite(zero), 0)).toBe(true);
    expect(num(c, 0)).toBe(zero);
    expect(num(c, 1)).not.toBe(zero);
  });

  test("over the reals it is told from its nearest double", () => {
    const c = attempt("reals");
    const third = numQ(c, rational(1n, 3n));
    expect(third).toMatchObject({ kind: "num", value: 1 / 3, near: true });
    expect(numQ(c, rational(1n, 4n))).not.toHaveProperty("near");
    expect(numQ(c, rational(2n ** 2000n, 1n))).toMatchObject({ near: true });
    expect(rationalOf(third)).toEqual({ n: 1n, d: 3n });
    expect(third).not.toBe(num(c, 1 / 3));
  });

  test("over the reals it is at most the next double, whatever its sign", () => {
    const c = attempt("reals");
    for (const [n, sign] of [
      [1n, 1],
      [1n, -1],
      [-1n, 1],
      [-1n, -1],
    ] as const) {
      const most = atMost(numQ(c, rational(n, 3n)), sign)!;
      const nearest = (sign * Number(n)) / 3;
      expect(most).toBeGreaterThan(nearest);
      expect(most - nearest).toBeLessThan(2 ** -52);
    }
    expect([atMost(num(c, 0.1), 1), atMost(num(c, 0.1), -1)]).toEqual([0.1, -0.1]);
  });

  test.each<Mode>(["exact", "reals"])("%s: numbers have an order, infinite ones too", (mode) => {
    const c = attempt(mode);
    const numbers = [Number.NEGATIVE_INFINITY, -2, 0, 0.1, Number.POSITIVE_INFINITY]
      .map((x) => num(c, x))
      .filter(isNumber);
    const signs = numbers.map((a) => numbers.map((b) => Math.sign(orderOf(a, b))));
    expect(signs).toEqual(numbers.map((_, i) => numbers.map((_b, j) => Math.sign(i - j))));
  });

  test("is an index where that is constant", () => {
    const c = attempt();
    const v = ix.variable(c.store.indices, "v", 4);
    expect(indexTerm(c, ix.constant(c.store.indices, 3))).toBe(num(c, 3));
    expect(indexTerm(c, v)).toMatchObject({ kind: "index", args: [], ix: [v] });
  });

  test("is asked of a term", () => {
    const c = attempt("reals");
    const x = leaf(c, "x");
    expect([is(num(c, 2), 2), is(num(c, 2), -2), is(x, 0)]).toEqual([true, false, false]);
    expect([finite(x), rationalOf(x)]).toEqual([undefined, undefined]);
  });
});

test("a term without its minus sign", () => {
  const c = attempt();
  const x = leaf(c, "x");
  const function_ = raw(c, { kind: "unary", fn: "abs" }, [x]);
  expect([bare(x), bare(neg(c, x)), bare(neg(c, neg(c, x))), bare(function_)]).toEqual([x, x, neg(c, x), function_]);
});

type Make = (c: Setting) => Term;

describe("the order of arguments", () => {
  test.each<readonly [string, Make, Make]>([
    ["the smaller number", (c) => at(c, 1), (c) => at(c, 2)],
    ["the smaller offset", (c) => at(c, affine(c, 1, 0, 0)), (c) => at(c, affine(c, 1, 0, 1))],
    ["the smaller coefficient", (c) => at(c, affine(c, 1, 3, 0)), (c) => at(c, affine(c, 1, 4, 0))],
    ["… the smallest of them first", (c) => at(c, affine(c, 4, 1, 0)), (c) => at(c, affine(c, 2, 3, 0))],
    ["the smaller divisor", (c) => at(c, halved(c, 2)), (c) => at(c, halved(c, 3))],
    ["… and behind the offset", (c) => at(c, affine(c, 2, 0, 0)), (c) => at(c, affine(c, 1, 0, 9))],
    ["a number before a variable", (c) => at(c, 9), (c) => at(c, affine(c, 1, 0, 0))],
    ["one variable before two", (c) => at(c, affine(c, 5, 0, 9)), (c) => at(c, affine(c, 1, 1, 0))],
    ["the first place", (c) => at(c, 1, 3), (c) => at(c, 2, 0)],
    ["the second, where the first is the same", (c) => at(c, 7, 1), (c) => at(c, 7, 2)],
    ["the place of an argument", (c) => neg(c, at(c, 1)), (c) => neg(c, at(c, 2))],
    ["… of the first argument", (c) => div(c, at(c, 1), at(c, 3)), (c) => div(c, at(c, 2), at(c, 0))],
    ["… of the second", (c) => div(c, at(c, 1), at(c, 2)), (c) => div(c, at(c, 1), at(c, 3))],
    ["… four arguments deep", (c) => deep(c, 4, at(c, 1)), (c) => deep(c, 4, at(c, 2))],
    ["… nine arguments deep", (c) => deep(c, 9, at(c, 1)), (c) => deep(c, 9, at(c, 2))],
    ["the body of a reduction", (c) => total(c, 1), (c) => total(c, 2)],
    ["a reduction's parameter", (c) => sum(c, 1, 3), (c) => sum(c, 2, 2)],
  ])("goes by place: %s", (_, first, second) => {
    for (const older of [first, second]) {
      const c = attempt();
      older(c);
      const [a, b] = [first(c), second(c)];
      expect(a.skeleton).toBe(b.skeleton);
      expect([Math.sign(inOrder(a, b)), Math.sign(inOrder(b, a)), inOrder(a, a)]).toEqual([-1, 1, 0]);
    }
  });

  test.each<readonly [string, Make, Make]>([
    [
      "two variables",
      (c) => at(c, ix.variable(c.store.indices, "v", 4)),
      (c) => at(c, ix.variable(c.store.indices, "u", 4)),
    ],
    ["two variables five arguments deep", (c) => deep(c, 5, named(c, "v")), (c) => deep(c, 5, named(c, "u"))],
  ])("goes by age where places tell nothing: %s", (_, one, other) => {
    for (const [make, later] of [
      [one, other],
      [other, one],
    ] as const) {
      const c = attempt();
      const [a, b] = [make(c), later(c)];
      expect(a.skeleton).toBe(b.skeleton);
      expect([Math.sign(inOrder(a, b)), Math.sign(inOrder(b, a))]).toEqual([-1, 1]);
    }
  });

  test("goes by structure first, whichever was made first", () => {
    const makes: readonly Make[] = [(c) => at(c, 1), (c) => at(c, 9), (c) => leaf(c, "L"), (c) => neg(c, at(c, 1))];
    const signs = (made: readonly Make[]): readonly number[] => {
      const c = attempt();
      for (const make of made) make(c);
      const terms = makes.map((make) => make(c));
      return terms.flatMap((a) => terms.map((b) => Math.sign(inOrder(a, b))));
    };
    expect(signs(makes)).toEqual(signs([...makes].reverse()));
    const c = attempt();
    const way = (a: number, b: number) => Math.sign(inOrder(at(c, a), leaf(c, "L", ix.constant(c.store.indices, b))));
    expect(way(1, 2)).toBe(way(2, 1));
    expect(way(1, 2)).not.toBe(0);
  });
});

/** K at places that are numbers or indices. */
const at = (c: Setting, ...places: readonly (number | ix.Ix)[]): Term =>
  leaf(c, "K", ...places.map((p) => (typeof p === "number" ? ix.constant(c.store.indices, p) : p)));
/** a·v + b·u + n. */
function affine({ store: { indices: s } }: Setting, a: number, b: number, n: number): ix.Ix {
  const [v, u] = [ix.variable(s, "v", 4), ix.variable(s, "u", 4)];
  return ix.shift(s, ix.plus(s, ix.times(s, v, a), ix.times(s, u, b)), n);
}
const named = (c: Setting, label: string): Term => at(c, ix.variable(c.store.indices, label, 4));
/** ⌊v / n⌋. */
const halved = ({ store: { indices: s } }: Setting, n: number): ix.Ix => ix.div(s, ix.variable(s, "v", 12), n);
/** Σ over t of K[place, t]. */
function total(c: Setting, place: number): Term {
  const t = ix.variable(c.store.indices, "t", 3);
  return close(c, "sum", { kind: "interval", n: 3 }, t.atoms[0]!, at(c, place, t));
}
const div = (c: Setting, a: Term, b: Term): Term => raw(c, { kind: "div" }, [a, b]);
const deep = (c: Setting, depth: number, t: Term): Term => (depth === 0 ? t : neg(c, deep(c, depth - 1, t)));
/** Σ over t of K[u + i, t] / K[u + j, t]: of one parameter where i = j, else of two. */
function sum(c: Setting, i: number, j: number): Term {
  const t = ix.variable(c.store.indices, "t", 3);
  const [a, b] = [i, j].map((n) => at(c, affine(c, 0, 1, n), t)) as [Term, Term];
  return close(c, "sum", { kind: "interval", n: 3 }, t.atoms[0]!, div(c, a, b));
}
