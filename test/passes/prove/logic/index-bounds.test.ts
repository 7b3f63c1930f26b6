/** Intervals of index expressions: exact on small families, by brute force over all values; right where they are coarse. */
import { describe, expect, test } from "vitest";
import { addTo, asAtom, bounds, type Sum } from "../../../../src/passes/prove/logic/index-bounds.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { everyPoint, valueAt } from "../../../support/prove/index-expr.ts";

type Interval = readonly [lo: number, hi: number];
type Sizes = Readonly<Record<string, number>>;

const SMALL = [-3, -2, -1, 0, 1, 2, 3];

describe("a sum", () => {
  const s = ix.newIndices();
  const [v, w] = [ix.variable(s, "v", 6), ix.variable(s, "w", 4)];
  const [a, b] = [v.atoms[0]!, w.atoms[0]!];
  const more = ix.shift(s, ix.plus(s, ix.times(s, v, 2), w), 9);

  test("takes each atom as often as it is added, and no number", () => {
    const sum = addTo(new Map([[a, 1]]), more, 3);
    expect([...sum]).toEqual([
      [a, 7],
      [b, 3],
    ]);
    expect([...addTo(sum, more, -3)]).toEqual([
      [a, 1],
      [b, 0],
    ]);
  });

  test.each<readonly [string, ix.Ix, ix.Atom | undefined]>([
    ["a variable is an atom", v, a],
    ["twice a variable is not", ix.times(s, v, 2), undefined],
    ["nor its opposite", ix.times(s, v, -1), undefined],
    ["nor with a number", ix.shift(s, v, 1), undefined],
    ["nor two variables", ix.plus(s, v, w), undefined],
    ["nor a number", ix.constant(s, 0), undefined],
    ["a quotient is one", ix.div(s, v, 4), ix.div(s, v, 4).atoms[0]],
    ["a remainder is not", ix.mod(s, v, 4), undefined],
  ])("%s", (_, i, atom) => {
    expect(asAtom(i)).toBe(atom);
  });

  test("what is not there does not count, whatever its range", () => {
    const p = ix.param(s, 0).atoms[0]!;
    const sum: Sum = new Map([
      [p, 0],
      [a, 2],
    ]);
    expect(bounds(sum, 1)).toEqual([1, 11]);
  });
});

describe("the interval is exact", () => {
  test.each(SMALL)("for terms of independent variables, %i of the first", (k) => {
    const s = ix.newIndices();
    const sizes = { v: 4, w: 3, u: 2 };
    const [v, w, u] = variables(s, sizes);
    const all = pairs((m, n) => sum(s, [k, v!], [m, w!], [n, u!], [n - m, ix.constant(s, 1)]));
    expect(inexact(all, sizes)).toEqual([]);
  });

  test.each<readonly [string, readonly number[]]>([
    ["the variable before its quotients", [1, 2, 6]],
    ["its quotients before it", [6, 2, 1]],
    ["… in another order", [2, 6, 1]],
    ["steps of other widths", [1, 3, 12]],
    ["no variable beside them", [2, 4, 12]],
  ])("for quotients of one variable that divide each other: %s", (_, divisors) => {
    const s = ix.newIndices();
    const sizes = { v: 24 };
    const parts = ix.variable(s, "v", 24);
    // The order of the atoms is the order in which they are met first.
    const [x, y, z] = divisors.map((d) => (d === 1 ? parts : ix.div(s, parts, d)));
    const one = ix.constant(s, 1);
    const all = pairs((k, m) => SMALL.map((n) => sum(s, [k, x!], [m, y!], [n, z!], [k - n, one]))).flat();
    expect(inexact(all, sizes)).toEqual([]);
  });

  test.each(SMALL)("for %i times a remainder of two variables, beside a third", (k) => {
    for (const n of [2, 3, 4])
      for (const c of [-3, -1, 0, 2]) {
        const s = ix.newIndices();
        const sizes = { v: 5, w: 4, u: 3 };
        const [v, w, u] = variables(s, sizes);
        const remainder = ix.mod(s, ix.shift(s, ix.plus(s, v!, w!), c), n);
        const all = SMALL.map((m) => sum(s, [k, remainder], [m, u!], [c, ix.constant(s, 1)]));
        expect(inexact(all, sizes)).toEqual([]);
      }
  });

  test.each<readonly [string, (x: readonly ix.Ix[], s: ix.Indices) => ix.Ix]>([
    ["a remainder of three", ([v, w, u], s) => ix.mod(s, sum(s, [1, v!], [1, w!], [1, u!]), 4)],
    ["a remainder of multiples", ([v, w], s) => ix.mod(s, sum(s, [2, v!], [3, w!]), 5)],
    ["two remainders", ([v, w, u, t], s) => ix.plus(s, pair(s, v!, w!, 3), pair(s, u!, t!, 2))],
    ["… one less the other", ([v, w, u, t], s) => ix.minus(s, pair(s, v!, w!, 3), pair(s, u!, t!, 2))],
    ["… of other sizes", ([v, w, u, t], s) => sum(s, [-2, pair(s, v!, w!, 2)], [3, pair(s, u!, t!, 3)])],
    ["a quotient beside its whole", ([v, w], s) => sum(s, [1, v!], [1, w!], [4, ix.div(s, ix.plus(s, v!, w!), 4)])],
    ["… less it", ([v, w], s) => sum(s, [-1, v!], [-1, w!], [-4, ix.div(s, ix.plus(s, v!, w!), 4)])],
  ])("for %s", (_, make) => {
    const s = ix.newIndices();
    const sizes = { v: 5, w: 4, u: 3, t: 3 };
    expect(inexact([make(variables(s, sizes), s)], sizes)).toEqual([]);
  });
});

