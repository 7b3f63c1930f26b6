/** Comparisons of positions: each answer holds for all rows that keep the preconditions it asked for, and asks for no more. */
import { describe, expect, test } from "vitest";
import type { Comparison } from "../../../../src/dsl/algebra.ts";
import { indexTerm, num, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { compareIndices } from "../../../../src/passes/prove/reading/rows.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { valueAt } from "../../../support/prove/index-expr.ts";
import { contiguous, indexOf, scattered } from "../../../support/prove/row-indices.ts";
import { answered, leaned, told, worldsOf } from "../../../support/prove/told.ts";

describe("a comparison", () => {
  type Compared = readonly [a: string, b: string, less: string, lessEqual: string, equal: string];
  const compared = (c: Context, how: Comparison, a: Term, b: Term): string =>
    told(
      () => compareIndices(c, how, a, b),
      (x) => (x === undefined ? "open" : x.kind === "num" ? String(x.value) : x.kind),
    );

  const SCATTERED: readonly Compared[] = [
    ["w0", "w0", "0", "1", "1 by P2"],
    ["w0", "w1", "1 by P2 P2'", "1 by P2 P2'", "0 by P2"],
    ["w1", "w0", "0 by P2 P2'", "0 by P2 P2'", "0 by P2"],
    ["w0+1", "w1+1", "1 by P2 P2'", "1 by P2 P2'", "0 by P2"],
    ["w0+1", "w1", "0 by P2 P2'", "1 by P2 P2'", "1 by P2 P2'"],
    ["w0+2", "w1", "0 by P2 P2'", "0 by P2 P2'", "0 by P2 P2'"],
    ["w0", "w0+1", "1", "1", "0"],
    ["w0+1", "w0", "0", "0", "0"],
    ["w0", "u", "open", "open", "0"],
    ["u", "w1", "open", "open", "0"],
    ["w0+1", "u", "open", "open", "open"],
    ["u", "w1-1", "open", "open", "open"],
    ["w0", "v", "v by rows", "v by rows", "v by rows"],
    ["v", "w1", "v by rows", "v by rows", "v by rows"],
    ["w0+1", "v", "v by rows", "v by rows", "v by rows"],
    ["w0", "v+1", "undecided by P2 sized", "undecided by P2 sized", "v: 1 2 3 4 by P2 sized"],
    ["w0n", "v", "n: 1", "n: 1", "n: 1"],
    ["v", "w0n", "n: 1", "n: 1", "n: 1"],
    ["u", "w0n", "n: 1", "n: 1", "n: 1"],
    ["w0n", "w1", "n: 1", "n: 1", "n: 1"],
    ["w0v", "u", "open by P2 sized", "open by P2 sized", "open by P2 sized"],
    ["w0", "5", "1 by P2 sized", "1 by P2 sized", "0 by P2 sized"],
    ["w0", "4", "open by P2 sized", "1 by P2 sized", "open by P2 sized"],
    ["0", "w0", "open by P2 sized", "1 by P2 sized", "open by P2 sized"],
    ["w0", "0", "0 by P2 sized", "open by P2 sized", "open by P2 sized"],
    ["w0", "-1", "0 by P2 sized", "0 by P2 sized", "0 by P2 sized"],
    ["u", "5", "1 by sized", "1 by sized", "0 by sized"],
    ["u", "4", "open", "1 by sized", "open"],
    ["u", "0", "0 by sized", "open", "open"],
    ["u", "u", "0", "1", "1"],
    ["u", "other", "open", "open", "open"],
    ["v", "5", "1", "1", "0"],
    ["v", "-1", "0", "0", "0"],
    ["v", "4", "v: 4", "1", "v: 1 2 3 4"],
    ["v", "2", "v: 2", "v: 3", "v: 1 2 3 4"],
    ["2", "v", "v: 3", "v: 2", "v: 1 2 3 4"],
    ["v", "0", "0", "v: 1", "v: 1 2 3 4"],
    ["t", "9", "t: 9", "t: 10", `t: ${Array.from({ length: 15 }, (_, k) => k + 1).join(" ")}`],
    ["long", "9", "long: 9", "long: 10", "long: 9 10"],
    ["long", "16", "long: 16", "1", "long: 16"],
    ["v-t", "3", "v: 3", "v: 4", "v: 3 4"],
    ["v-t", "5", "1", "1", "0"],
    ["v", "u", "open", "open", "open"],
    ["3", "3", "open", "open", "open"],
  ];
  const CONTIGUOUS: readonly Compared[] = [
    ["w0", "w0", "0 by P2'", "1 by P2'", "1 by P2 P2'"],
    ["w0", "w1", "1 by P2 P2'", "1 by P2 P2'", "0 by P2 P2'"],
    ["w1", "w0+1", "0 by P2'", "1 by P2'", "1 by P2 P2'"],
    ["w0", "u", "open by P2'", "open by P2'", "0 by P2'"],
    ["w1", "u", "open by P2'", "open by P2'", "0 by P2'"],
    ["w1+1", "u", "open by P2'", "open by P2'", "open by P2'"],
    ["u", "w0-1", "open by P2'", "open by P2'", "open by P2'"],
    ["w0", "v", "v by rows by P2'", "v by rows by P2'", "v by rows by P2'"],
    ["w1", "0", "0 by P2 P2' sized", "0 by P2 P2' sized", "0 by P2 P2' sized"],
    ["w0", "4", "1 by P2 P2' sized", "1 by P2 P2' sized", "0 by P2 P2' sized"],
  ];

  const cases = [
    ...SCATTERED.map((x) => ["scattered", ...x] as const),
    ...CONTIGUOUS.map((x) => ["contiguous", ...x] as const),
  ];
  test.each(cases)("%s: %s with %s", (rows, a, b, ...expected) => {
    (["less", "less_equal", "equal"] as const).forEach((how, k) => {
      const c = rows === "scattered" ? scattered() : contiguous();
      const [i, j] = [indexOf(c, a), indexOf(c, b)];
      const found = compared(c, how, indexTerm(c, i), indexTerm(c, j));
      expect(`${how}: ${answered(c, found)}`).toBe(`${how}: ${expected[k]}`);
      if (found !== "0" && found !== "1") return;
      const values = [0, 2, 4].flatMap((v) => [0, 15].map((t) => ({ v, t, other: 4, long: t })));
      const wrong = worldsOf(c).flatMap((world) =>
        values.filter((more) => {
          const at = { ...world, ...more };
          const [x, y] = [valueAt(i, at), valueAt(j, at)];
          return found !== String(Number(how === "less" ? x < y : how === "equal" ? x === y : x <= y));
        }),
      );
      expect(wrong).toEqual([]);
    });
  });

  test("is left alone where it is not one of positions", () => {
    const c = scattered();
    const x = raw(c, { kind: "leaf", leaf: { of: "input", name: "x", dtype: "int32" } }, []);
    const w = indexTerm(c, indexOf(c, "w0"));
    for (const [a, b] of [
      [x, x],
      [num(c, 1), num(c, 2)],
      [w, x],
      [x, w],
      [w, num(c, 0.5)],
      [num(c, 0.5), w],
    ] as const)
      expect(compareIndices(c, "equal", a, b)).toBeUndefined();
    expect(leaned(c)).toBe("");
  });

  test("with a negative position is one of its negative", () => {
    const c = scattered();
    const minus = raw(c, { kind: "neg" }, [indexTerm(c, indexOf(c, "v"))]);
    expect(compared(c, "less", minus, indexTerm(c, indexOf(c, "t+1")))).toBe("1");
    expect(compared(c, "less", indexTerm(c, indexOf(c, "t-15")), minus)).toBe("t: 15");
  });
});
