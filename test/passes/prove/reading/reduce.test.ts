/** Reductions: however their elements are told apart, the value is that over all of them; and the form where there is one. */
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { num, raw } from "../../../../src/passes/prove/logic/make.ts";
import { opaque } from "../../../../src/passes/prove/logic/opaque.ts";
import type { Reduction, Term } from "../../../../src/passes/prove/logic/terms.ts";
import { reduce } from "../../../../src/passes/prove/reading/reduce.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import { symbolicReading } from "../../../../src/passes/prove/reading/symbolic.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { type Body, inner, K, leaf, neg, over, pieces, slice, value, zero } from "../../../support/prove/bodies.ts";
import { attemptOf, leaned, told } from "../../../support/prove/told.ts";

const BODIES: Readonly<Record<string, Body>> = {
  "one formula": K,
  "zeros before and behind": slice("2", 2, K, zero),
  "one of them in a slice": slice("3", 1, K, zero),
  "all but one in a slice": slice("1", 5, K, neg),
  "two pieces": pieces([2, 4], (c, n, rest) => leaf(c, "KL"[n]!, rest)),
  "three pieces": pieces([1, 3, 2], (c, n, rest) => leaf(c, "KLK"[n]!, rest)),
  "pieces of pieces": pieces([3, 3], (c, n, rest) =>
    slice("1", 1, K, (d) => leaf(d, "L", ix.shift(d.store.indices, rest, n)))(c, rest),
  ),
  "a comparison": (c, k) => {
    const m = symbolicReading(c);
    return m.select(
      m.compare("less", m.scalar(k), m.num(4)),
      () => K(c, k),
      () => leaf(c, "L", k),
    );
  },
  "sums of their own": inner("sum", 3, (c, k, j) => leaf(c, "K", k, j)),
  "sums over as many as their place": inner("sum", 6, (c, k, j) => {
    const m = symbolicReading(c);
    return m.within(
      m.plus(k, m.times(j, -1)),
      m.index(0),
      6,
      1,
      () => leaf(c, "K", k, j),
      () => num(c, 0),
    );
  }),
  "largest ones": inner("max", 3, (c, k, j) => slice("1", 1, K, (d) => leaf(d, "L", k))(c, j)),
  "a number": (c) => num(c, 3),
};

describe.each(["exact", "reals"] as const)("%s: over an interval", (mode) => {
  const all = Object.keys(BODIES).flatMap((name) =>
    (["sum", "max", "min"] as const).map((how) => [how, name] as const),
  );
  test.each(all)("the %s of %s", (how, name) => {
    const c = attemptOf({ mode });
    const body = BODIES[name]!;
    const elements = [0, 1, 2, 3, 4, 5].map((k) => value(body(c, ix.constant(c.store.indices, k))));
    const expected = how === "sum" ? elements.reduce((a, b) => a + b) : Math[how](...elements);
    expect(value(reduce(c, how, 6, (k) => body(c, k)))).toBe(expected);
    expect(c.nesting.depth).toBe(0);
  });
});

const counted = (c: Context): string => [...c.record.counts].map(([name, count]) => `${name} ${count}`).join(", ");

