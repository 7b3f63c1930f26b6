/** What P2 has to say so that a row, moved or not, is a place of an axis: enough for it, and no row less than is needed. */
import { describe, expect, test } from "vitest";
import { integerRange } from "../../../../src/dsl/number.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { needInside } from "../../../../src/passes/prove/reading/rows.ts";
import { tokenRow } from "../../../../src/passes/prove/reading/token-row.ts";
import { valueAt } from "../../../support/prove/index-expr.ts";
import { indexOf } from "../../../support/prove/row-indices.ts";
import { attemptOf, leaned } from "../../../support/prove/told.ts";

const SIZE = 20;
const LAST = 99;
/** Three tokens in a cache that is longer than the axis. */
const attempt = (contiguous: boolean) => attemptOf({ tokens: 3, lastRow: LAST, contiguous });

describe("of three tokens, a place in an axis of 20", () => {
  test.each<readonly [rows: string, index: string, least: number, below: number]>([
    ["scattered", "w0", 0, 20],
    ["scattered", "w1", 0, 20],
    ["scattered", "w1+2", 0, 18],
    ["scattered", "w0+5", 0, 15],
    ["scattered", "w1-2", 2, 20],
    ["contiguous", "w0", 0, 22],
    ["contiguous", "w1", 0, 21],
    ["contiguous", "w0+2", 0, 20],
    ["contiguous", "w0+4", 0, 18],
    ["contiguous", "w1+4", 0, 17],
    ["contiguous", "w0-1", 1, 22],
    ["contiguous", "w0-3", 3, 22],
  ])("%s: %s, where rows of tokens are at least %i and below %i", (rows, index, least, below) => {
    const contiguous = rows === "contiguous";
    const c = attempt(contiguous);
    const i = indexOf(c, index);
    c.record.rowAxes.clear();
    expect(needInside(c, i, SIZE)).toBe(true);
    expect([c.record.leastRow, ...c.record.rowAxes]).toEqual([least, below]);
    expect(leaned(c)).toMatch(/^P2( P2')?$/);
    // All rows that keep what was asked are places in the axis; a row that is one too early or too late is none.
    const last = contiguous ? 2 : 0;
    for (let row = least; row + last < below; row++) {
      const place = valueAt(i, { w0: row, w1: row });
      expect([row, place >= 0 && place < SIZE]).toEqual([row, true]);
    }
    if (least > 0) expect(valueAt(i, { w0: least - 1, w1: least - 1 })).toBe(-1);
  });

  test("of several, the least row is the largest that any of them asks for", () => {
    const c = attempt(false);
    for (const index of ["w0-1", "w0-4", "w1-2", "w1+3"]) needInside(c, indexOf(c, index), SIZE);
    expect(c.record.leastRow).toBe(4);
  });

  test("is not asked of what is no row of a token", () => {
    const c = attempt(false);
    for (const index of ["u", "v", "3", "2w0"]) expect(needInside(c, indexOf(c, index), SIZE)).toBe(false);
    expect(leaned(c)).toBe("");
  });
});

describe("the row of a token lies in an axis of as many rows", () => {
  const MOST = integerRange("int32")[1];
  test.each<readonly [lastRow: number, axes: readonly number[]]>([
    [4, [5]],
    [MOST - 1, [MOST]],
    [MOST, []],
  ])("as the interface tells: the last is %i", (lastRow, axes) => {
    const c = attemptOf({ lastRow });
    expect(ix.showIx(tokenRow(c, 1))).toBe("w1");
    expect([...c.record.rowAxes]).toEqual(axes);
  });
});
