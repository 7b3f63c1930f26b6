/** Where the number of cache rows has a part in a proof: what is said of five rows is said of any number only where it has none. */
import { describe, expect, test } from "vitest";
import type { DType } from "../../../../src/dsl/type.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { num } from "../../../../src/passes/prove/logic/make.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { readConst, readState } from "../../../../src/passes/prove/reading/leaves.ts";
import * as reals from "../../../../src/passes/prove/reading/reals.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import { countsInType, countsPlaces, countsRows, countsSummands } from "../../../../src/passes/prove/reading/sized.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { leaf } from "../../../support/prove/bodies.ts";
import { indexOf } from "../../../support/prove/row-indices.ts";
import { attemptOf } from "../../../support/prove/told.ts";

type Make = (s: ix.Indices) => ix.Ix;
/** A cache of five rows, in which five is no other size by chance. */
const ofCache = (): Context => attemptOf({ cacheSizes: new Set([5]) });
const isSized = (note: (c: Context) => unknown, c = ofCache()): boolean => {
  note(c);
  return c.record.sized;
};

const [v, wide]: readonly Make[] = [(s) => ix.variable(s, "v", 5), (s) => ix.variable(s, "h", 6)];
const u: Make = (s) => ix.rest(s, "u", 5);
const w: Make = (s) => ix.row(s, 0, 4);
const sum =
  (a: Make, b: Make): Make =>
  (s) =>
    ix.plus(s, a(s), b(s));
const twice =
  (a: Make): Make =>
  (s) =>
    ix.times(s, a(s), 2);

/** What an index is, and whether it runs along the cache. */
const ALONG: readonly (readonly [says: string, make: Make, along: boolean])[] = [
  ["a variable of as many values as there are rows", v!, true],
  ["one of another number", wide!, false],
  ["the variable of a closed reduction over the rows", (s) => ix.bound(s, 5), true],
  ["of one over something else", (s) => ix.bound(s, 6), false],
  ["a parameter, of which nothing is known", (s) => ix.param(s, 0), true],
  ["a token's row", w, true],
  ["any other row", u, true],
  ["the half of a row", (s) => ix.div(s, v!(s), 2), true],
  ["the half of something else", (s) => ix.div(s, wide!(s), 2), false],
  ["a sum with a row", sum(wide!, v!), true],
  ["a sum without one", sum(wide!, (s) => ix.variable(s, "g", 7)), false],
  ["a number", (s) => ix.constant(s, 3), false],
];

describe("an index that something is asked of", () => {
  test.each(ALONG)("%s", (_, make, along) => {
    expect(isSized((c) => countsRows(c, make(c.store.indices)))).toBe(along);
  });

  test("of a constant's element rests on the number of rows by it", () => {
    for (const [says, make, along] of ALONG.filter(([says]) => !/parameter|closed/.test(says))) {
      const table = (c: Context) =>
        readConst(c, new Array(60).fill(7), { dtype: "fp16", shape: [60] }, [make(c.store.indices)]);
      expect([says, isSized(table)]).toEqual([says, along]);
    }
  });

  test("runs along nothing where no state has rows, but for rows themselves", () => {
    for (const [make, along] of [
      [v!, false],
      [(s: ix.Indices) => ix.bound(s, 5), false],
      [u, true],
      [w, true],
    ] as const)
      expect(isSized((c) => countsRows(c, make(c.store.indices)), attemptOf())).toBe(along);
  });
});

