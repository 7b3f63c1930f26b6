/** The scalar operations: one normal form for equal terms; powers, choices and roundings. */
import { describe, expect, test } from "vitest";
import type { DType } from "../../../../src/dsl/type.ts";
import { inOrder, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { type Language, language } from "../../../support/prove/scalar-language.ts";
import { termValue } from "../../../support/prove/term-value.ts";

type Make = (l: Language) => Term;
const WORLD: Readonly<Record<string, number>> = { x: 3, y: -5, shut: -10_000, open: 0 };
const value = (t: Term, at: Readonly<Record<string, number>> = {}): number =>
  termValue(t, { leaf: (leaf) => WORLD[(leaf as { name: string }).name]!, at, step: (x) => x });
const count = ({ c }: Language, rule: string): number => c.record.counts.get(rule) ?? 0;

describe("exact: two spellings are one term", () => {
  test.each<readonly [says: string, one: Make, other: Make, value: number]>([
    ["x + y", ({ add, x, y }) => add(x, y), ({ add, x, y }) => add(y, x), -2],
    ["x · y", ({ mul, x, y }) => mul(x, y), ({ mul, x, y }) => mul(y, x), -15],
    ["x + 2", ({ add, n, x }) => add(x, n(2)), ({ add, n, x }) => add(n(2), x), 5],
    ["2 − x", ({ n, sub, x }) => sub(n(2), x), ({ add, n, neg, x }) => add(neg(x), n(2)), -1],
    ["x − y", ({ sub, x, y }) => sub(x, y), ({ neg, sub, x, y }) => neg(sub(y, x)), 8],
    ["… as a sum", ({ sub, x, y }) => sub(x, y), ({ add, neg, x, y }) => add(neg(y), x), 8],
    ["… in the other order", ({ add, neg, x, y }) => add(neg(x), y), ({ sub, x, y }) => sub(y, x), -8],
    [
      "the smaller of −x and −y",
      ({ c, neg, x, y }) => scalar.minimum(c, [neg(x), neg(y)]),
      ({ c, neg, x, y }) => neg(scalar.maximum(c, [y, x])),
      -3,
    ],
    [
      "the larger of a number of numbers",
      ({ c, n, x }) => scalar.maximum(c, [n(1), x, n(2)]),
      ({ c, n, x }) => scalar.maximum(c, [x, n(2)]),
      3,
    ],
    ["exp 0", ({ exp, n }) => exp(n(0)), ({ n }) => n(1), 1],
    ["|−x|", ({ c, neg, x }) => scalar.unary(c, "abs", neg(x)), ({ c, x }) => scalar.unary(c, "abs", x), 3],
    ["1 < 2", ({ c, n }) => scalar.compare(c, "less", n(1), n(2)), ({ n }) => n(1), 1],
    ["x = y", ({ c, x, y }) => scalar.compare(c, "equal", x, y), ({ c, x, y }) => scalar.compare(c, "equal", y, x), 0],
    [
      "√x, a function like any other",
      ({ c, x }) => scalar.unary(c, "sqrt", x),
      ({ c, x }) => raw(c, { kind: "unary", fn: "sqrt" }, [x]),
      3 ** 0.5,
    ],
    ["y − x", ({ sub, x, y }) => sub(y, x), ({ neg, sub, x, y }) => neg(sub(x, y)), -8],
    ["−x − y", ({ neg, sub, x, y }) => sub(neg(x), y), ({ add, neg, x, y }) => neg(add(y, x)), 2],
    ["−(−x)", ({ neg, x }) => neg(neg(x)), ({ x }) => x, 3],
    ["−x · y", ({ mul, neg, x, y }) => mul(neg(x), y), ({ mul, neg, x, y }) => neg(mul(y, x)), 15],
    ["x / 4", ({ div, n, x }) => div(x, n(4)), ({ mul, n, x }) => mul(n(0.25), x), 0.75],
    ["−x / y", ({ div, neg, x, y }) => div(neg(x), y), ({ div, neg, x, y }) => neg(div(x, y)), 0.6],
  ])("%s", (_, one, other, expected) => {
    const l = language();
    const [a, b] = [one(l), other(l)];
    expect(b).toBe(a);
    expect(value(a)).toBe(expected);
  });

  test("a sum of numbers is none of differences: the number carries its own sign", () => {
    const { add, c, n, neg, x } = language();
    const found = add(n(-2), neg(x));
    expect(found.kind).toBe("add");
    expect([...found.args].map((t) => t.kind).sort()).toEqual(["neg", "num"]);
    expect(add(n(3), x)).toBe(scalar.add(c, x, n(3)));
  });

  test("of a difference the first in order is positive", () => {
    const { sub, x, y } = language();
    const [first, second] = inOrder(x, y) < 0 ? [x, y] : [y, x];
    expect(sub(first, second).kind).toBe("add");
    expect(sub(first, second).args[0]).toBe(first);
    expect(sub(second, first).kind).toBe("neg");
  });

  test("of two orders one is turned round, and that is counted", () => {
    const makes: readonly ((l: Language, a: Term, b: Term) => Term)[] = [
      ({ add }, a, b) => add(a, b),
      ({ mul }, a, b) => mul(a, b),
      ({ sub }, a, b) => sub(a, b),
    ];
    for (const make of makes) {
      const orders = (
        [
          ["x", "y"],
          ["y", "x"],
        ] as const
      ).map(([a, b]) => {
        const l = language();
        make(l, l[a], l[b]);
        return count(l, "commute");
      });
      expect(orders.sort()).toEqual([0, 1]);
    }
  });

  test("two terms that are alike in all but their names keep an order of their own", () => {
    const l = language();
    expect(l.sub(l.x, l.x)).toBe(l.n(0));
    expect(l.add(l.x, l.x).kind).toBe("add");
    expect(count(l, "commute")).toBe(0);
  });
});

describe("over the reals: two spellings are one term", () => {
  test.each<readonly [says: string, one: Make, other: Make]>([
    ["(x + y) − y", ({ add, sub, x, y }) => sub(add(x, y), y), ({ x }) => x],
    ["−x", ({ neg, x }) => neg(x), ({ mul, n, x }) => mul(n(-1), x)],
    ["x · y / y", ({ div, mul, x, y }) => div(mul(x, y), y), ({ x }) => x],
    ["√x · √x", ({ c, mul, x }) => mul(scalar.unary(c, "sqrt", x), scalar.unary(c, "sqrt", x)), ({ x }) => x],
    ["exp 0", ({ exp, n }) => exp(n(0)), ({ n }) => n(1)],
  ])("%s", (_, one, other) => {
    const l = language({ mode: "reals" });
    expect(one(l)).toBe(other(l));
  });
});

describe("powers", () => {
  test.each<readonly [exponent: number, kind: Term["kind"]]>([
    [2, "product"],
    [0.5, "product"],
    [-1.5, "product"],
    [0.25, "pow"],
  ])("over the reals, to the %f: a %s", (exponent, kind) => {
    const { c, n, x } = language({ mode: "reals" });
    const t = scalar.pow(c, x, n(exponent));
    expect([t.kind, t.args[0]]).toEqual([kind, x]);
    expect(scalar.pow(c, x, n(1))).toBe(x);
  });

  test("by what is no number, and of numbers in an exact proof, stand as they are", () => {
    for (const mode of ["exact", "reals"] as const) {
      const { c, x, y } = language({ mode });
      expect(scalar.pow(c, x, y)).toBe(raw(c, { kind: "pow" }, [x, y]));
    }
    const { c, n, x } = language();
    expect(scalar.pow(c, x, n(2))).toBe(raw(c, { kind: "pow" }, [x, n(2)]));
  });
});

test("where the condition is known the other branch is never made", () => {
  const { c, n, x, y } = language();
  const never = (): Term => {
    throw new Error("made");
  };
  expect(scalar.select(c, n(1), () => x, never)).toBe(x);
  expect(scalar.select(c, n(0), never, () => y)).toBe(y);
  expect(
    scalar.select(
      c,
      x,
      () => y,
      () => y,
    ),
  ).toBe(y);
  expect(
    scalar.select(
      c,
      x,
      () => x,
      () => y,
    ),
  ).toBe(raw(c, { kind: "select" }, [x, x, y]));
  expect(c.record.counts.get("select-number")).toBe(2);
});

describe("a rounding", () => {
  test.each<readonly [mode: Context["mode"], says: string, to: DType, make: Make, kept: boolean, sized: boolean]>([
    ["exact", "to the type that it is of", "fp16", ({ x }) => x, false, false],
    ["exact", "to a narrower one", "fp16", ({ leaf }) => leaf("w", "fp32"), true, false],
    ["reals", "to a narrower float", "fp16", ({ leaf }) => leaf("w", "fp32"), false, false],
    ["reals", "to an integer", "int32", ({ x }) => x, true, false],
    ["exact", "of a position to int32", "int32", ({ position }) => position("i"), false, false],
    ["exact", "of a position to int8, which holds it", "int8", ({ position }) => position("i"), false, true],
    ["exact", "of a position to fp16", "fp16", ({ position }) => position("i"), true, true],
    ["reals", "of a position to fp16", "fp16", ({ position }) => position("i"), false, true],
    ["exact", "of a score to int8", "int8", ({ x }) => x, true, false],
  ])("%s: %s", (mode, _, to, make, kept, sized) => {
    const l = language({ mode });
    const t = make(l);
    expect(l.round(to, t)).toBe(kept ? raw(l.c, { kind: "round", to }, [t]) : t);
    expect(l.c.record.sized).toBe(sized);
  });
});
