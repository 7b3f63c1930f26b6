/** Over the reals: what leans on finite values, and what stands as it is. */
import { describe, expect, test } from "vitest";
import { raw } from "../../../../src/passes/prove/logic/make.ts";
import { HALF, negQ } from "../../../../src/passes/prove/logic/rational.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import * as reals from "../../../../src/passes/prove/reading/reals.ts";
import { type Language, language } from "../../../support/prove/reals-language.ts";
import { leaned } from "../../../support/prove/told.ts";

type Make = (l: Language) => unknown;
/** How often each rule fired, in the order of their names. */
const counted = ({ c }: Language): string =>
  [...c.record.counts]
    .map(([name, count]) => `${name} ${count}`)
    .sort()
    .join(", ");

describe("what is cancelled is taken to be finite, and nothing else is", () => {
  test.each<readonly [says: string, make: Make, rules: string]>([
    ["x − x", ({ sub, x }) => sub(x, x), "cancel 1, collect 1"],
    ["x + y", ({ add, x, y }) => add(x, y), ""],
    ["x + 0", ({ add, n, x }) => add(x, n(0)), ""],
    ["1 − 1", ({ sub, n }) => sub(n(1), n(1)), ""],
    ["x + x", ({ add, x }) => add(x, x), "collect 1"],
    ["(x + y) + x", ({ add, x, y }) => add(x, y, x), "collect 1"],
    ["(x + y) − x", ({ add, sub, x, y }) => sub(add(x, y), x), "cancel 1, collect 1"],
    ["0 times x by a scale", ({ c, x }) => reals.scale(c, x, 0), "cancel 1"],
    ["0 times 5 by a scale", ({ c, n }) => reals.scale(c, n(5), 0), ""],
    ["2 times x by a scale", ({ c, x }) => reals.scale(c, x, 2), ""],
    ["0 · x", ({ mul, n, x }) => mul(n(0), x), "cancel 1"],
    ["0 · 5", ({ mul, n }) => mul(n(0), n(5)), ""],
    ["x · y", ({ mul, x, y }) => mul(x, y), ""],
    ["x · x", ({ mul, x }) => mul(x, x), ""],
    ["x / y", ({ div, x, y }) => div(x, y), ""],
    ["(x / y) / y", ({ div, x, y }) => div(div(x, y), y), ""],
    ["(x / y) / z", ({ div, x, y, z }) => div(div(x, y), z), ""],
    ["x / x", ({ div, x }) => div(x, x), "cancel 1"],
    ["(x · y) / y", ({ div, mul, x, y }) => div(mul(x, y), y), "cancel 1"],
    ["(x / y) · y", ({ div, mul, x, y }) => mul(div(x, y), y), "cancel 1"],
    ["x² / x", ({ div, mul, x }) => div(mul(x, x), x), "cancel 1"],
    ["x · (y / x)", ({ div, mul, x, y }) => mul(x, div(y, x)), "cancel 1"],
    ["√x · √x", ({ mul, sqrt, x }) => mul(sqrt(x), sqrt(x)), ""],
    ["√0", ({ n, sqrt }) => sqrt(n(0)), ""],
    ["√4", ({ n, sqrt }) => sqrt(n(4)), ""],
    ["√(x²)", ({ mul, sqrt, x }) => sqrt(mul(x, x)), "power 1"],
    ["√(e^x · y)", ({ exp, mul, sqrt, x, y }) => sqrt(mul(exp(x), y)), "power 1"],
    ["√(x · y)", ({ mul, sqrt, x, y }) => sqrt(mul(x, y)), ""],
    ["|x|", ({ abs, x }) => abs(x), ""],
    ["x·y + x·z", ({ add, mul, x, y, z }) => add(mul(x, y), mul(x, z)), "content 1"],
    ["x·y + z", ({ add, mul, x, y, z }) => add(mul(x, y), z), ""],
    ["2·x·y", ({ c, mul, x, y }) => reals.scale(c, mul(x, y), 2), ""],
  ])("%s", (_, make, rules) => {
    const l = language();
    make(l);
    expect(counted(l)).toBe(rules);
    expect(leaned(l.c)).toBe(/cancel|power/.test(rules) ? "P7" : "");
  });
});

