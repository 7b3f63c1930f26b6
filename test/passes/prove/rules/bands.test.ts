/** Tables of bands: told by every entry, and read as comparisons of positions. */
import { describe, expect, test } from "vitest";
import { constant, variable } from "../../../../src/passes/prove/logic/indices.ts";
import { readConst } from "../../../../src/passes/prove/reading/leaves.ts";
import { tokenRow } from "../../../../src/passes/prove/reading/token-row.ts";
import { BANDS } from "../../../../src/passes/prove/rules/bands.ts";
import { newContext } from "../../../../src/passes/prove/rules/context.ts";
import { RULES } from "../../../../src/passes/prove/rules/rule-book.ts";

const FAR = -10_000;
/** 0 for from < c − r ≤ to, else FAR. */
const window = (rows: number, columns: number, to: number, from = Number.NEGATIVE_INFINITY): readonly number[] =>
  Array.from({ length: rows * columns }, (_, k) => {
    const behind = (k % columns) - Math.floor(k / columns);
    return behind <= to && behind > from ? 0 : FAR;
  });

describe("a table of bands", () => {
  test.each<readonly [string, rows: number, columns: number, data: readonly number[]]>([
    ["a triangle", 5, 5, window(5, 5, 0)],
    ["without its diagonal", 5, 5, window(5, 5, -1)],
    ["a window", 6, 6, window(6, 6, 0, -3)],
    ["more columns than rows", 3, 7, window(3, 7, 2)],
    ["more rows than columns", 7, 3, window(7, 3, -2)],
    ["one corner", 4, 4, window(4, 4, 2)],
  ])("is known by its ends: %s", (_, rows, columns, data) => {
    const { ends, values } = BANDS.make(data, columns)!;
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        const n = ends.findIndex((end) => c <= r + end);
        expect(values.at(n)).toBe(data[r * columns + c]);
      }
  });

  test("is none with any one entry off", () => {
    const data = window(5, 5, 0, -3);
    // A corner is a diagonal of its own: with another number in it there may be one band more.
    const inner = data.flatMap((_, k) => (k === 4 || k === 20 ? [] : [k]));
    for (const k of inner) expect(BANDS.make(data.with(k, data[k] === 0 ? FAR : 0), 5)).toBeUndefined();
  });

  test.each<readonly [string, data: readonly number[], columns: number]>([
    ["of one number", window(4, 4, 9), 4],
    ["of one row", window(1, 6, 2), 6],
    ["of three ends", Array.from({ length: 25 }, (_, k) => Number(((k % 5) - Math.floor(k / 5) + 8) % 4 < 2)), 5],
  ])("is none %s", (_, data, columns) => {
    expect(BANDS.make(data, columns)).toBeUndefined();
  });
});

describe("an entry", () => {
  const attempt = (contiguous: boolean) =>
    newContext(
      { mode: "exact", twoValued: false, contiguous, column: "one" },
      { tokens: 3, lastRow: 5, cacheSizes: new Set([6]) },
      RULES,
    );
  const at = (contiguous: boolean, row: number, column: number, data = window(6, 6, 0, -2)) => {
    const c = attempt(contiguous);
    const t = readConst(c, data, { dtype: "fp16", shape: [6, 1, 6] }, [
      tokenRow(c, row),
      constant(c.store.indices, 0),
      tokenRow(c, column),
    ]);
    return t.kind === "num" ? t.value : t.kind;
  };

  test("of two tokens' rows is what the table holds so far apart, where rows follow each other", () => {
    const held = (row: number, column: number) => (column <= row && column > row - 2 ? 0 : FAR);
    for (let row = 0; row < 3; row++)
      for (let column = 0; column < 3; column++) expect(at(true, row, column)).toBe(held(row, column));
  });

  test.each([
    [1, 1, "P2"],
    [1, 0, "P2 P2'"],
  ])("of row %i and column %i leans on %s", (row, column, needed) => {
    const c = attempt(false);
    const t = readConst(c, window(6, 6, 0), { dtype: "fp16", shape: [6, 6] }, [tokenRow(c, row), tokenRow(c, column)]);
    expect(t.kind === "num" && t.value).toBe(0);
    expect([...c.record.used.keys()].toSorted().join(" ")).toBe(needed);
    expect(c.record.counts.get("banded-table")).toBe(1);
  });

  test("of an axis that is no cache's stays an entry of the table", () => {
    const c = attempt(true);
    const column = variable(c.store.indices, "v", 4);
    const t = readConst(c, window(6, 4, 0), { dtype: "fp16", shape: [6, 4] }, [tokenRow(c, 1), column]);
    expect(t.kind).toBe("leaf");
  });
});
