/** What counts as not negative is not, whatever numbers the leaves are. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { close } from "../../../../src/passes/prove/logic/lambda.ts";
import { num, raw } from "../../../../src/passes/prove/logic/make.ts";
import { rational } from "../../../../src/passes/prove/logic/rational.ts";
import { nonNegative } from "../../../../src/passes/prove/logic/sign.ts";
import type { Head, Term } from "../../../../src/passes/prove/logic/terms.ts";
import { attempt, termValue, within } from "../../../support/prove/term-value.ts";

const c = attempt("reals");
const leaf = (name: string): Term => raw(c, { kind: "leaf", leaf: { of: "input", name, dtype: "fp16" } }, []);
const [x, y] = [leaf("x"), leaf("y")];
const of = (head: Head, ...args: readonly Term[]): Term => raw(c, head, args);
const abs = (t: Term): Term => of({ kind: "unary", fn: "abs" }, t);
const power = (n: bigint, d: bigint, t: Term): Term => of({ kind: "product", exponents: [rational(n, d)] }, t);
const linear = (constant: bigint, coef: bigint, t: Term): Term =>
  of({ kind: "linear", constant: rational(constant), coefs: [rational(coef)] }, t);

describe("what is known", () => {
  test.each<readonly [string, Term, boolean]>([
    ["0", num(c, 0), true],
    ["−1", num(c, -1), false],
    ["a leaf", x, false],
    ["|x|", abs(x), true],
    ["tanh x", of({ kind: "unary", fn: "tanh" }, x), false],
    ["exp x", of({ kind: "unary", fn: "exp" }, x), true],
    ["√x, as a function", of({ kind: "unary", fn: "sqrt" }, x), true],
    ["1/√x, as a function", of({ kind: "unary", fn: "rsqrt" }, x), true],
    ["log x", of({ kind: "unary", fn: "log" }, x), false],
    ["−|x|", of({ kind: "neg" }, abs(x)), false],
    ["x < y", of({ kind: "compare", how: "less" }, x, y), true],
    ["max(x, |y|)", of({ kind: "max" }, x, abs(y)), true],
    ["max(|x|, y)", of({ kind: "max" }, abs(x), y), true],
    ["max(x, y)", of({ kind: "max" }, x, y), false],
    ["min(|x|, |y|)", of({ kind: "min" }, abs(x), abs(y)), true],
    ["min(|x|, y)", of({ kind: "min" }, abs(x), y), false],
    ["min(x, |y|)", of({ kind: "min" }, x, abs(y)), false],
    ["select(x, |x|, |y|)", of({ kind: "select" }, x, abs(x), abs(y)), true],
    ["select(|x|, x, |y|)", of({ kind: "select" }, abs(x), x, abs(y)), false],
    ["select(|x|, |x|, y)", of({ kind: "select" }, abs(x), abs(x), y), false],
    ["x²", power(2n, 1n, x), true],
    ["x³", power(3n, 1n, x), false],
    ["x⁻²", power(-2n, 1n, x), true],
    ["√x", power(1n, 2n, x), true],
    ["x to 3/2", power(3n, 2n, x), true],
    ["x to 2/3: there is no such power of −1", power(2n, 3n, x), false],
    ["x to 1/3", power(1n, 3n, x), false],
    ["|x| to 1/3", power(1n, 3n, abs(x)), true],
    ["x²·y", of({ kind: "product", exponents: [rational(2n), rational(1n)] }, x, y), false],
    ["x²·|y|", of({ kind: "product", exponents: [rational(2n), rational(1n)] }, x, abs(y)), true],
    ["|x|³", power(3n, 1n, abs(x)), true],
    ["1 + 2·|x|", linear(1n, 2n, abs(x)), true],
    ["0 + 2·|x|", linear(0n, 2n, abs(x)), true],
    ["0 − 2·|x|", linear(0n, -2n, abs(x)), false],
    ["1 + 0·|x|", linear(1n, 0n, abs(x)), true],
    ["a place of a term that is not known", of({ kind: "hole", place: 0 }), false],
    ["1 − 2·|x|", linear(1n, -2n, abs(x)), false],
    ["−1 + 2·|x|", linear(-1n, 2n, abs(x)), false],
    ["1 + 2·x", linear(1n, 2n, x), false],
  ])("%s", (_, t, known) => {
    expect(nonNegative(t)).toBe(known);
  });

  test("a reduction is what its body is, its holes filled", () => {
    const v = ix.variable(c.store.indices, "v", 3);
    const at = raw(c, { kind: "leaf", leaf: { of: "state", name: "K", dtype: "fp16" } }, [], [v]);
    const sum = (body: Term): Term => close(c, "sum", { kind: "interval", n: 3 }, v.atoms[0]!, body);
    const times = (t: Term): Term => of({ kind: "product", exponents: [rational(2n), rational(1n)] }, at, t);
    expect([sum(times(abs(x))), sum(times(x)), sum(at)].map((t) => nonNegative(t))).toEqual([true, false, false]);
  });
});

test("of random terms", () => {
  const term: fc.Arbitrary<Term> = fc.letrec<{ t: Term }>((tie) => {
    const t = tie("t");
    return {
      t: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom(x, y),
        fc.integer({ min: -2, max: 2 }).map((n) => num(c, n)),
        fc.tuple(fc.constantFrom("abs", "exp", "tanh"), t).map(([fn, a]) => of({ kind: "unary", fn } as Head, a)),
        fc.tuple(fc.constantFrom("max", "min"), t, t).map(([kind, a, b]) => of({ kind } as Head, a, b)),
        fc.tuple(t, t, t).map((args) => of({ kind: "select" }, ...args)),
        fc.tuple(t, t).map((args) => of({ kind: "compare", how: "less" }, ...args)),
        fc.tuple(fc.bigInt({ min: -2n, max: 2n }), fc.bigInt({ min: -2n, max: 2n }), t).map((p) => linear(...p)),
        fc.tuple(fc.bigInt({ min: 1n, max: 3n }), t).map(([n, a]) => power(n, 1n, a)),
        t.map((a) => of({ kind: "neg" }, a)),
      ),
    };
  }).t;
  let known = 0;
  const property = fc.property(term, within(3), within(3), (t, a, b) => {
    if (!nonNegative(t)) return;
    known++;
    const value = termValue(t, { leaf: ({ of: _, ...l }) => ("name" in l && l.name === "x" ? a : b), step: (z) => z });
    expect(value >= 0 || Number.isNaN(value)).toBe(true);
  });
  fc.assert(property, { numRuns: 2000, seed: 4711 });
  expect(known).toBeGreaterThan(300);
});
