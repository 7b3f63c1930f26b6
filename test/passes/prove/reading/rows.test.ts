/** What is known of cache rows: each answer holds for all rows that keep the preconditions it asked for, and asks for no more. */
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { placeOf, rowAt, withinRows } from "../../../../src/passes/prove/reading/rows.ts";
import { tokenRow } from "../../../../src/passes/prove/reading/token-row.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { valueAt } from "../../../support/prove/index-expr.ts";
import { contiguous, indexOf, scattered } from "../../../support/prove/row-indices.ts";
import { answered, leaned, told, worldsOf } from "../../../support/prove/told.ts";

describe("the row of a token", () => {
  test("is one of its own where rows are scattered", () => {
    const c = scattered();
    expect(ix.showIx(tokenRow(c, 1))).toBe("w1");
    expect([tokenRow(c, 1).lo, tokenRow(c, 1).hi]).toEqual([0, 4]);
    expect(leaned(c)).toBe("");
  });

  test("is so many after the first, where all of them lie in the cache, where rows follow each other", () => {
    const c = contiguous();
    expect([0, 1, 2].map((t) => ix.showIx(tokenRow(c, t)))).toEqual(["w0", "w0+1", "w0+2"]);
    expect([tokenRow(c, 0).hi, tokenRow(c, 1).lo, tokenRow(c, 1).hi]).toEqual([3, 1, 4]);
    expect(leaned(c)).toBe("P2'");
  });
});

describe("which row an index is", () => {
  const at = (c: Context, text: string): string => {
    const found = rowAt(c, indexOf(c, text));
    return `${found ? `${found.token}+${found.offset}` : "none"}, ${placeOf(c, indexOf(c, text)) ?? "neither"}`;
  };

  test.each<readonly [index: string, scattered: string, contiguous: string]>([
    ["w0", "0+0, 0", "0+0, 0"],
    ["w1", "1+0, 1", "1+0, 1"],
    ["w1+1", "1+1, neither", "2+0, neither"],
    ["w0+1", "0+1, neither", "1+0, 1"],
    ["w0-1", "0+-1, neither", "-1+0, neither"],
    ["u", "none, other", "none, other"],
    ["u+1", "none, neither", "none, neither"],
    ["v", "none, neither", "none, neither"],
    ["3", "none, neither", "none, neither"],
    ["2w0", "none, neither", "none, neither"],
    ["w0w1", "none, neither", "none, neither"],
  ])("%s", (index, apart, following) => {
    expect([at(scattered(), index), at(contiguous(), index)]).toEqual([apart, following]);
  });
});

describe("a slice of cache rows from a run-time position", () => {
  type Slice = readonly [index: string, begin: string, size: number, scattered: string, contiguous?: string];
  const SLICES: readonly Slice[] = [
    ["w0", "w0", 1, "0 by P2", "0 by P2 P2'"],
    ["w1", "w0", 1, "outside by P2", "outside by P2 P2'"],
    ["w0", "w1", 1, "outside by P2", "outside by P2 P2'"],
    ["u", "w0", 1, "outside by P2", "outside by P2 P2'"],
    ["u", "w1", 1, "outside by P2", "outside by P2 P2'"],
    ["w0+1", "w0", 1, "outside by P2 P2'"],
    ["w0+1", "w1", 1, "0 by P2 P2'"],
    ["w0", "w0", 2, "0 by P2 P2'"],
    ["w1", "w0", 2, "1 by P2 P2'"],
    ["w1+1", "w0", 2, "outside by P2 P2'"],
    ["w0-1", "w0", 2, "outside by P2 P2'"],
    ["w0", "w1", 2, "outside by P2 P2'"],
    ["w1", "w1", 2, "0 by P2 P2'"],
    ["w1", "w1-1", 2, "1 by P2 P2'"],
    ["w0", "w1-1", 1, "0 by P2 P2'"],
    ["w1", "w0+1", 1, "0 by P2 P2'"],
    ["w0", "w0+1", 1, "outside by P2 P2'"],
    ["w1+2", "w1+2", 1, "0 by P2 P2'"],
    ["u", "w0", 2, "outside by P2 P2'"],
    ["u", "w0", 3, "slice beyond by P2 P2'"],
    ["u", "w1", 2, "slice beyond by P2 P2'"],
    ["u", "w0-1", 2, "slice beyond by P2 P2'"],
    ["u", "w0+1", 1, "outside by P2 P2'"],
    ["u", "w1+1", 1, "slice beyond by P2 P2'"],
    ["v", "w0", 1, "v by rows", "v by rows by P2'"],
    ["v", "w0", 2, "v by rows", "v by rows by P2'"],
    ["v+1", "w0", 2, "cache row", "cache row by P2'"],
    ["3", "w0", 2, "numbered row", "numbered row by P2'"],
    ["w0", "3", 2, "no row", "no row by P2'"],
    ["w0", "v", 2, "no row", "no row by P2'"],
  ];

  const cases = SLICES.flatMap(([index, begin, size, apart, following = apart]) => [
    ["scattered", index, begin, size, apart] as const,
    ["contiguous", index, begin, size, following] as const,
  ]);
  test.each(cases)("%s: %s from %s, %i rows", (rows, index, begin, size, expected) => {
    const c = rows === "scattered" ? scattered() : contiguous();
    const [i, from] = [indexOf(c, index), indexOf(c, begin)];
    const found = told(
      () => withinRows(c, i, from, size, 1),
      (x) => (x === undefined ? "no row" : x === "outside" ? x : ix.showIx(x)),
    );
    expect(answered(c, found)).toBe(expected);
    if (found !== "outside" && !/^\d+$/.test(found)) return;
    const wrong = worldsOf(c).filter((at) => {
      const k = valueAt(i, at) - valueAt(from, at);
      return found !== (k >= 0 && k < size ? String(k) : "outside");
    });
    expect(wrong).toEqual([]);
  });

  test("with a stride stops the proof, whatever it is of", () => {
    const c = scattered();
    for (const index of ["w0", "u", "v", "3"])
      expect(told(() => withinRows(c, indexOf(c, index), indexOf(c, "w0"), 2, 2), String)).toBe("strided slice");
    expect(withinRows(c, indexOf(c, "w0"), indexOf(c, "0"), 2, 2)).toBeUndefined();
  });
});
