/** The reading with symbols, against numbers: which places numbers stand for, and the scalar operations. */
import { describe, expect, test } from "vitest";
import type { Comparison } from "../../../../src/dsl/algebra.ts";
import type { DType } from "../../../../src/dsl/type.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { indexTerm, num, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { readConst } from "../../../../src/passes/prove/reading/leaves.ts";
import { symbolicReading } from "../../../../src/passes/prove/reading/symbolic.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { indexOf } from "../../../support/prove/row-indices.ts";
import { termValue } from "../../../support/prove/term-value.ts";
import { attemptOf, leaned, told } from "../../../support/prove/told.ts";

const c = attemptOf();
const s = c.store.indices;
const m = symbolicReading(c);
const leaf = (name: string, ...at: readonly ix.Ix[]): Term =>
  raw(c, { kind: "leaf", leaf: { of: "input", name, dtype: "fp16" } }, [], at);
const value = (t: Term, at: Readonly<Record<string, number>> = {}): number =>
  termValue(t, { leaf: (_, place) => place.reduce((sum, i) => 100 * sum + i, 0), at });

const score = (of: Context, dtype: DType, ...at: readonly ix.Ix[]): Term =>
  raw(of, { kind: "leaf", leaf: { of: "input", name: "x", dtype } }, [], at);

describe("an index that a number stands for", () => {
  const asked = (of: Context, t: Term, size: number): string =>
    told(() => symbolicReading(of).indexOf(t, size), ix.showIx);
  test.each<readonly [says: string, make: (of: Context) => Term, found: string, leansOn: string]>([
    ["a number", (of) => num(of, 4), "4", ""],
    ["the first", (of) => num(of, 0), "0", ""],
    ["one below", (of) => num(of, -1), "out of range", ""],
    ["one above", (of) => num(of, 5), "out of range", ""],
    ["no whole number", (of) => num(of, 0.5), "run-time index", ""],
    ["a variable in range", (of) => indexTerm(of, indexOf(of, "v")), "v", ""],
    ["a variable that may be above", (of) => indexTerm(of, indexOf(of, "v+1")), "out of range", ""],
    ["a variable that may be below", (of) => indexTerm(of, indexOf(of, "v-1")), "out of range", ""],
    ["a cache row", (of) => indexTerm(of, indexOf(of, "w0")), "w0", "P2"],
    ["a row behind one", (of) => indexTerm(of, indexOf(of, "w1+1")), "w1+1", "P2"],
    ["any other row", (of) => indexTerm(of, indexOf(of, "u")), "u", "sized"],
    [
      "a row beside a variable",
      (of) => indexTerm(of, ix.plus(of.store.indices, indexOf(of, "w0"), indexOf(of, "v"))),
      "out of range",
      "sized",
    ],
    ["a score", (of) => score(of, "fp16"), "run-time index", ""],
    ["a truth value", (of) => score(of, "bool"), "run-time index", ""],
    ["a whole number that is computed", (of) => score(of, "int32"), "t0", "P12(x in [0, 5))"],
    ["one of each place", (of) => score(of, "int32", indexOf(of, "v")), "run-time index", ""],
    ["a function", (of) => raw(of, { kind: "unary", fn: "exp" }, [num(of, 2)]), "run-time index", ""],
  ])("%s", (_, make, found, leansOn) => {
    const of = attemptOf();
    expect([asked(of, make(of), 5), leaned(of)]).toEqual([found, leansOn]);
  });

  test("an entry of a constant is looked at place by place", () => {
    const data = [3, 0, 3, 1, 2, 0, 1];
    const entry = readConst(c, data, { dtype: "int32", shape: [7] }, [ix.shift(s, ix.variable(s, "v", 5), 1)]);
    expect(asked(c, entry, 5)).toBe("v: 1 2 3 4");
  });

  test("why there is none is told with what stood there", () => {
    const reason = (ask: () => unknown): unknown => {
      try {
        return ask();
      } catch (found) {
        return found;
      }
    };
    const low = ix.constant(s, -1);
    expect(reason(() => m.indexOf(num(c, -1), 5))).toEqual({ opaque: { code: "out of range", index: low, size: 5 } });
    expect(reason(() => m.indexOf(leaf("x"), 5))).toEqual({ opaque: { code: "run-time index", from: "leaf" } });
  });
});

describe("the rest of the algebra, on numbers", () => {
  const n = (x: number): Term => m.num(x);
  const compared = (how: Comparison) => [1, 2, 3].map((x) => value(m.compare(how, n(x), n(2))));
  test.each<readonly [says: string, found: () => unknown, expected: unknown]>([
    ["places", () => m.plus(m.times(m.index(3), -2), m.index(1)).c, -5],
    ["a place as a number", () => value(m.scalar(m.index(4))), 4],
    ["+ and −", () => [value(m.add(n(5), n(2))), value(m.sub(n(5), n(2)))], [7, 3]],
    ["· and /", () => [value(m.mul(n(5), n(2))), value(m.div(n(5), n(2)))], [10, 2.5]],
    ["the larger and the smaller", () => [value(m.maximum(n(5), n(2))), value(m.minimum(n(5), n(2)))], [5, 2]],
    ["a power", () => m.pow(n(5), n(3)), raw(c, { kind: "pow" }, [n(5), n(3)])],
    ["a function", () => value(m.unary("abs", n(-2))), 2],
    ["less", () => compared("less"), [1, 0, 0]],
    ["less or equal", () => compared("less_equal"), [1, 1, 0]],
    ["equal", () => compared("equal"), [0, 1, 0]],
    ["positions", () => value(m.compare("less", m.scalar(ix.variable(s, "v", 3)), n(3))), 1],
    [
      "a choice",
      () =>
        [1, 0].map((x) =>
          value(
            m.select(
              n(x),
              () => n(5),
              () => n(2),
            ),
          ),
        ),
      [5, 2],
    ],
    ["a rounding", () => value(m.round("fp16", n(2049))), 2048],
    [
      "a sum, a largest and a smallest",
      () => (["sum", "max", "min"] as const).map((how) => value(m[how](3, (k) => leaf("x", m.plus(k, m.index(2)))))),
      [9, 4, 2],
    ],
  ])("%s", (_, found, expected) => {
    expect(found()).toEqual(expected);
  });
});
