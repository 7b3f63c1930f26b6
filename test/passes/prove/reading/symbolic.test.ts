/** The reading with symbols, against numbers: places by brute force over all values of their variables. */
import { describe, expect, test } from "vitest";
import type { Shape } from "../../../../src/dsl/type.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { symbolicReading } from "../../../../src/passes/prove/reading/symbolic.ts";
import { valueAt } from "../../../support/prove/index-expr.ts";
import { indexOf } from "../../../support/prove/row-indices.ts";
import { termValue } from "../../../support/prove/term-value.ts";
import { attemptOf, told } from "../../../support/prove/told.ts";

const c = attemptOf();
const s = c.store.indices;
const m = symbolicReading(c);
const leaf = (name: string, ...at: readonly ix.Ix[]): Term =>
  raw(c, { kind: "leaf", leaf: { of: "input", name, dtype: "fp16" } }, [], at);
const value = (t: Term, at: Readonly<Record<string, number>> = {}): number =>
  termValue(t, { leaf: (_, place) => place.reduce((sum, i) => 100 * sum + i, 0), at });

test("a memo makes what stands at one place once, and each memo and each place its own", () => {
  const [i, j] = ["i", "j"].map((label) => ix.variable(s, label, 4)) as [ix.Ix, ix.Ix];
  const [one, other] = [m.memo!(), m.memo!()];
  let made = 0;
  const make = () => leaf(`made ${made++}`);
  const asked = [one([i, j], make), one([j, i], make), one([i, j], make), other([i, j], make), one([j, i], make)];
  expect(made).toBe(3);
  expect([asked[2], asked[4]]).toEqual([asked[0], asked[1]]);
  expect(new Set(asked).size).toBe(3);
});

describe("an index in another shape is the place of the same element", () => {
  const places = (shape: Shape): readonly (readonly number[])[] =>
    shape.reduce<number[][]>((all, n) => all.flatMap((at) => Array.from({ length: n }, (_, k) => [...at, k])), [[]]);
  const flat = (at: readonly number[], shape: Shape): number => at.reduce((sum, k, axis) => sum * shape[axis]! + k, 0);

  test.each<readonly [from: Shape, to: Shape]>([
    [[4], [4]],
    [[], []],
    [[], [1, 1]],
    [[1, 1], []],
    [[4], [1, 4, 1, 1]],
    [[1, 4, 1, 1], [4]],
    [
      [2, 3, 4],
      [6, 4],
    ],
    [
      [6, 4],
      [2, 3, 4],
    ],
    [
      [2, 6],
      [3, 4],
    ],
    [
      [3, 4],
      [2, 6],
    ],
    [
      [2, 6],
      [2, 1, 3, 2],
    ],
    [[2, 3, 2], [12]],
    [[12], [2, 3, 2]],
    [
      [4, 1, 3],
      [2, 2, 3],
    ],
  ])("%j to %j", (from, to) => {
    const names = from.map((_, axis) => `a${axis}`);
    const found = m.reindex(
      from.map((n, axis) => ix.variable(s, names[axis]!, n)),
      from,
      to,
    );
    expect(found.length).toBe(to.length);
    for (const at of places(from)) {
      const values = Object.fromEntries(names.map((name, axis) => [name, at[axis]!]));
      const there = found.map((i) => valueAt(i, values));
      expect(there.every((k, axis) => k >= 0 && k < to[axis]!)).toBe(true);
      expect(flat(there, to)).toBe(flat(at, from));
    }
  });

  test("axes that keep their size keep their index, so that a cache row stays one", () => {
    const [w, a, b] = [indexOf(c, "w0"), ix.variable(s, "a", 4), ix.variable(s, "b", 6)];
    const zero = ix.constant(s, 0);
    expect(m.reindex([w, a], [5, 4], [1, 5, 1, 4])).toEqual([zero, w, zero, a]);
    expect(m.reindex([zero, w, b], [1, 5, 6], [5, 2, 3])[0]).toBe(w);
    expect(m.reindex([a, b, w], [4, 6, 5], [24, 5])[1]).toBe(w);
  });
});

/** What was asked for: `1 at v-2`. */
const picked = (ask: (pick: (n: number, rest: ix.Ix) => Term) => Term): string => {
  let found = "";
  const answer = told(
    () =>
      ask((n, rest) => {
        found += `${n} at ${ix.showIx(rest)}`;
        return leaf("x");
      }),
    (t) => (t === leaf("x") ? "" : t.kind),
  );
  return answer === "" ? found : answer;
};

