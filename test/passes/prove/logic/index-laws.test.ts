/** The laws of index expressions, one line a law, each against brute force over all values; and random expressions. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { type Expr, holdsEverywhere, indexOf, randomExpr, show, v, w } from "../../../support/prove/index-expr.ts";

const plus = (a: Expr, b: Expr): Expr => ({ op: "plus", a, b });
const times = (a: Expr, n: number): Expr => ({ op: "times", a, n });
const div = (a: Expr, n: number): Expr => ({ op: "div", a, n });
const mod = (a: Expr, n: number): Expr => ({ op: "mod", a, n });
const num = (n: number): Expr => ({ op: "num", n });
const minus = (a: Expr, b: Expr): Expr => plus(a, times(b, -1));

/** What an expression is written as, once simplified. */
const LAWS: readonly (readonly [says: string, expr: Expr, text: string])[] = [
  ["a number", num(7), "7"],
  ["zero", times(v(6), 0), "0"],
  ["a variable of one value is that value", v(1), "0"],
  ["a sum of numbers", plus(num(3), num(-5)), "-2"],
  ["a sum has one order", plus(w(5), v(6)), "v+w"],
  ["… whichever came first", plus(v(6), w(5)), "v+w"],
  ["a number comes last", plus(num(2), v(6)), "v+2"],
  ["equal terms are counted", plus(v(6), v(6)), "2·v"],
  ["opposite terms vanish", minus(v(6), v(6)), "0"],
  ["one of two vanishes", minus(plus(v(6), w(5)), v(6)), "w"],
  ["a factor goes to every term", times(plus(plus(v(6), w(5)), num(1)), 3), "3·v+3·w+3"],
  ["a minus sign is shown as one", times(v(6), -1), "-v"],
  ["… between terms too", minus(w(5), v(6)), "-v+w"],
  ["x div 1 is x", div(v(6), 1), "v"],
  ["x mod 1 is 0", mod(v(6), 1), "0"],
  ["a quotient of a number", div(num(17), 5), "3"],
  ["… is rounded down", div(num(-1), 5), "-1"],
  ["a remainder of a number", mod(num(17), 5), "2"],
  ["… is never negative", mod(num(-1), 5), "4"],
  ["what is below the divisor has quotient 0", div(v(6), 6), "0"],
  ["… and is its own remainder", mod(v(6), 6), "v"],
  ["one value more, and it has not", div(v(7), 6), "(v div 6)"],
  ["a remainder is what the quotient leaves", mod(v(7), 6), "v-6·(v div 6)"],
  ["what is negative has a quotient of its own", div(minus(v(3), num(1)), 3), "(v+2 div 3)-1"],
  ["whole multiples leave a quotient", div(times(v(6), 4), 4), "v"],
  ["… and no remainder", mod(times(v(6), 4), 4), "0"],
  ["a multiple beside a small rest", div(plus(times(v(6), 4), w(4)), 4), "v"],
  ["… leaves the rest", mod(plus(times(v(6), 4), w(4)), 4), "w"],
  ["a rest of one value more does not vanish", div(plus(times(v(6), 4), w(5)), 4), "v+(w div 4)"],
  ["a number beside a multiple", div(plus(times(v(6), 4), num(9)), 4), "v+2"],
  ["a negative number beside a multiple", div(plus(times(v(6), 4), num(-1)), 4), "v-1"],
  ["a common divisor is taken out", div(times(v(9), 6), 4), "v+(v div 2)"],
  ["a common divisor of coefficient and number", div(plus(times(v(9), 2), num(1)), 4), "(v div 2)"],
  ["a quotient of a quotient is one", div(div(v(24), 2), 3), "(v div 6)"],
  ["… with a number in between", div(plus(div(v(24), 2), num(1)), 3), "(v+2 div 6)"],
  ["quotient and remainder make the index", plus(times(div(v(24), 6), 6), mod(v(24), 6)), "v"],
  ["… at a second level", plus(times(div(div(v(24), 2), 3), 3), mod(div(v(24), 2), 3)), "(v div 2)"],
  ["a remainder of a remainder", mod(mod(v(24), 6), 3), "v-3·(v div 3)"],
  ["a remainder below the divisor is itself", mod(mod(v(24), 3), 6), "v-3·(v div 3)"],
  ["the quotient of a remainder", div(mod(v(24), 6), 3), "-2·(v div 6)+(v div 3)"],
  ["a remainder of a multiple", mod(times(mod(v(24), 3), 2), 6), "2·v-6·(v div 3)"],
  ["a row-major place has its row", div(plus(times(v(4), 6), w(6)), 6), "v"],
  ["… its column", mod(plus(times(v(4), 6), w(6)), 6), "w"],
  ["… and the half of its column", mod(div(plus(times(v(4), 6), w(6)), 3), 2), "(w div 3)"],
  ["x and −x have one parity", minus(mod(v(6), 2), mod(times(v(6), -1), 2)), "0"],
  ["a coefficient above the divisor is split", div(times(v(6), 5), 4), "v+(v div 4)"],
  ["a number in a quotient is reduced", div(plus(v(6), num(7)), 4), "(v+3 div 4)+1"],
  [
    "quotients by 2 and by 3 have no digits in common",
    plus(times(div(v(24), 2), -2), times(div(v(24), 3), 3)),
    "-2·(v div 2)+3·(v div 3)",
  ],
  ["a range that lies in one quotient", div(plus(v(3), num(9)), 4), "2"],
  ["… and its remainder", mod(plus(v(3), num(9)), 4), "v+1"],
];

