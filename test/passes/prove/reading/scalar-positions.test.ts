/** Sums and products of positions stay positions; a function of what a mask chooses is a choice. */
import { describe, expect, test } from "vitest";
import type { DType } from "../../../../src/dsl/type.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { indexTerm, numQ, raw } from "../../../../src/passes/prove/logic/make.ts";
import { rational } from "../../../../src/passes/prove/logic/rational.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { asIndex } from "../../../../src/passes/prove/reading/index-terms.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import { type Language, language } from "../../../support/prove/scalar-language.ts";
import { termValue } from "../../../support/prove/term-value.ts";

type Make = (l: Language) => Term;
const WORLD: Readonly<Record<string, number>> = { x: 3, y: -5, shut: -10_000, open: 0 };
const value = (t: Term, at: Readonly<Record<string, number>> = {}): number =>
  termValue(t, { leaf: (leaf) => WORLD[(leaf as { name: string }).name]!, at, step: (x) => x });
const count = ({ c }: Language, rule: string): number => c.record.counts.get(rule) ?? 0;

describe("positions stay positions", () => {
  const at = { i: 4, j: 2 };
  test.each(["exact", "reals"] as const)("%s", (mode) => {
    const l = language({ mode });
    const { add, mul, n, neg, position, sub } = l;
    const [i, j] = [position("i"), position("j")];
    const made: readonly (readonly [Term, number])[] = [
      [add(i, j), 6],
      [add(i, n(3)), 7],
      [add(n(-3), i), 1],
      [sub(i, j), 2],
      [sub(n(9), i), 5],
      [add(neg(i), j), -2],
      [sub(i, n(1)), 3],
      [mul(i, n(3)), 12],
      [mul(n(-2), i), -8],
      [mul(neg(i), n(3)), -12],
    ];
    for (const [t, expected] of made) expect([t.kind, value(t, at)]).toEqual(["index", expected]);
    expect(sub(i, i)).toBe(n(0));
    expect(count(l, "index-arithmetic")).toBe(made.length + 1);
    expect(neg(i).kind).toBe("neg");
    if (mode === "exact") expect(neg(neg(i))).toBe(i);
  });

  test.each<readonly [says: string, make: Make]>([
    ["a position and a half", ({ add, n, position }) => add(position("i"), n(0.5))],
    ["a position and a score", ({ add, position, x }) => add(position("i"), x)],
    ["half a position", ({ mul, n, position }) => mul(position("i"), n(0.5))],
    ["half a position, the other way", ({ mul, n, position }) => mul(n(0.5), position("i"))],
    ["a product of two", ({ mul, position }) => mul(position("i"), position("j"))],
    ["a position times a score", ({ mul, position, x }) => mul(x, position("i"))],
    ["two numbers", ({ add, n }) => add(n(1), n(2))],
    ["a product of numbers", ({ mul, n }) => mul(n(2), n(3))],
  ])("but not %s", (_, make) => {
    const l = language();
    make(l);
    expect(count(l, "index-arithmetic")).toBe(0);
  });

  test.each<readonly [says: string, make: Make, index: string | undefined]>([
    ["a position", ({ position }) => position("i", 2), "i+2"],
    ["a negative one", ({ c, position }) => raw(c, { kind: "neg" }, [position("i", 2)]), "-i-2"],
    ["a number", ({ n }) => n(-7), "-7"],
    ["a fraction", ({ n }) => n(0.5), undefined],
    ["the largest whole number", ({ n }) => n(2 ** 53 - 1), "9007199254740991"],
    ["a larger one", ({ n }) => n(2 ** 53), undefined],
    ["no number", ({ n }) => n(Number.NaN), undefined],
    ["a score", ({ x }) => x, undefined],
    ["a negative score", ({ c, x }) => raw(c, { kind: "neg" }, [x]), undefined],
  ])("as an index: %s", (_, make, index) => {
    for (const mode of ["exact", "reals"] as const) {
      const l = language({ mode });
      const found = asIndex(l.c, make(l));
      expect(found && ix.showIx(found)).toBe(index);
    }
  });

  test.each<readonly [dtype: DType, last: number, kind: string]>([
    ["fp16", 2048, "index"],
    ["fp16", 2049, "round"],
    ["fp32", 2049, "index"],
    ["fp32", 2 ** 24 + 1, "round"],
  ])("over the reals %s holds positions up to %i as: %s", (dtype, last, kind) => {
    const { c, round, x } = language({ mode: "reals" });
    const t = indexTerm(c, ix.variable(c.store.indices, "far", last + 1));
    expect(round(dtype, t).kind).toBe(kind);
    expect(round(dtype, x)).toBe(x);
  });

  test("what is no whole number by less than a double can tell is no index", () => {
    const { c } = language({ mode: "reals" });
    const near = numQ(c, rational(2n ** 60n + 1n, 2n ** 60n));
    expect(near.kind === "num" && near.value).toBe(1);
    expect(asIndex(c, near)).toBeUndefined();
    expect(asIndex(c, numQ(c, rational(6n, 2n)))?.c).toBe(3);
  });
});

describe("a function of what a two-valued mask chooses is a choice of its values", () => {
  const OF: Readonly<Record<string, (l: Language, t: Term) => Term>> = {
    "+": ({ add, x }, t) => add(x, t),
    "−": ({ sub, x }, t) => sub(t, x),
    "·": ({ mul, x }, t) => mul(t, x),
    "/": ({ div, x }, t) => div(x, t),
    "−x": ({ neg }, t) => neg(t),
    "|x|": ({ c }, t) => scalar.unary(c, "abs", t),
    rounding: ({ round }, t) => round("int32", t),
  };
  const cases = (["exact", "reals"] as const).flatMap((mode) => Object.keys(OF).map((name) => [mode, name] as const));
  test.each(cases)("%s: %s", (mode, name) => {
    const l = language({ mode, twoValued: true });
    const { gate, n, y } = l;
    const whole = OF[name]!(l, gate("open", y, n(7)));
    expect(whole).toBe(gate("open", OF[name]!(l, y), OF[name]!(l, n(7))));
    const before = count(l, "lift-mask");
    expect(before).toBeGreaterThan(0);
    OF[name]!(l, y);
    expect(count(l, "lift-mask")).toBe(before);
  });

  test("both arguments are looked at where they are chosen by one entry", () => {
    const { add, gate, n, x, y } = language({ twoValued: true });
    expect(add(gate("open", x, n(1)), gate("open", y, n(2)))).toBe(gate("open", add(x, y), n(3)));
  });

  test("but not where two entries choose, where it is no mask that does, or where a mask may hold more", () => {
    const { add, c, gate, n, neg, x, y } = language({ twoValued: true });
    expect(add(gate("open", x, n(1)), gate("shut", y, n(2))).kind).toBe("add");
    const byScore = raw(c, { kind: "select" }, [scalar.compare(c, "equal", x, n(0)), x, y]);
    expect(neg(byScore).kind).toBe("neg");
    const l = language({ twoValued: false });
    expect(l.add(l.gate("open", l.x, l.n(1)), l.y).kind).toBe("add");
    expect(count(l, "lift-mask")).toBe(0);
  });
});
