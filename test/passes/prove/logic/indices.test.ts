/** Normal forms of quotients, where each simplification sets in and where it must not; what tells expressions apart. */
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { type Expr, holdsEverywhere, indexOf, u, v, w } from "../../../support/prove/index-expr.ts";

type Part = readonly [k: number, e: Expr];

const num = (n: number): Expr => ({ op: "num", n });
const times = (a: Expr, n: number): Expr => ({ op: "times", a, n });
const div = (a: Expr, n: number): Expr => ({ op: "div", a, n });
const mod = (a: Expr, n: number): Expr => ({ op: "mod", a, n });
/** c + Σ k·e. */
const sum = (c: number, ...parts: readonly Part[]): Expr =>
  parts.reduce<Expr>((a, [k, e]) => ({ op: "plus", a, b: k === 1 ? e : times(e, k) }), num(c));

const text = (e: Expr): string => ix.showIx(indexOf(ix.newIndices(), e));

describe("a coefficient beside the divisor", () => {
  test.each<readonly [k: number, n: number, text: string]>([
    [-1, 2, "-v+(v div 2)"],
    [-1, 3, "(-v div 3)"],
    [1, 3, "(v div 3)"],
    [2, 3, "(2·v div 3)"],
    [-2, 3, "-v+(v div 3)"],
    [-1, 4, "(-v div 4)"],
    [-2, 4, "-v+(v div 2)"],
    [3, 4, "(3·v div 4)"],
    [-3, 4, "-v+(v div 4)"],
    [4, 4, "v"],
    [-4, 4, "-v"],
    [5, 4, "v+(v div 4)"],
    [-5, 4, "-v+(-v div 4)"],
    [7, 4, "v+(3·v div 4)"],
    [-7, 4, "-2·v+(v div 4)"],
    [8, 4, "2·v"],
    [-2, 5, "(-2·v div 5)"],
    [-3, 5, "-v+(2·v div 5)"],
    [-2, 8, "(-v div 4)"],
  ])("%i·v div %i", (k, n, expected) => {
    const e = div(times(v(12), k), n);
    expect([text(e), holdsEverywhere(e)]).toEqual([expected, ""]);
  });
});

describe("a quotient of a sum", () => {
  test.each<readonly [says: string, e: Expr, text: string]>([
    ["loses a rest below its step", div(sum(0, [4, v(5)], [1, w(4)]), 8), "(v div 2)"],
    ["… not one that reaches it", div(sum(0, [4, v(5)], [1, w(5)]), 8), "(4·v+w div 8)"],
    ["… with a number", div(sum(1, [4, v(5)], [1, w(3)]), 8), "(v div 2)"],
    ["… not with one too many", div(sum(2, [4, v(5)], [1, w(3)]), 8), "(4·v+w+2 div 8)"],
    ["… that falls to 0", div(sum(3, [4, v(5)], [-1, w(4)]), 8), "(v div 2)"],
    ["… not below", div(sum(2, [4, v(5)], [-1, w(4)]), 8), "(4·v-w+2 div 8)"],
    ["… not without the number", div(sum(0, [4, v(5)], [-1, w(4)]), 8), "(4·v-w div 8)"],
    ["… where the step has a minus sign", div(sum(0, [-4, v(5)], [1, w(4)]), 16), "(-v div 4)"],
    ["… beside a number of steps", div(sum(4, [4, v(5)], [1, w(4)]), 8), "(4·v+w+4 div 8)"],
    ["… of two terms", div(sum(0, [8, v(5)], [1, w(4)], [4, u(2)]), 16), "(v div 2)"],
    ["… whose greater part is not", div(sum(0, [8, v(5)], [1, w(4)], [4, u(3)]), 16), "(u+2·v div 4)"],
    ["… in any order", div(sum(0, [8, u(5)], [1, w(4)], [4, v(3)]), 16), "(2·u+v div 4)"],
    ["… which comes first", div(sum(0, [1, u(4)], [4, v(3)], [8, w(5)]), 16), "(v+2·w div 4)"],
    ["… where all has a divisor", div(sum(1, [8, v(5)], [2, w(4)]), 16), "(v div 2)"],
    ["not without a common step", div(sum(0, [3, v(5)], [1, w(2)]), 8), "(3·v+w div 8)"],
    ["not where one term has no step", div(sum(0, [4, v(5)], [3, w(5)]), 8), "(4·v+3·w div 8)"],
    ["divides what all have in common", div(sum(0, [6, v(5)], [4, w(5)]), 16), "(3·v+2·w div 8)"],
    ["… and rounds the number", div(sum(3, [6, v(5)], [4, w(5)]), 16), "(3·v+2·w+1 div 8)"],
    ["… one term with a minus sign", div(sum(0, [6, v(5)], [-4, w(5)]), 16), "(3·v-2·w div 8)"],
    ["… not what two have", div(sum(0, [6, v(5)], [3, w(5)]), 16), "(6·v+3·w div 16)"],
    ["takes out whole multiples of each", div(sum(11, [5, v(5)], [9, w(5)]), 4), "v+2·w+(v+w+3 div 4)+2"],
    ["is a number where the sum keeps within one step", div(sum(4, [1, v(2)], [1, w(3)]), 4), "1"],
    ["… below 0 too", div(sum(-4, [1, v(2)], [1, w(3)]), 4), "-1"],
    ["… beside whole steps", div(sum(1, [4, u(3)], [1, v(2)]), 4), "u"],
    ["… not one step further", div(sum(4, [1, v(3)], [1, w(3)]), 4), "(v+w div 4)+1"],
  ])("%s", (_, e, expected) => {
    expect([text(e), holdsEverywhere(e)]).toEqual([expected, ""]);
  });
});