describe("the interval is that of each term by itself", () => {
  test.each<readonly [number, number]>([
    [2, 3],
    [4, 6],
    [3, 2],
  ])("for quotients by %i and by %i, which do not divide each other", (d, e) => {
    const s = ix.newIndices();
    const v = ix.variable(s, "v", 12);
    const [x, y] = [ix.div(s, v, d), ix.div(s, v, e)];
    const apart = { x: 12 / d, y: 12 / e };
    const [a, b] = variables(s, apart);
    const all = pairs((k, m) => [sum(s, [k, x], [m, y]), sum(s, [k, a!], [m, b!])]);
    const wrong = all.filter(([i, j]) => !same(interval(i!), range(j!, apart)));
    expect(wrong.map(([i]) => ix.showIx(i!))).toEqual([]);
  });

  test("for a variable whose quotient is of a sum that is not there", () => {
    const s = ix.newIndices();
    const [v, w] = variables(s, { v: 12, w: 3 });
    const quotient = ix.div(s, ix.plus(s, v!, w!), 4);
    expect(interval(sum(s, [1, v!], [-4, quotient]))).toEqual([-12, 11]);
    expect(interval(sum(s, [1, w!], [-4, quotient]))).toEqual([-12, 2]);
  });
});

describe("an unbounded parameter", () => {
  const s = ix.newIndices();
  const p = ix.param(s, 0);

  test.each<readonly [string, ix.Ix, Interval]>([
    ["has no interval", p, [-Infinity, Infinity]],
    ["… nor has its quotient", ix.div(s, p, 4), [-Infinity, Infinity]],
    ["its remainder has", ix.mod(s, p, 4), [0, 3]],
    ["… with a sign", ix.times(s, ix.mod(s, p, 4), -1), [-3, 0]],
    ["… of its quotient", ix.mod(s, ix.div(s, p, 2), 3), [0, 2]],
    ["… beside a variable", ix.mod(s, ix.plus(s, p, ix.variable(s, "v", 3)), 4), [0, 3]],
    ["twice it less itself has none", ix.minus(s, ix.times(s, p, 2), p), [-Infinity, Infinity]],
  ])("%s", (_, i, expected) => {
    expect(interval(i)).toEqual(expected);
  });
});

test("where it is coarse it is right, and in whole numbers", () => {
  for (const [m, n] of [
    [5, 5],
    [7, 3],
    [10, 1],
  ] as const) {
    const s = ix.newIndices();
    const sizes = { v: m, w: n };
    const [v, w] = variables(s, sizes);
    const whole = ix.shift(s, ix.plus(s, v!, w!), 1);
    for (const d of [2, 3, 4]) {
      const [p, q] = [ix.div(s, whole, d), ix.div(s, v!, d)];
      const all = pairs((k, j) => sum(s, [k, v!], [j, w!], [k - j, p], [j, q]));
      const wrong = all.filter((i) => {
        const [least, most] = range(i, sizes);
        return i.lo > least || i.hi < most || !interval(i).every(Number.isInteger);
      });
      expect(wrong.map(ix.showIx)).toEqual([]);
    }
  }
});

const pairs = <X>(f: (k: number, m: number) => X): readonly X[] => SMALL.flatMap((k) => SMALL.map((m) => f(k, m)));
const interval = (i: ix.Ix): Interval => [i.lo, i.hi];
const same = (a: Interval, b: Interval): boolean => a[0] === b[0] && a[1] === b[1];
const variables = (s: ix.Indices, sizes: Sizes): readonly ix.Ix[] =>
  Object.entries(sizes).map(([name, n]) => ix.variable(s, name, n));
const pair = (s: ix.Indices, a: ix.Ix, b: ix.Ix, n: number): ix.Ix => ix.mod(s, ix.plus(s, a, b), n);
const sum = (s: ix.Indices, ...parts: readonly (readonly [k: number, i: ix.Ix])[]): ix.Ix =>
  parts.reduce((all, [k, i]) => ix.plus(s, all, ix.times(s, i, k)), ix.constant(s, 0));

/** The least and the greatest value that there is. */
function range(i: ix.Ix, sizes: Sizes): Interval {
  const values = everyPoint(new Map(Object.entries(sizes))).map((at) => valueAt(i, at));
  return [Math.min(...values), Math.max(...values)];
}

/** Those whose interval is not the least that holds all values. */
const inexact = (all: readonly ix.Ix[], sizes: Sizes): readonly string[] =>
  all.filter((i) => !same(interval(i), range(i, sizes))).map((i) => `${ix.showIx(i)} in [${i.lo}, ${i.hi}]`);