describe("what has no value stays as it is", () => {
  test("one over 0, and its root", () => {
    const { c, n, div, rsqrt, sqrt, mul, pow } = language();
    const product = (exponent: typeof HALF) => raw(c, { kind: "product", exponents: [exponent] }, [n(0)]);
    expect(pow(n(0), -1)).toBe(product(negQ({ n: 1n, d: 1n })));
    expect(rsqrt(n(0))).toBe(product(negQ(HALF)));
    expect(div(n(1), n(0))).toBe(pow(n(0), -1));
    expect(pow(n(0), 0)).toBe(n(1));
    expect(pow(n(0), 2)).toBe(n(0));
    expect(sqrt(n(0))).toBe(n(0));
    expect(pow(pow(n(0), -1), -2)).toBe(n(0));
    // Neither is any number times it one.
    expect(mul(n(3), pow(n(0), -1)).kind).toBe("linear");
  });

  test("a root of a negative number, which its square does not turn into a positive one", () => {
    const { c, n, sqrt, mul } = language();
    const root = sqrt(n(-4));
    expect(root).toBe(raw(c, { kind: "product", exponents: [HALF] }, [n(-4)]));
    expect(mul(root, root)).toBe(n(-4));
  });

  test("a root of a number that is no square", () => {
    const { c, n, sqrt, mul, x } = language();
    expect(sqrt(n(2))).toBe(raw(c, { kind: "product", exponents: [HALF] }, [n(2)]));
    expect(sqrt(mul(n(2), x)).kind).toBe("product");
    expect(sqrt(mul(n(2), x)).args.length).toBe(1);
  });

  test("a root of a number that is no square is without its powers of four, large and small", () => {
    const { n, sqrt, mul, x } = language();
    expect(sqrt(mul(n(8), x))).toBe(mul(n(2), sqrt(mul(n(2), x))));
    expect(sqrt(mul(n(2 ** -8), mul(n(3), x)))).toBe(mul(n(2 ** -4), sqrt(mul(n(3), x))));
    expect(sqrt(mul(n(1 / 8), x))).toBe(mul(n(1 / 4), sqrt(mul(n(2), x))));
    expect(sqrt(mul(n(6), x))).not.toBe(mul(n(2), sqrt(mul(n(3), x))));
  });
});

describe("a function of one argument", () => {
  test("that is no root stands as it is", () => {
    const { c, x, n } = language();
    for (const fn of ["exp", "tanh", "sin", "log"] as const)
      expect(reals.unary(c, fn, x)).toBe(raw(c, { kind: "unary", fn }, [x]));
    expect(reals.unary(c, "abs", n(-3))).toBe(n(3));
  });
});

describe("made anew from other arguments", () => {
  const MADE: readonly (readonly [says: string, make: (l: Language, a: Term, b: Term) => Term])[] = [
    ["a sum", ({ add, n, third, mul }, a, b) => add(a, mul(third, b), n(5))],
    ["a product", ({ mul, pow }, a, b) => mul(pow(a, 2), b)],
    ["a quotient", ({ div, sqrt }, a, b) => div(a, sqrt(b))],
  ];
  test.each(MADE)("%s", (_, make) => {
    const l = language();
    const { c, add, exp, n, x, y, z } = l;
    const [t, moved] = [make(l, x, y), make(l, exp(z), add(z, n(1)))];
    const anew = (args: readonly Term[]): Term =>
      reals.rebuild(c, t as Extract<Term, { kind: "linear" | "product" }>, args);
    expect(anew(t.args)).toBe(t);
    expect(anew(t.args.map((a) => (a === x ? exp(z) : add(z, n(1)))))).toBe(moved);
  });

  test("a sum of what comes to one", () => {
    const { c, add, mul, n, sub, x, y } = language();
    const t = add(mul(n(2), x), mul(n(3), y)) as Extract<Term, { kind: "linear" }>;
    expect(reals.rebuild(c, t, [x, x])).toBe(mul(n(5), x));
    const difference = sub(x, y) as Extract<Term, { kind: "linear" }>;
    expect(reals.rebuild(c, difference, [n(1), n(1)])).toBe(n(0));
  });
});