describe("a quotient or remainder of a quotient or remainder", () => {
  const half = div(v(24), 2);
  test.each<readonly [says: string, e: Expr, text: string]>([
    ["is one quotient", div(half, 5), "(v div 10)"],
    ["… with a number below", div(sum(-1, [1, half]), 5), "(v+8 div 10)-1"],
    ["not of a multiple", div(times(half, 2), 5), "(2·(v div 2) div 5)"],
    ["nor of its opposite", div(times(half, -1), 5), "(-(v div 2) div 5)"],
    ["nor of a sum", div(sum(0, [1, half], [1, w(4)]), 5), "(w+(v div 2) div 5)"],
    ["nor of two quotients", div(sum(0, [1, half], [1, div(w(8), 3)]), 5), "((v div 2)+(w div 3) div 5)"],
    ["is 0 for a remainder below the divisor", div(mod(v(24), 6), 8), "0"],
    ["… up to it", div(mod(v(24), 8), 8), "0"],
    ["… not beyond", div(mod(v(24), 9), 8), "-(v div 9)+(v-(v div 9) div 8)"],
    ["a remainder below the divisor stays", mod(mod(v(24), 8), 8), "v-8·(v div 8)"],
    ["… with a number", mod(sum(1, [1, mod(v(24), 7)]), 8), "v-7·(v div 7)+1"],
    ["what may be negative is no remainder", mod(sum(-1, [1, v(6)]), 6), "v-6·(v+5 div 6)+5"],
    ["… nor what reaches the divisor", mod(sum(1, [1, v(6)]), 6), "v-6·(v+1 div 6)+1"],
    ["… but what lies below it is", mod(sum(1, [1, v(5)]), 6), "v+1"],
  ])("%s", (_, e, expected) => {
    expect([text(e), holdsEverywhere(e)]).toEqual([expected, ""]);
  });
});

describe("expressions are told apart", () => {
  const s = ix.newIndices();
  const all = Array.from({ length: 23 }, (_, k) => ix.variable(s, `a${k}`, 4));
  const x = all[1]!;

  // Pairs of one hash, as it is: what is the same is decided by the parts.
  test.each<readonly [string, ix.Ix, ix.Ix]>([
    ["by a number", ix.constant(s, 1), ix.constant(s, 1 + 2 ** 32)],
    ["by a number beside a variable", ix.shift(s, x, 1), ix.shift(s, x, 1 + 2 ** 32)],
    ["by a coefficient", ix.times(s, x, 3), ix.times(s, x, 3 + 2 ** 32)],
    ["by the variable", large(s, x), large(s, all[22]!)],
    ["by the kind of variable", ix.variable(s, "b", 4), ix.bound(s, 4)],
    ["… of one size and name", ix.variable(s, "n", 4), ix.rest(s, "n", 4)],
    ["by the row", ix.row(s, 0, 7), ix.row(s, 1, 7)],
    ["by the number of rows", ix.row(s, 0, 7), ix.row(s, 0, 8)],
    ["by the place of the parameter", ix.param(s, 0), ix.param(s, 1)],
    ["by what is divided", ix.div(s, x, 2), ix.div(s, all[2]!, 2)],
    ["by the divisor", ix.div(s, ix.row(s, 0, 3), 3), ix.div(s, ix.row(s, 0, 3), 2)],
    ["… where the ranges are one", ix.div(s, ix.plus(s, x, all[2]!), 5), ix.div(s, ix.plus(s, x, all[2]!), 4)],
  ])("%s", (_, a, b) => {
    expect(a).not.toBe(b);
    expect(a.id).not.toBe(b.id);
  });

  test("and counted, those that were made only by the way too", () => {
    const t = ix.newIndices();
    const [a, b] = [ix.variable(t, "a", 5), ix.variable(t, "b", 4)];
    expect([ix.plus(t, a, b), ix.plus(t, b, a), ix.constant(t, 3)].map((i) => i.id)).toEqual([2, 2, 3]);
    expect([t.atoms.size, t.exprs.size]).toEqual([2, 4]);
  });
});