describe("which piece holds an index", () => {
  test.each<readonly [says: string, index: ix.Ix, sizes: readonly number[], found: string]>([
    ["a number in the first", ix.constant(s, 1), [2, 3], "0 at 1"],
    ["the first of the second", ix.constant(s, 2), [2, 3], "1 at 0"],
    ["the last", ix.constant(s, 4), [2, 3], "1 at 2"],
    ["behind an empty one", ix.constant(s, 0), [0, 2], "1 at 0"],
    ["a range in one of them", ix.shift(s, ix.variable(s, "v", 3), 2), [2, 3, 4], "1 at v"],
    ["a range over two", ix.variable(s, "v", 5), [2, 3], "v: 2"],
    ["a range over all", ix.variable(s, "v", 9), [2, 3, 4], "v: 2 5"],
    ["equal ones of no common form", ix.variable(s, "v", 6), [3, 3], "v: 3"],
    ["before the first", ix.constant(s, -1), [2, 3], "undecided"],
  ])("%s", (_, index, sizes, found) => {
    const pick = picked((of) =>
      m.piece(index, sizes, (n, rest) => (sizes[0] === sizes[1] ? leaf("xy"[n]!) : of(n, rest))),
    );
    expect(pick).toBe(found);
  });

  test("equal ones of a common form are one term, unequal ones are not taken for it", () => {
    const v = ix.variable(s, "v", 6);
    const pick = (n: number, rest: ix.Ix): Term => leaf("x", ix.constant(s, n), rest);
    const whole = m.piece(v, [2, 2, 2], pick);
    for (let k = 0; k < 6; k++) expect(value(whole, { v: k })).toBe(100 * Math.floor(k / 2) + (k % 2));
    expect(
      told(
        () => m.piece(v, [2, 1, 3], pick),
        (t) => t.kind,
      ),
    ).toBe("v: 2 3");
  });
});

describe("whether an index lies in a slice", () => {
  const v = ix.variable(s, "v", 8);
  const asked = (i: ix.Ix, begin: ix.Ix, size: number, stride: number): string =>
    told(
      () =>
        m.within(
          i,
          begin,
          size,
          stride,
          (rest) => leaf("in", rest),
          () => leaf("out"),
        ),
      (t) => (t === leaf("out") ? "outside" : ix.showIx(t.ix[0]!)),
    );

  test.each<readonly [says: string, i: ix.Ix, begin: number, size: number, stride: number, found: string]>([
    ["all of it does", v, 0, 8, 1, "v"],
    ["one too short", v, 0, 7, 1, "v: 7"],
    ["from the second on", v, 1, 7, 1, "v: 1"],
    ["in the middle", v, 2, 3, 1, "v: 2 5"],
    ["just behind it", v, -8, 8, 1, "outside"],
    ["one of it is not behind", v, -7, 8, 1, "v: 1"],
    ["just before it", v, 8, 3, 1, "outside"],
    ["one of it is not before", v, 7, 3, 1, "v: 7"],
    ["the first with a stride", ix.constant(s, 2), 2, 3, 2, "0"],
    ["the last with a stride", ix.constant(s, 6), 2, 3, 2, "2"],
    ["behind the last with a stride", ix.constant(s, 7), 2, 3, 2, "outside"],
    ["between with a stride", ix.constant(s, 3), 2, 3, 2, "outside"],
    ["every second", ix.times(s, ix.variable(s, "v", 4), 2), 0, 4, 2, "v"],
    ["those between every second", ix.shift(s, ix.times(s, ix.variable(s, "v", 4), 2), 1), 0, 5, 2, "outside"],
    ["now and then", v, 0, 4, 2, "v: 7"],
    ["by turns", ix.variable(s, "v", 7), 0, 4, 2, "v: 1 2 3 4 5 6"],
  ])("%s", (_, i, begin, size, stride, found) => {
    expect(asked(i, ix.constant(s, begin), size, stride)).toBe(found);
    for (let k = 0; k < 8; k++) {
      const at = ix.constant(s, valueAt(i, { v: k }));
      const place = (at.c - begin) / stride;
      const inside = Number.isInteger(place) && place >= 0 && place < size;
      expect(asked(at, ix.constant(s, begin), size, stride)).toBe(inside ? String(place) : "outside");
    }
  });

  test("of cache rows, where it begins at one", () => {
    expect(asked(indexOf(c, "w0"), indexOf(c, "w0"), 1, 1)).toBe("0");
    expect(asked(indexOf(c, "w1"), indexOf(c, "w0"), 1, 1)).toBe("outside");
    expect(asked(v, indexOf(c, "w0"), 1, 1)).toBe("v by rows");
  });
});
