/** Which variable a case distinction cuts, up to how many values, and what it says where it cuts none. */
import { describe, expect, test } from "vitest";
import {
  type Cases,
  casesAt,
  casesOfFirst,
  casesOfRows,
  casesOfToken,
  isCases,
} from "../../../../src/passes/prove/logic/cases.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { isOpaque, type Opaque } from "../../../../src/passes/prove/logic/opaque.ts";

const s = ix.newIndices();
const [v, w] = [ix.variable(s, "v", 8), ix.variable(s, "w", 3)];
const other = ix.rest(s, "u", 6);
const { plus, times, shift, div, mod } = ix;

describe("what is thrown is a distinction", () => {
  test.each<readonly [says: string, x: unknown, yes: boolean]>([
    ["cut at values", thrown(() => casesAt(v, [3], "a test")), true],
    ["cut into rows", thrown(() => casesOfRows(v, "a test")), true],
    ["a reason to stop", thrown(() => casesAt(v, [9], "a test")), false],
    ["an error", new Error("cases"), false],
    ["an object of another kind", { by: "rows" }, false],
    ["nothing", undefined, false],
    ["null", null, false],
    ["a number", 3, false],
    ["a text", "cases", false],
    ["a function with that property", Object.assign(() => 0, { cases: 1 }), false],
  ])("%s", (_, x, yes) => {
    expect(isCases(x)).toBe(yes);
  });
});

describe("of several variables that could be cut", () => {
  test.each<readonly [says: string, i: ix.Ix, thresholds: readonly number[], cut: string]>([
    ["the first is heavier", plus(s, times(s, v, 2), w), [2], "v: 1"],
    ["the second is", plus(s, v, times(s, w, 4)), [5], "w: 2"],
    ["the first by its range", plus(s, times(s, v, 3), times(s, w, 4)), [4], "v: 2"],
    ["the second, downwards", plus(s, v, times(s, w, -4)), [3, -3], "w: 1"],
    ["the first, downwards", plus(s, times(s, v, -2), times(s, w, 4)), [4, -3], "v: 2"],
    ["the first in a quotient, by its own range", plus(s, div(s, v, 3), times(s, w, 2)), [2], "v: 6"],
    ["the second beside a quotient", plus(s, div(s, v, 3), times(s, w, 4)), [2], "w: 1"],
    ["the second in a quotient", plus(s, div(s, ix.variable(s, "z", 30), 7), times(s, v, 2)), [2], "z: 14"],
    ["the lighter where the heavier passes nothing", plus(s, v, times(s, w, 4)), [3, 9], "w: 1"],
    ["a variable, and no row of the cache that is heavier", plus(s, times(s, other, 9), w), [2], "w: 2"],
  ])("%s", (_, i, thresholds, cut) => {
    expect(told(() => casesAt(i, thresholds, "a test"))).toBe(cut);
  });

  test("the others count as 0", () => {
    expect(told(() => casesAt(plus(s, times(s, v, -1), w), [-2], "a test"))).toBe("v: 3");
    expect(told(() => casesAt(plus(s, mod(s, v, 4), w), [2], "a test"))).toBe("v: 2 4 6");
    expect(told(() => casesAt(div(s, plus(s, v, times(s, w, -1)), 5), [1], "a test"))).toBe("v: 5");
  });

  test("none that is no variable", () => {
    expect(told(() => casesAt(other, [2], "a test"))).toBe("undecided");
    expect(told(() => casesAt(div(s, other, 2), [2], "a test"))).toBe("undecided");
  });
});