describe("the form of a reduction", () => {
  test("of one element is this element", () => {
    for (const how of ["sum", "max", "min"] as const) {
      const [c, t] = over(how, K, 1);
      expect(t).toBe(K(c, ix.constant(c.store.indices, 0)));
    }
  });

  test.each<readonly [says: string, how: Reduction, body: Body, kind: string, rules: string]>([
    ["a sum", "sum", K, "app", ""],
    ["a sum of zeros", "sum", zero, "num", "sum-zero 1"],
    ["a sum of ones", "sum", (c) => num(c, 1), "app", ""],
    ["a sum of minus signs", "sum", (c, k) => raw(c, { kind: "neg" }, [K(c, k)]), "neg", "sum-sign 1"],
    ["a largest of minus signs", "max", (c, k) => raw(c, { kind: "neg" }, [K(c, k)]), "app", ""],
    ["a smallest of minus signs", "min", (c, k) => raw(c, { kind: "neg" }, [K(c, k)]), "neg", "min-sign 1"],
    ["a smallest", "min", K, "app", ""],
    ["a largest of what does not vary", "max", (c) => leaf(c, "x"), "leaf", "reduce-same 1"],
    ["a largest of zeros", "max", zero, "num", "reduce-same 1"],
    ["a sum of what does not vary", "sum", (c) => leaf(c, "x"), "app", ""],
  ])("%s", (_, how, body, kind, rules) => {
    const [c, t] = over(how, body);
    expect([t.kind, counted(c)]).toEqual([kind, rules]);
    if (t.kind === "app") expect(t.lam.reduction).toBe(how);
    const bare = t.kind === "neg" ? t.args[0]! : t;
    if (bare.kind === "app" && t !== bare) expect(bare.lam.reduction).toBe(how === "sum" ? "sum" : "max");
  });

  test("over the reals: a number of equal summands, a factor outside", () => {
    const c = attemptOf({ mode: "reals" });
    const x = leaf(c, "x");
    expect(over("sum", () => x, 5, c)[1]).toBe(scalar.mul(c, num(c, 5), x));
    const twice: Body = (d, k) => scalar.mul(d, num(d, 2), K(d, k));
    for (const how of ["sum", "max"] as const)
      expect(over(how, twice, 5, c)[1]).toBe(scalar.mul(c, num(c, 2), over(how, K, 5, c)[1]));
    expect(over("min", twice, 5, c)[1].kind).toBe("app");
  });

  test("a cut that nothing needed leaves no trace", () => {
    const cuts: readonly Body[] = [
      slice("2", 2, (c, k) => leaf(c, "K", ix.shift(c.store.indices, k, 2)), K),
      pieces([1, 4], (c, n, rest) => leaf(c, "K", ix.shift(c.store.indices, rest, n))),
      pieces([3, 2], (c, n, rest) =>
        slice(
          "1",
          1,
          (d, k) => leaf(d, "K", ix.shift(d.store.indices, k, 3 * n + 1)),
          (d, k) => leaf(d, "K", ix.shift(d.store.indices, k, 3 * n)),
        )(c, rest),
      ),
    ];
    const [c, whole] = over("sum", K);
    for (const body of cuts) expect(over("sum", body, 5, c)[1]).toBe(whole);
  });

  test("pieces stand one after another, those of a piece among them", () => {
    const shape = (t: Term): unknown => (t.kind === "pieces" ? t.lengths : t.kind);
    const L: Body = (c, k) => leaf(c, "L", k);
    expect(shape(over("sum", slice("2", 2, K, zero))[1])).toEqual([2, 2, 1]);
    expect(shape(over("sum", slice("0", 2, K, L))[1])).toEqual([2, 3]);
    expect(shape(over("sum", slice("1", 4, slice("1", 2, K, L), zero))[1])).toEqual([1, 1, 2, 1]);
    expect(shape(over("max", slice("0", 2, K, L))[1])).toBe("max");
    expect(shape(over("min", slice("0", 2, K, L))[1])).toBe("min");
  });

  test("over the reals pieces are one sum in its normal form", () => {
    const c = attemptOf({ mode: "reals" });
    const L: Body = (d, k) => leaf(d, "L", k);
    const part = (body: Body, n: number): Term => over("sum", body, n, c)[1];
    expect(part(slice("2", 3, L, K), 5)).toBe(scalar.add(c, part(L, 3), part(K, 2)));
    expect(part(slice("0", 2, K, zero), 5)).toBe(part(K, 2));
  });

  test("one summand among zeros is the sum; several that belong together are not", () => {
    const [c, t] = over("sum", slice("3", 1, K, zero));
    expect(t).toBe(K(c, ix.constant(c.store.indices, 0)));
    expect(c.record.counts.get("sum-one-hot")).toBe(1);
    const [d, zeros] = over("sum", slice("3", 1, zero, zero));
    expect(zeros).toBe(num(d, 0));
  });
});

describe("what stops an element", () => {
  test("stops the reduction", () => {
    const c = attemptOf();
    const stopped = (how: Reduction) =>
      told(
        () =>
          reduce(c, how, 4, () => {
            throw opaque({ code: "strided slice" });
          }),
        (t) => t.kind,
      );
    expect([stopped("sum"), stopped("max")]).toEqual(["strided slice", "strided slice"]);
    const fault = new Error("a fault");
    expect(() =>
      reduce(c, "sum", 4, () => {
        throw fault;
      }),
    ).toThrow(fault);
    expect(c.nesting.depth).toBe(0);
  });

  test("goes to whoever owns the variable", () => {
    const c = attemptOf();
    const outer = ix.variable(c.store.indices, "outer", 4);
    const byOuter = (begin: string) =>
      told(
        () => reduce(c, "sum", 3, (k) => slice(begin, 1, () => K(c, k), zero)(c, outer)),
        (t) => t.kind,
      );
    expect(byOuter("1")).toBe("outer: 1 2");
    expect(byOuter("w0")).toBe("outer by rows");
    expect([...c.record.rowAxes, leaned(c)]).toEqual([c.lastRow + 1, ""]);
  });
});
