/** Pieces of equal form: the one term in their number is each of them at its own, or there is none. */
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { close, substitute } from "../../../../src/passes/prove/logic/lambda.ts";
import { num, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Lam, Range, Reduction, Term } from "../../../../src/passes/prove/logic/terms.ts";
import { common, reroll, sameReduction } from "../../../../src/passes/prove/reading/reroll.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { attemptOf } from "../../../support/prove/told.ts";

const c = attemptOf();
const s = c.store.indices;
const n = (k: number): ix.Ix => ix.constant(s, k);
const at = (name: string, ...places: readonly ix.Ix[]): Term =>
  raw(c, { kind: "leaf", leaf: { of: "state", name, dtype: "fp16" } }, [], places);
const K = (...places: readonly ix.Ix[]): Term => at("K", ...places);
const exp = (t: Term): Term => scalar.unary(c, "exp", t);
const mul = (a: Term, b: Term): Term => scalar.mul(c, a, b);
const max = (...args: readonly Term[]): Term => scalar.maximum(c, args);
/** A term with a variable at a place. */
const put = (t: Term, v: ix.Ix, place: ix.Ix): Term =>
  substitute(c, t, (a) => (a === v.atoms[0] ? place : undefined), scalar.rebuild);

const OVER: Readonly<Record<string, Range>> = {
  four: { kind: "interval", n: 4 },
  five: { kind: "interval", n: 5 },
  "other four": { kind: "other rows", size: 4 },
  "other five": { kind: "other rows", size: 5 },
};
/** A reduction with a body, over a variable of the range. */
function over(range: keyof typeof OVER, reduction: Reduction, body: (v: ix.Ix) => Term): Term {
  const r = OVER[range]!;
  const v = r.kind === "interval" ? ix.variable(s, "v", r.n) : ix.rest(s, "v", r.size);
  return close(c, reduction, r, v.atoms[0]!, body(v));
}
const sum = (body: (v: ix.Ix) => Term): Term => over("four", "sum", body);

describe("the common form of two terms is the first at 0 and the second at 1", () => {
  const u = ix.variable(s, "u", 6);
  test.each<readonly [says: string, a: Term, b: Term]>([
    ["the same", K(u), K(u)],
    ["places a step apart", K(n(3)), K(n(5))],
    ["… counted down", K(n(5)), K(n(3))],
    ["… beside a variable", K(ix.shift(s, u, 1)), K(ix.shift(s, u, 4))],
    ["one place of two", K(u, n(1)), K(u, n(2))],
    ["both", K(n(1), n(9)), K(n(2), n(7))],
    ["in a function", exp(K(n(1))), exp(K(n(2)))],
    ["in one of two arguments", mul(K(u), exp(K(n(1)))), mul(K(u), exp(K(n(2))))],
    ["in both", mul(K(n(4)), exp(K(n(1)))), mul(K(n(6)), exp(K(n(2))))],
    ["met twice", max(K(n(4)), exp(K(n(4)))), max(K(n(5)), exp(K(n(5))))],
    [
      "in a quotient of a sum",
      sum((v) => K(ix.div(s, ix.plus(s, u, v), 2))),
      sum((v) => K(ix.div(s, ix.plus(s, ix.shift(s, u, 1), v), 2))),
    ],
    ["outside a sum", sum((v) => K(n(1), v)), sum((v) => K(n(2), v))],
    ["in the body of a sum", sum((v) => K(v)), sum((v) => K(ix.shift(s, v, 4)))],
    ["… and outside of it", sum((v) => mul(K(v), at("L", n(1)))), sum((v) => mul(K(ix.shift(s, v, 4)), at("L", n(3))))],
    ["in a maximum", over("four", "max", (v) => K(v)), over("four", "max", (v) => K(ix.shift(s, v, 1)))],
    ["over other rows", over("other four", "sum", (v) => K(n(1), v)), over("other four", "sum", (v) => K(n(2), v))],
    [
      "… in the body",
      over("other four", "sum", (v) => exp(K(n(1), v))),
      over("other four", "sum", (v) => exp(K(ix.shift(s, n(1), 1), v))),
    ],
    [
      "in a sum of sums",
      sum((v) => exp(sum((w) => K(v, w)))),
      sum((v) => exp(sum((w) => K(ix.shift(s, v, 2), ix.shift(s, w, 1))))),
    ],
  ])("%s", (_, a, b) => {
    const hole = ix.variable(s, "hole", 2);
    const form = common(c, a, b, hole);
    expect(form).toBeDefined();
    expect([put(form!, hole, n(0)), put(form!, hole, n(1))]).toEqual([a, b]);
  });

  test.each<readonly [says: string, a: Term, b: Term]>([
    ["two names", at("K", u), at("L", u)],
    ["two functions", exp(K(u)), scalar.unary(c, "tanh", K(u))],
    ["a function and none", exp(K(u)), K(u)],
    ["two numbers", num(c, 1), num(c, 2)],
    ["places that a variable parts", K(u), K(ix.times(s, u, 2))],
    ["a place and a variable", K(n(1)), K(u)],
    ["one place and two", K(u), K(u, u)],
    ["the first two arguments and all three", max(K(u), at("L", u)), max(K(u), at("L", u), at("M", u))],
    ["the last two and all three", max(at("L", u), at("M", u)), max(K(u), at("L", u), at("M", u))],
    ["the outer two and all three", max(K(u), at("M", u)), max(K(u), at("L", u), at("M", u))],
    ["arguments of two forms", mul(K(u), exp(K(u))), mul(K(u), scalar.unary(c, "tanh", K(u)))],
    ["a sum and an element", sum((v) => K(v)), K(u)],
    ["a sum and a maximum", sum((v) => K(v)), over("four", "max", (v) => K(v))],
    ["sums of two lengths", sum((v) => K(v)), over("five", "sum", (v) => K(v))],
    ["sums of two forms", sum((v) => K(v)), sum((v) => exp(K(v)))],
    ["sums over all and over other rows", sum((v) => K(v)), over("other four", "sum", (v) => K(v))],
  ])("there is none of %s", (_, a, b) => {
    const hole = ix.variable(s, "hole", 2);
    expect([common(c, a, b, hole), common(c, b, a, hole)]).toEqual([undefined, undefined]);
  });
});