describe("laws", () => {
  test.each(LAWS)("%s", (_, expr, text) => {
    expect(ix.showIx(indexOf(ix.newIndices(), expr))).toBe(text);
    expect(holdsEverywhere(expr)).toBe("");
  });
});

describe("what an index expression is told by", () => {
  const s = ix.newIndices();

  test("a range is part of a variable's name", () => {
    expect(ix.variable(s, "v", 4)).not.toBe(ix.variable(s, "v", 24));
    expect(ix.mod(s, ix.variable(s, "v", 4), 6)).toBe(ix.variable(s, "v", 4));
    expect(ix.mod(s, ix.variable(s, "v", 24), 6)).not.toBe(ix.mod(s, ix.variable(s, "v", 4), 6));
  });

  test("a variable, a row, any other row, a bound variable and a parameter are five things", () => {
    const all = [
      ix.variable(s, "n", 4),
      ix.row(s, 0, 3),
      ix.row(s, 1, 3),
      ix.rest(s, "n", 4),
      ix.bound(s, 4),
      ix.param(s, 0),
    ];
    expect(new Set(all).size).toBe(6);
    expect(all.map((i) => i.free.length)).toEqual([1, 0, 0, 1, 1, 1]);
  });

  test("equal forms are one object, whatever way they were made", () => {
    const [a, b] = [ix.variable(s, "a", 6), ix.variable(s, "b", 5)];
    const one = ix.plus(s, ix.times(s, a, 3), ix.shift(s, b, 2));
    expect(ix.minus(s, ix.plus(s, ix.shift(s, ix.times(s, a, 4), 2), b), a)).toBe(one);
    expect(ix.div(s, ix.times(s, one, 2), 2)).toBe(one);
  });

  test("a replaced variable is simplified anew", () => {
    const a = ix.variable(s, "a", 24);
    const atom = a.atoms[0]!;
    const at = (to: ix.Ix) => ix.showIx(ix.substIx(s, ix.div(s, a, 6), (x) => (x === atom ? to : undefined)));
    expect(at(ix.constant(s, 13))).toBe("2");
    expect(at(ix.variable(s, "b", 6))).toBe("0");
    expect(at(ix.times(s, ix.variable(s, "b", 4), 6))).toBe("b");
  });
});

test("random expressions have the value of the formula, and lie in their interval", () => {
  const seed = Number(process.env.INDEX_SEED ?? 90210);
  const property = fc.property(randomExpr, (expr) => {
    const wrong = holdsEverywhere(expr);
    if (wrong) throw new Error(`${show(expr)}: ${wrong}`);
  });
  fc.assert(property, { numRuns: Number(process.env.INDEX_RUNS ?? 2000), seed });
});
