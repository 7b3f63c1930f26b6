/** Rules about rows, masks and positions, beside what a host feeds, and tables of numbers beside how they were counted out. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { constant, shift } from "../../../../src/passes/prove/logic/indices.ts";
import { withinRows } from "../../../../src/passes/prove/reading/rows.ts";
import { tokenRow } from "../../../../src/passes/prove/reading/token-row.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { beginningOf, type Counter, type Place } from "../../../../src/passes/prove/rules/positions.ts";
import { decides, makes, type Rule } from "../../../../src/passes/prove/rules/rule.ts";
import { RULES } from "../../../../src/passes/prove/rules/rule-book.ts";
import { attempt } from "../../../support/prove/term-value.ts";

/** The rows of four tokens in a cache of eight, and what a host feeds at row r for token t. */
const ROWS = [5, 2, 7, 0];
const TOKENS = [0, 1, 2, 3];
const PLACES: readonly Place[] = [...TOKENS, "other"];
const rowsAt = (place: Place): readonly number[] => (place === "other" ? [1, 3, 4, 6] : [ROWS[place]!]);
const writeMask = (r: number, t: number): number => (ROWS[t] === r ? 1 : 0);
/** Rows that no token writes are seen or not, as the host likes. */
const attnMask = (r: number, t: number): number | "either" => {
  const writer = ROWS.indexOf(r);
  if (writer < 0) return "either";
  if (writer === t) return 0;
  return writer > t ? -10_000 : "either";
};

describe("a mask entry is known where every host feeds the same", () => {
  const c = attempt();
  const alike = (of: (r: number, t: number) => unknown, place: Place, t: number, value: unknown): boolean =>
    rowsAt(place).every((r) => of(r, t) === value);
  const cases = PLACES.flatMap((place) => TOKENS.map((t) => [place, t] as const));

  test.each(cases)("row of %s, token %s", (place, t) => {
    expect(decides(c, c.rules.oneHot, place, t)).toBe(alike(writeMask, place, t, 1));
    expect(decides(c, c.rules.maskShut, place, t)).toBe(alike(attnMask, place, t, -10_000));
    expect(decides(c, c.rules.maskOpen, place, t)).toBe(alike(attnMask, place, t, 0));
    expect(decides(c, c.rules.rowsDistinct, t, place)).toBe(rowsAt(place).includes(ROWS[t]!));
  });

  test("a column is empty only where all tokens are padding", () => {
    const empty = (["one", "either", "zero"] as const).filter((column) => decides(c, c.rules.padding, column));
    expect(empty).toEqual(["zero"]);
  });
});

test("what is known of a mask, or of rows, leans on what is asked of the host", () => {
  const leansOn = (ask: (c: Context) => unknown): string => {
    const c = attempt();
    ask(c);
    return [...c.record.used.keys()].join(" ");
  };
  expect({
    "a one in the write mask": leansOn((c) => decides(c, c.rules.oneHot, 1, 1)),
    "an empty column": leansOn((c) => decides(c, c.rules.padding, "zero")),
    "a shut entry": leansOn((c) => decides(c, c.rules.maskShut, 2, 1)),
    "an open entry": leansOn((c) => decides(c, c.rules.maskOpen, 1, 1)),
    "two values": leansOn((c) => decides(c, c.rules.maskTwoValued, true)),
    "two rows that are one": leansOn((c) => decides(c, c.rules.rowsDistinct, 1, 1)),
    "rows in turn": leansOn((c) => makes(c, c.rules.rowsFollow, 1, 1)),
    "sums of positions": leansOn((c) => makes(c, c.rules.indexArithmetic, tokenRow(c, 0), tokenRow(c, 0))),
    "what does not hold": leansOn((c) => decides(c, c.rules.maskShut, 0, 1)),
  }).toEqual({
    "a one in the write mask": "P1 P2",
    "an empty column": "P11",
    "a shut entry": "P3",
    "an open entry": "P4",
    "two values": "P5",
    "two rows that are one": "P2",
    "rows in turn": "P2 P2'",
    "sums of positions": "",
    "what does not hold": "",
  });
});

describe.each([false, true])("rows that follow each other (known beforehand: %s)", (contiguous) => {
  test("a row lies in a slice where its number does", () => {
    for (const first of [0, 3])
      for (const [a, b] of [
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ] as const)
        for (const offset of [-1, 0, 1, 2]) {
          const c = attempt("exact", { contiguous });
          const begin = shift(c.store.indices, tokenRow(c, b), offset);
          const k = first + a - (first + b + offset);
          const found = withinRows(c, tokenRow(c, a), begin, 2, 1);
          expect(found).toBe(k === 0 || k === 1 ? constant(c.store.indices, k) : "outside");
        }
  });
});