test("what is the same is left as it stands", () => {
  const odd = raw(c, { kind: "neg" }, [raw(c, { kind: "neg" }, [K(n(1))])]);
  expect(common(c, odd, odd, ix.variable(s, "hole", 2))).toBe(odd);
});

test("two reductions are in the same way where function, kind of range and size are", () => {
  const lams = Object.keys(OVER).flatMap((range) =>
    (["sum", "max", "min"] as const).map((reduction): Lam => {
      const t = over(range, reduction, (v) => K(v));
      return (t as Extract<Term, { kind: "app" }>).lam;
    }),
  );
  const same = lams.map((a) => lams.map((b) => Number(sameReduction(a, b))));
  expect(same).toEqual(lams.map((a) => lams.map((b) => Number(a === b))));
  const exps = (over("four", "sum", (v) => exp(K(v))) as Extract<Term, { kind: "app" }>).lam;
  expect(lams.filter((a) => sameReduction(a, exps)).length).toBe(1);
});

describe("pieces read as one term", () => {
  const v = (size: number): ix.Ix => ix.variable(s, "v", size);
  type Pick = (piece: number, rest: ix.Ix) => Term;
  const elements: Pick = (k, rest) => K(n(k), rest);

  test.each<readonly [says: string, i: ix.Ix, count: number, size: number, pick: Pick]>([
    ["all of them", v(12), 3, 4, elements],
    ["in steps, from another place on", v(12), 3, 4, (k, rest) => K(n(7 - 2 * k), rest)],
    ["those from the second on", ix.shift(s, v(8), 4), 3, 4, elements],
    ["… in steps of three", ix.shift(s, v(8), 4), 3, 4, (k, rest) => K(n(3 * k), rest)],
    ["all but the last", v(8), 3, 4, elements],
    ["pieces of one", v(3), 3, 1, elements],
    ["rows", ix.plus(s, ix.times(s, v(3), 4), ix.variable(s, "w", 4)), 3, 4, elements],
    ["sums", v(12), 3, 4, (k, rest) => sum((w) => K(ix.shift(s, w, 4 * k), rest))],
    ["the same piece", v(12), 3, 4, (_, rest) => K(rest)],
  ])("%s", (_, i, count, size, pick) => {
    const form = reroll(c, i, count, size, pick);
    expect(form).toBeDefined();
    for (let x = 0; x < v(12).hi + 1; x++) {
      const there = ix.substIx(s, i, (a) =>
        a.label === "v" ? n(Math.min(x, a.hi)) : a.label === "w" ? n(1) : undefined,
      );
      const term = substitute(
        c,
        form!,
        (a) => (a.label === "v" ? n(Math.min(x, a.hi)) : a.label === "w" ? n(1) : undefined),
        scalar.rebuild,
      );
      expect(term).toBe(pick(Math.floor(there.c / size), n(there.c % size)));
    }
  });

  const none: readonly (readonly [says: string, i: ix.Ix, count: number, pick: Pick])[] = [
    ["beyond the last", v(13), 3, elements],
    ["before the first", ix.shift(s, v(12), -1), 3, elements],
    [
      "a whole one before the first",
      ix.plus(s, ix.times(s, ix.shift(s, v(3), -1), 4), ix.variable(s, "w", 4)),
      3,
      elements,
    ],
    ["where the rest may seem too large", ix.times(s, v(4), 3), 3, elements],
    ["of two names", v(12), 3, (k, rest) => at(k === 1 ? "L" : "K", rest)],
    ["of which the third is another's", v(12), 3, (k, rest) => at(k === 2 ? "L" : "K", rest)],
    ["of which the third is a step short", v(12), 3, (k, rest) => K(n(Math.min(k, 1)), rest)],
  ];
  test.each(none)("not %s", (_, i, count, pick) => {
    const attempt: Context["record"]["counts"] = c.record.counts;
    const before = attempt.get("re-roll");
    expect(reroll(c, i, count, 4, pick)).toBeUndefined();
    expect(attempt.get("re-roll")).toBe(before);
  });

  test("no piece is asked for that cannot hold the index", () => {
    const asked = (i: ix.Ix, count: number): readonly number[] => {
      const found: number[] = [];
      reroll(c, i, count, 4, (k, rest) => {
        found.push(k);
        return K(n(k), rest);
      });
      return found;
    };
    expect(asked(v(12), 3)).toEqual([0, 1, 2]);
    expect(asked(ix.shift(s, v(8), 4), 5)).toEqual([1, 2]);
  });

  test("the depth of open reductions is left as it was", () => {
    const depth = c.nesting.depth;
    expect(reroll(c, v(8), 2, 4, (k, rest) => sum((w) => K(n(k), w, rest)))).toBeDefined();
    expect(c.nesting.depth).toBe(depth);
  });
});