describe("what stands in an expression", () => {
  const s = ix.newIndices();
  const [a, b] = [ix.variable(s, "a", 6), ix.variable(s, "b", 5)];
  const half = ix.div(s, a, 2);
  const at = ix.row(s, 1, 6);
  const names = (i: ix.Ix) => i.free.map((x) => x.label).join();

  test.each<readonly [string, ix.Ix, string, number, number]>([
    ["a variable", a, "a", 0, 5],
    ["one of a single value has none", ix.variable(s, "d", 1), "", 0, 0],
    ["one of two values", ix.variable(s, "e", 2), "e", 0, 1],
    ["a row has none", at, "", 0, 6],
    ["nor has its quotient", ix.div(s, at, 4), "", 0, 1],
    ["any other row", ix.rest(s, "r", 7), "r", 0, 6],
    ["a bound variable", ix.bound(s, 3), "b", 0, 2],
    ["a parameter", ix.param(s, 2), "p2", -Infinity, Infinity],
    ["a quotient's", half, "a", 0, 2],
    ["each once", ix.plus(s, ix.times(s, a, 2), half), "a", 0, 12],
    ["the older first", ix.plus(s, b, half), "a,b", 0, 6],
    ["in a quotient too", ix.div(s, ix.plus(s, b, half), 4), "a,b", 0, 1],
    ["beside a row", ix.plus(s, at, b), "b", 0, 10],
  ])("%s", (_, i, free, lo, hi) => {
    expect([names(i), i.lo, i.hi]).toEqual([free, lo, hi]);
  });

  test.each<readonly [says: string, i: ix.Ix, atom: object]>([
    ["a variable", a, { kind: "var", size: 6 }],
    ["a row", at, { kind: "row", token: 1 }],
    ["any other row", ix.rest(s, "r", 7), { kind: "rest", size: 7 }],
    ["a bound variable", ix.bound(s, 3), { kind: "bound", size: 3 }],
    ["a parameter", ix.param(s, 2), { kind: "param", place: 2 }],
    ["a quotient", half, { kind: "quotient", of: a, divisor: 2 }],
  ])("%s is of its kind, and no number", (_, i, atom) => {
    expect(i.atoms).toMatchObject([atom]);
    expect(ix.isConstantIx(i)).toBe(false);
    expect(ix.isConstantIx(ix.minus(s, i, i))).toBe(true);
  });

  test.each<readonly [string, ix.Ix, string]>([
    ["a row by its token", at, "w1"],
    ["a parameter by its place", ix.param(s, 2), "p2"],
    ["quotients after the variables", ix.plus(s, ix.times(s, half, -2), b), "b-2·(a div 2)"],
    ["a number below 0", ix.shift(s, b, -3), "b-3"],
    ["only a number below 0", ix.constant(s, -3), "-3"],
    ["a multiple of a multiple", ix.times(s, ix.times(s, b, 2), 3), "6·b"],
    ["only 0 for none of it", ix.times(s, b, 0), "0"],
    ["no 0 beside a variable", ix.shift(s, ix.shift(s, b, 1), -1), "b"],
  ])("shows %s", (_, i, expected) => {
    expect(ix.showIx(i)).toBe(expected);
  });

  test("is replaced where it is asked for, and only there", () => {
    const i = ix.plus(s, ix.times(s, half, 3), ix.shift(s, ix.times(s, b, 2), 1));
    const swap = (from: ix.Ix, to: ix.Ix) => ix.showIx(ix.substIx(s, i, (x) => (x === from.atoms[0] ? to : undefined)));
    expect(swap(a, ix.constant(s, 5))).toBe("2·b+7");
    expect(swap(b, a)).toBe("2·a+3·(a div 2)+1");
    expect(swap(b, ix.times(s, a, -1))).toBe("-2·a+3·(a div 2)+1");
    expect(ix.substIx(s, i, () => undefined)).toBe(i);
    expect(ix.substIx(s, at, () => a)).toBe(at);
  });
});

function large(s: ix.Indices, i: ix.Ix): ix.Ix {
  return ix.shift(s, ix.times(s, i, 17_329_363), 142);
}