describe("a state is read at", () => {
  test.each<readonly [says: string, make: Make, sized: boolean]>([
    ["all of its rows", v!, false],
    ["all, in a closed reduction", (s) => ix.bound(s, 5), false],
    ["all that no token writes", u, false],
    ["a token's row", w, false],
    ["a row after a token's", (s) => ix.shift(s, w(s), 1), false],
    ["those of a shorter cache that no token writes", (s) => ix.rest(s, "u", 4), true],
    ["a numbered row", (s) => ix.constant(s, 3), true],
    ["its first row", (s) => ix.constant(s, 0), true],
    ["a stretch of them", (s) => ix.variable(s, "k", 3), true],
    ["a stretch, in a closed reduction", (s) => ix.bound(s, 3), true],
    ["a stretch from the second on", (s) => ix.shift(s, ix.variable(s, "k", 4), 1), true],
    ["all but one, moved", (s) => ix.shift(s, v!(s), 1), true],
    ["the row after any other", (s) => ix.shift(s, u(s), 1), true],
    ["every second row", twice(v!), true],
    ["every second row of the others", twice(u), true],
    ["twice a token's row", twice(w), true],
    ["all rows from the last on", (s) => ix.shift(s, ix.times(s, v!(s), -1), 4), true],
    ["the half of a row", (s) => ix.div(s, v!(s), 2), true],
    ["a row of as many halves", (s) => ix.div(s, ix.variable(s, "k", 10), 2), true],
    ["a sum of two", sum(v!, w), true],
    ["a sum with a row", sum(w, (s) => ix.variable(s, "k", 2)), true],
    ["a place that a closed reduction brings", (s) => ix.param(s, 0), true],
  ])("%s", (_, make, sized) => {
    const places = (c: Context, axis: number) =>
      [indexOf(c, "0"), indexOf(c, "3")].toSpliced(axis, 0, make(c.store.indices));
    for (const axis of [0, 1, 2]) {
      const shape = [1, 4].toSpliced(axis, 0, 5);
      expect([axis, isSized((c) => countsPlaces(c, places(c, axis), shape))]).toEqual([axis, sized]);
      const state = (c: Context) => readState(c, "K", places(c, axis), { dtype: "fp16", shape });
      expect([axis, isSized(state)]).toEqual([axis, sized]);
      // Of an axis that counts something else any place is as good.
      expect(isSized((c) => countsPlaces(c, places(c, axis), shape.with(axis, 7)))).toBe(false);
    }
  });

  test("whatever is read, where no state is known to have rows", () => {
    expect(isSized((c) => countsPlaces(c, [indexOf(c, "3")], [5]), attemptOf())).toBe(false);
  });

  test("one place along two axes of rows: each of them counts", () => {
    for (const [names, sized] of [
      [["v", "u"], false],
      [["v", "3"], true],
      [["3", "v"], true],
    ] as const)
      expect(
        isSized((c) =>
          countsPlaces(
            c,
            names.map((name) => indexOf(c, name)),
            [5, 5],
          ),
        ),
      ).toBe(sized);
  });
});

describe("whether a position fits a type rests on the number of rows", () => {
  const times =
    (k: number): Make =>
    (s) =>
      ix.times(s, w(s), k);

  test.each<readonly [dtype: DType, says: string, make: Make, sized: boolean]>([
    ["int32", "a row", w, false],
    ["int32", "a number", (s) => ix.constant(s, 2), false],
    ["int32", "1024 times a row", times(1024), false],
    ["int32", "1025 times a row", times(1025), true],
    ["int32", "minus 1024 times a row", times(-1024), false],
    ["int32", "minus 1025 times a row", times(-1025), true],
    ["int32", "a variable beside 1025 times a row", sum(v!, times(1025)), true],
    ["int16", "a row", w, true],
    ["fp16", "a row", w, true],
    ["fp32", "a number", (s) => ix.constant(s, 2), true],
  ])("%s: %s", (dtype, _, make, sized) => {
    expect(isSized((c) => countsInType(c, dtype, make(c.store.indices)))).toBe(sized);
  });
});

describe("how many summands there are", () => {
  const [rows, six] = [
    { kind: "interval", n: 5 },
    { kind: "interval", n: 6 },
  ] as const;

  test("rests on the number of rows where they are as many", () => {
    expect(isSized((c) => countsSummands(c, rows))).toBe(true);
    expect(isSized((c) => countsSummands(c, six))).toBe(false);
    expect(isSized((c) => countsSummands(c, { kind: "other rows", size: 5 }))).toBe(false);
    expect(isSized((c) => countsSummands(c, rows), attemptOf())).toBe(false);
  });

  /** Summands over the reals, and whether their number is a factor of the sum. */
  test.each<readonly [says: string, body: (c: Context, k: ix.Ix) => Term, counted: boolean]>([
    ["a number", (c) => num(c, 2), true],
    ["a term that is the same in each", (c) => leaf(c, "x"), true],
    ["a term of each", (c, k) => leaf(c, "K", k), false],
    ["both", (c, k) => scalar.add(c, leaf(c, "K", k), leaf(c, "x")), true],
    ["a term of each, and a number", (c, k) => scalar.add(c, leaf(c, "K", k), num(c, 1)), true],
    ["none", (c) => num(c, 0), false],
  ])("is a factor of the sum of %s", (_, body, counted) => {
    for (const [over, size] of [
      [rows, 5],
      [six, 6],
    ] as const) {
      const c = attemptOf({ mode: "reals", cacheSizes: new Set([5]) });
      const k = ix.variable(c.store.indices, "v", size);
      reals.sum(c, over, k.atoms[0]!, body(c, k));
      expect([size, c.record.sized]).toEqual([size, counted && size === 5]);
    }
  });
});