test("starts rise, each once, and lie inside the variable", () => {
  const at = (i: ix.Ix, ...thresholds: readonly number[]) => told(() => casesAt(i, thresholds, "a test"));
  expect([at(v, 5, 3), at(v, 3, 5), at(v, 6, 2, 4), at(v, 2, 6, 4), at(v, 4, 2, 6)]).toEqual([
    "v: 3 5",
    "v: 3 5",
    "v: 2 4 6",
    "v: 2 4 6",
    "v: 2 4 6",
  ]);
  expect([at(times(s, v, 2), 5, 6), at(times(s, v, 2), 6, 7)]).toEqual(["v: 3", "v: 3 4"]);
  expect([at(v, 7), at(v, 8), at(v, 1), at(v, 0), at(v, -1, 9, 4)]).toEqual([
    "v: 7",
    "undecided",
    "v: 1",
    "undecided",
    "v: 4",
  ]);
  expect([at(div(s, v, 7), 1), at(div(s, v, 2), 4), at(times(s, v, -1), -7), at(times(s, v, -1), 0)]).toEqual([
    "v: 7",
    "undecided",
    "undecided",
    "v: 1",
  ]);
  expect([at(times(s, v, -1), -8), at(times(s, v, -1), -6)]).toEqual(["undecided", "v: 7"]);
});

test("a variable is cut into 256 values at the most", () => {
  const long = (n: number): ix.Ix => ix.variable(s, `n${n}`, n);
  const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, k) => k + 1);
  const starts = (make: () => never): number | string => {
    const found = thrown(make);
    return isCases(found) && found.by === "starts" ? found.starts.length : told(make);
  };
  const straight = (n: number) => starts(() => casesAt(long(1000), upTo(n), "a test"));
  expect([straight(254), straight(255), straight(256), straight(257)]).toEqual([254, 255, "undecided", "undecided"]);
  const parity = (n: number) => starts(() => casesAt(mod(s, long(n), 2), [1], "a test"));
  expect([parity(255), parity(256), parity(257), parity(258)]).toEqual([254, 255, "undecided", "undecided"]);
  const first = (n: number) => starts(() => casesOfFirst(long(n), "a test"));
  expect([first(255), first(256), first(257)]).toEqual([254, 255, "undecided"]);
  const token = (n: number) => starts(() => casesOfToken(long(n), "x"));
  expect([token(255), token(256), token(257)]).toEqual([254, 255, "token row"]);
});

describe("single values", () => {
  test("of the token's variable, which is the only one", () => {
    const token = (i: ix.Ix) => told(() => casesOfToken(i, "x"));
    expect(token(shift(s, w, 1))).toBe("w: 1 2");
    expect([ix.constant(s, 2), ix.row(s, 0, 4), other, plus(s, w, other), plus(s, v, w)].map(token)).toEqual(
      Array(5).fill("token row"),
    );
  });

  test("of the first variable of several, and of nothing else", () => {
    const first = (i: ix.Ix) => told(() => casesOfFirst(i, "a test"));
    expect([first(plus(s, times(s, w, 9), v)), first(plus(s, w, ix.row(s, 0, 4)))]).toEqual([
      "v: 1 2 3 4 5 6 7",
      "w: 1 2",
    ]);
    expect([first(ix.constant(s, 2)), first(ix.row(s, 0, 4)), first(other)]).toEqual(Array(3).fill("undecided"));
  });
});

test("a reason names what was asked, and the index", () => {
  const reason = (make: () => never) => (thrown(make) as Opaque).opaque;
  expect(reason(() => casesAt(v, [9], "a slice"))).toEqual({ code: "undecided", what: "a slice", index: v });
  expect(reason(() => casesOfFirst(other, "a place"))).toEqual({ code: "undecided", what: "a place", index: other });
  expect(reason(() => casesOfRows(other, "a cache"))).toEqual({ code: "cache row", what: "a cache", index: other });
  expect(reason(() => casesOfToken(other, "x"))).toEqual({ code: "token row", of: "x", index: other });
});

function thrown(make: () => never): Cases | Opaque {
  try {
    return make();
  } catch (reason) {
    if (isCases(reason) || isOpaque(reason)) return reason;
    throw reason;
  }
}

/** `v: 2 5`, `v by rows`, or the code of the reason. */
function told(make: () => never): string {
  const found = thrown(make);
  if (isOpaque(found)) return found.opaque.code;
  return found.by === "rows" ? `${found.cases.label} by rows` : `${found.cases.label}: ${found.starts.join(" ")}`;
}