test("a row that is counted from the first lies as far from it as its token", () => {
  const c = attempt("exact", { contiguous: true });
  expect(tokenRow(c, 1)).toBe(shift(c.store.indices, tokenRow(c, 0), 1));
  expect([...c.record.used.keys()]).toEqual(["P2'"]);
});

test("what is known where the rows follow each other is their places alone", () => {
  const c = attempt();
  expect([0, 1, 5].map((t) => makes(c, c.rules.rowFromFirst, t))).toEqual([0, 1, 5]);
  expect([-2, 0, 3].map((offset) => makes(c, c.rules.rowsFollow, 4, offset))).toEqual([2, 4, 7]);
});

/** The first n numbers of a counter, counted out. */
function counted({ base, outer, inner, period }: Counter, n: number): readonly number[] {
  const all: number[] = [];
  for (let from = base; all.length < n; from += outer)
    for (let k = 0, x = from; k < period && all.length < n; k++, x += inner) all.push(x);
  return all;
}
const counter = RULES.counter.make;

describe("a table that counts", () => {
  test.each<readonly [says: string, data: readonly number[], found: Counter | undefined]>([
    ["one entry", [7], { base: 7, inner: 0, period: 1, outer: 0 }],
    ["all alike", [7, 7, 7], { base: 7, inner: 0, period: 3, outer: 0 }],
    ["one by one", [0, 1, 2, 3], { base: 0, inner: 1, period: 4, outer: 0 }],
    ["by threes, downwards", [5, 2, -1], { base: 5, inner: -3, period: 3, outer: 0 }],
    ["two periods", [2, 3, 4, 12, 13, 14], { base: 2, inner: 1, period: 3, outer: 10 }],
    ["a period cut off", [0, 1, 0, 1, 0], { base: 0, inner: 1, period: 2, outer: 0 }],
    ["a period of one", [4, 4, 9, 9], { base: 4, inner: 0, period: 2, outer: 5 }],
    ["the last entry off", [0, 1, 2, 4, 5, 7], undefined],
    ["a second period that is another", [0, 1, 5, 7], undefined],
    ["halves", [0.5, 1.5, 2.5], undefined],
    ["no number", [0, Number.NaN], undefined],
  ])("%s", (_, data, found) => {
    expect(counter(data)).toEqual(found);
    if (data.every(Number.isInteger)) expect(counter(Int32Array.from(data))).toEqual(found);
  });

  const small = fc.integer({ min: -3, max: 3 });
  const counters = fc.record({ base: small, outer: small, inner: small, period: fc.integer({ min: 1, max: 4 }) });

  test("a counter whose first period shows its end is found, and gives the table again", () => {
    const property = fc.property(counters, fc.integer({ min: 1, max: 13 }), (of, n) => {
      const data = counted(of, n);
      const found = counter(data);
      if (found) expect(counted(found, n)).toEqual(data);
      // Another period may be read into the same numbers, as into 0 1 2 of periods of one.
      const { period } = beginningOf(data);
      if (period === of.period || period >= n) expect(found).toBeDefined();
    });
    fc.assert(property, { numRuns: 500, seed: 4711 });
  });

  test("of any numbers what is found gives the table again", () => {
    let found = 0;
    const property = fc.property(fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 7 }), (data) => {
      const counts = counter(data);
      if (!counts) return;
      found++;
      expect(counted(counts, data.length)).toEqual(data);
    });
    fc.assert(property, { numRuns: 500, seed: 4711 });
    expect(found).toBeGreaterThan(50);
  });
});

describe("the lemmas speak of rows 0 … 7", () => {
  const rules: readonly Rule[] = [RULES.oneHot, RULES.padding, RULES.maskOpen, RULES.rowsDistinct, RULES.counter];
  test.each(rules)("$name", ({ lemma }) => {
    const claimed = [-1, 0, 0.5, 1, 6, 7, 8].filter((k) =>
      lemma.holds!(...Array.from({ length: lemma.arity }, () => k)),
    );
    expect(claimed).toEqual([0, 1, 6, 7]);
  });

  test("both of two must be such rows", () => {
    const { holds } = RULES.oneHot.lemma;
    expect([holds!(7, 0), holds!(7, 8), holds!(-1, 0), holds!(0.5, 0)]).toEqual([true, false, false, false]);
  });
});
