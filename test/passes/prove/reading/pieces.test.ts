/** Pieces of a sum: neighbours of one formula are joined, whatever the cut was, and no others. */
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { type App, close, instantiate } from "../../../../src/passes/prove/logic/lambda.ts";
import { num, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { mergeAll, type Piece } from "../../../../src/passes/prove/reading/pieces.ts";
import { reduce } from "../../../../src/passes/prove/reading/reduce.ts";
import { add, mul, rebuild, unary } from "../../../../src/passes/prove/reading/scalar.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { attemptOf } from "../../../support/prove/told.ts";

/** A summand as a function of its position. */
type Formula = (c: Context, at: ix.Ix) => Term;
const K = (c: Context, ...at: readonly ix.Ix[]): Term =>
  raw(c, { kind: "leaf", leaf: { of: "state", name: "K", dtype: "fp16" } }, [], at);
const at: Formula = (c, i) => K(c, i);

/** The formulas that come to one formula when they are cut anywhere. */
const FORMULAS: Readonly<Record<string, Formula>> = {
  "an element": at,
  "an element a step further": (c, i) => K(c, ix.shift(c.store.indices, ix.times(c.store.indices, i, 3), 2)),
  "an element counted down": (c, i) => K(c, ix.shift(c.store.indices, ix.times(c.store.indices, i, -1), 9)),
  "an element at an outer place too": (c, i) => K(c, ix.variable(c.store.indices, "u", 3), i),
  "a product": (c, i) => mul(c, K(c, i), unary(c, "exp", K(c, ix.times(c.store.indices, i, 2)))),
  "a sum of its own": (c, i) =>
    reduce(c, "sum", 3, (j) => K(c, ix.plus(c.store.indices, ix.times(c.store.indices, i, 3), j))),
};

/** So many summands from a place on, summed in closed form. */
function pieceOf(c: Context, begin: number, n: number, formula: Formula): Piece {
  const s = c.store.indices;
  if (n === 1) return { n, term: formula(c, ix.constant(s, begin)) };
  const v = ix.variable(s, `p${begin}`, n);
  return summed(c, n, v.atoms[0]!, formula(c, ix.shift(s, v, begin)));
}
/** A piece that is a sum in closed form. */
function summed(c: Context, n: number, v: ix.Atom, summand: Term): Piece {
  const own = close(c, "sum", { kind: "interval", n }, v, summand) as App;
  return { n, term: own, own };
}
const cut = (c: Context, lengths: readonly number[], formula: Formula | readonly Formula[]): readonly Piece[] =>
  lengths.map((n, k) => {
    const begin = lengths.slice(0, k).reduce((a, b) => a + b, 0);
    return pieceOf(c, begin, n, typeof formula === "function" ? formula : formula[k]!);
  });
const merged = (c: Context, pieces: readonly Piece[]): readonly Piece[] =>
  mergeAll(c, pieces, (n, v, term) => summed(c, n, v, term));
/** What a sum of them is told by. */
const told = (pieces: readonly Piece[]): unknown => pieces.map(({ n, term }) => ({ n, term }));
const shape = (pieces: readonly Piece[]): string => pieces.map(({ n }) => n).join(" ");
/** The summands one by one. */
const summands = (c: Context, { n, term }: Piece): readonly Term[] =>
  n === 1
    ? [term]
    : Array.from({ length: n }, (_, k) =>
        term.kind === "app" ? instantiate(c, term, ix.constant(c.store.indices, k), rebuild) : term,
      );

describe.each(Object.entries(FORMULAS))("one formula, cut anywhere, is one sum: %s", (_, formula) => {
  test.each([[[1, 1]], [[2, 1]], [[1, 2]], [[2, 2]], [[1, 1, 1]], [[3, 1, 2]], [[1, 3, 1]], [[4]], [[1]]] as const)(
    "%j",
    (lengths) => {
      const c = attemptOf();
      const whole = lengths.reduce((a: number, b) => a + b, 0);
      expect(told(merged(c, cut(c, lengths, formula)))).toEqual(told([pieceOf(c, 0, whole, formula)]));
    },
  );
});

describe("what follows no common formula stays cut", () => {
  const other: Formula = (c, i) => unary(c, "exp", K(c, i));
  const later: Formula = (c, i) => K(c, ix.shift(c.store.indices, i, 1));
  const doubled: Formula = (c, i) => K(c, ix.times(c.store.indices, i, 2));
  /** K[2] at 2, K[4] at 3. */
  const widening: Formula = (c, i) => K(c, ix.shift(c.store.indices, ix.times(c.store.indices, i, 2), -2));
  const negated: Formula = (c, i) => raw(c, { kind: "neg" }, [K(c, i)]);
  const same: Formula = (c) => raw(c, { kind: "leaf", leaf: { of: "input", name: "x", dtype: "fp16" } }, []);

  test.each<readonly [says: string, lengths: readonly number[], formulas: readonly Formula[], shape: string]>([
    ["another function", [2, 2], [at, other], "2 2"],
    ["… of one summand", [2, 1], [at, other], "2 1"],
    ["… before it", [1, 2], [other, at], "1 2"],
    ["a place further on", [2, 2], [at, later], "2 2"],
    ["… of one summand", [2, 1], [at, later], "2 1"],
    ["… before more of them", [1, 2], [later, at], "1 2"],
    ["a step of two", [3, 2], [at, doubled], "3 2"],
    ["… behind one that fits it", [1, 2], [at, doubled], "3"],
    ["… from where the others end", [2, 2], [at, widening], "2 2"],
    ["… from where one ends", [1, 2], [later, (c, i) => widening(c, ix.shift(c.store.indices, i, 1))], "1 2"],
    ["one that is right at first alone", [2, 3], [at, widening], "2 3"],
    ["single ones that differ", [1, 1], [at, other], "1 1"],
    ["a sum and its negative", [2, 2], [at, negated], "2 2"],
    ["three of which two follow each other", [2, 1, 1], [at, at, other], "3 1"],
    ["… the last two", [1, 2, 1], [other, at, at], "1 3"],
    ["two formulas, each cut", [1, 1, 1, 1], [at, at, other, other], "2 2"],
    ["what does not vary, and what does", [2, 1], [same, at], "2 1"],
  ])("%s", (_, lengths, formulas, expected) => {
    const c = attemptOf();
    const pieces = cut(c, lengths, formulas);
    const found = merged(c, pieces);
    expect(shape(found)).toBe(expected);
    expect(found.flatMap((piece) => summands(c, piece))).toEqual(pieces.flatMap((piece) => summands(c, piece)));
  });

  test("equal summands are one piece of them", () => {
    const c = attemptOf();
    expect(told(merged(c, cut(c, [1, 2, 1], same)))).toEqual(told([pieceOf(c, 0, 4, same)]));
  });
});

describe("zeros", () => {
  const zeros = (c: Context, n: number): Piece => ({ n, term: num(c, 0) });

  test("are one piece, however many", () => {
    const c = attemptOf();
    expect(told(merged(c, [zeros(c, 3), zeros(c, 1), zeros(c, 2)]))).toEqual(told([zeros(c, 6)]));
  });

  test.each<readonly [says: string, make: (c: Context) => readonly Piece[]]>([
    ["before an element", (c) => [zeros(c, 1), pieceOf(c, 1, 1, at)]],
    ["before elements", (c) => [zeros(c, 2), pieceOf(c, 2, 2, at)]],
    ["behind an element", (c) => [pieceOf(c, 0, 1, at), zeros(c, 1)]],
    ["behind elements", (c) => [pieceOf(c, 0, 2, at), zeros(c, 3)]],
    ["beside another number", (c) => [zeros(c, 1), { n: 1, term: num(c, 1) }]],
  ])("stay apart %s", (_, make) => {
    const c = attemptOf();
    expect(merged(c, make(c))).toEqual(make(c));
  });
});

test("a piece that is no sum in closed form is joined with none", () => {
  const c = attemptOf();
  const open = (begin: number): Piece => {
    const { n, term } = pieceOf(c, begin, 2, at);
    return { n, term: raw(c, { kind: "neg" }, [term]) };
  };
  for (const pieces of [
    [open(0), open(2)],
    [open(0), pieceOf(c, 2, 1, at)],
    [pieceOf(c, 0, 1, at), open(1)],
  ])
    expect(merged(c, pieces)).toEqual(pieces);
});

test("a piece of which a single summand is left is joined with none, though that one is a sum", () => {
  const c = attemptOf();
  // Zeros and Σ K[0 … 4], then K[3]: not K[0] + … + K[3].
  const left: Piece = { n: 3, term: pieceOf(c, 0, 5, at).term };
  for (const pieces of [
    [left, pieceOf(c, 3, 1, at)],
    [left, pieceOf(c, 3, 2, at)],
    [pieceOf(c, 0, 1, (m) => K(m, ix.constant(m.store.indices, -1))), left],
  ])
    expect(merged(c, pieces)).toEqual(pieces);
});

test("the joined sum is closed as it is asked for, by its length and its summand", () => {
  const c = attemptOf();
  const asked: unknown[] = [];
  const [joined] = mergeAll(c, cut(c, [2, 3], at), (n, v, term) => {
    asked.push([n, v.hi, term]);
    return { n, term: add(c, num(c, 7), K(c)) };
  });
  expect(told([joined!])).toEqual([{ n: 5, term: add(c, num(c, 7), K(c)) }]);
  expect(asked).toEqual([[5, 4, K(c, ix.variable(c.store.indices, "v0", 5))]]);
  expect(mergeAll(c, [], (n) => ({ n, term: num(c, 0) }))).toEqual([]);
});
