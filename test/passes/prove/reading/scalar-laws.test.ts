/**
 * The scalar operations with all rules on: a random expression, made into a term, has the value that the expression has,
 * bit for bit in exact mode. The oracle is arithmetic on numbers; `near/` asks of each rule where it fires.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Comparison, Unary } from "../../../../src/dsl/algebra.ts";
import { roundTo } from "../../../../src/dsl/number.ts";
import { num, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Mode } from "../../../../src/passes/prove/logic/setting.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import type { Context } from "../../../../src/passes/prove/rules/context.ts";
import { attempt, termValue } from "../../../support/prove/term-value.ts";

type Expr =
  | { readonly kind: "num"; readonly value: number }
  | { readonly kind: "leaf"; readonly name: "x" | "y" | "z" }
  | { readonly kind: "binary"; readonly how: "add" | "sub" | "mul" | "div"; readonly args: readonly Expr[] }
  | { readonly kind: "extreme"; readonly how: "max" | "min"; readonly args: readonly Expr[] }
  | { readonly kind: "unary"; readonly fn: Unary | "neg"; readonly args: readonly Expr[] }
  | { readonly kind: "compare"; readonly how: Comparison; readonly args: readonly Expr[] }
  | { readonly kind: "select"; readonly args: readonly Expr[] }
  | { readonly kind: "round"; readonly to: "fp16" | "fp32"; readonly args: readonly Expr[] };

/** Numbers that rules look for, and their neighbours. None is far enough down to count as masked out. */
const NUMBERS = [0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 8, -8, 0.1, -0.1, 1 / 3, 0.125, 100, 1e-8].map(Math.fround);

/** What only an exact proof sees: where fp64 does not speak for the reals. */
const exprs = (mode: Mode): fc.Arbitrary<Expr> =>
  fc.letrec<{ expr: Expr; leaf: Expr; node: Expr }>((tie) => {
    const args = (n: number) => fc.array(tie("expr"), { minLength: n, maxLength: n });
    const exact: fc.Arbitrary<Expr>[] = [
      fc.record({
        kind: fc.constant("compare" as const),
        how: fc.constantFrom("less", "less_equal", "equal"),
        args: args(2),
      }),
      fc.record({ kind: fc.constant("select" as const), args: args(3) }),
      fc.record({ kind: fc.constant("round" as const), to: fc.constantFrom("fp16", "fp32"), args: args(1) }),
    ];
    return {
      leaf: fc.oneof(
        fc.constantFrom(...NUMBERS).map((value): Expr => ({ kind: "num", value })),
        fc.constantFrom("x", "y", "z").map((name): Expr => ({ kind: "leaf", name })),
      ),
      node: fc.oneof(
        fc.record({
          kind: fc.constant("binary" as const),
          how: fc.constantFrom("add", "sub", "mul", "div"),
          args: args(2),
        }),
        fc.record({
          kind: fc.constant("binary" as const),
          how: fc.constantFrom("add", "sub", "mul", "div"),
          args: args(2),
        }),
        fc.record({
          kind: fc.constant("extreme" as const),
          how: fc.constantFrom("max", "min"),
          args: fc.array(tie("expr"), { minLength: 2, maxLength: 3 }),
        }),
        fc.record({
          kind: fc.constant("unary" as const),
          fn: fc.constantFrom("neg", "abs", "exp", "tanh", "sqrt"),
          args: args(1),
        }),
        ...(mode === "exact" ? exact : []),
      ),
      expr: fc.oneof({ maxDepth: 4, depthSize: "medium" }, tie("leaf"), tie("node")),
    };
  }).node as fc.Arbitrary<Expr>;

const BINARY = { add: scalar.add, sub: scalar.sub, mul: scalar.mul, div: scalar.div } as const;

/** The expression as a term, every rule applied. */
function termOf(c: Context, e: Expr): Term {
  switch (e.kind) {
    case "num":
      return num(c, e.value);
    case "leaf":
      return raw(c, { kind: "leaf", leaf: { of: "input", name: e.name, dtype: "fp16" } }, []);
  }
  const args = e.args.map((x) => termOf(c, x));
  const [a, b, d] = args as [Term, Term, Term];
  switch (e.kind) {
    case "binary":
      return BINARY[e.how](c, a, b);
    case "extreme":
      return e.how === "max" ? scalar.maximum(c, args) : scalar.minimum(c, args);
    case "unary":
      return e.fn === "neg" ? scalar.neg(c, a) : scalar.unary(c, e.fn, a);
    case "compare":
      return scalar.compare(c, e.how, a, b);
    case "select":
      return scalar.select(
        c,
        a,
        () => b,
        () => d,
      );
    case "round":
      return scalar.round(c, e.to, a);
  }
}

type World = Readonly<Record<"x" | "y" | "z", number>>;

/** The value by arithmetic alone; NaN as soon as anything on the way is not finite (P7). */
function numberFor(e: Expr, world: World, step: (x: number) => number): number {
  if (e.kind === "num") return e.value;
  if (e.kind === "leaf") return world[e.name];
  const args = e.args.map((x) => numberFor(x, world, step));
  if (args.some((x) => !Number.isFinite(x))) return Number.NaN;
  const [a, b, d] = args as [number, number, number];
  switch (e.kind) {
    case "binary":
      return step(e.how === "add" ? a + b : e.how === "sub" ? a - b : e.how === "mul" ? a * b : a / b);
    case "extreme":
      return Math[e.how](...args);
    case "unary":
      return e.fn === "neg" ? -a : step(Math[e.fn as "abs" | "exp" | "tanh" | "sqrt"](a));
    case "compare":
      return Number(e.how === "less" ? a < b : e.how === "equal" ? a === b : a <= b);
    case "select":
      return a === 0 ? d : b;
    case "round":
      return roundTo(e.to, a);
  }
}

const fp16 = fc.oneof(
  fc.constantFrom(0, 1, -1, 0.5, 2, -3, roundTo("fp16", 0.1), 100),
  fc.double({ min: -30, max: 30, noNaN: true }).map((x) => roundTo("fp16", x)),
);
const worlds = fc.record({ x: fp16, y: fp16, z: fp16 });

test("exact: the bits of the expression, the sign of zero aside", () => {
  let met = 0;
  const property = fc.property(exprs("exact"), fc.array(worlds, { minLength: 6, maxLength: 6 }), (e, all) => {
    const term = termOf(attempt("exact"), e);
    for (const world of all) {
      const expected = numberFor(e, world, Math.fround);
      if (!Number.isFinite(expected)) continue;
      met++;
      expect(termValue(term, { leaf: (leaf) => world[(leaf as { name: "x" }).name] }) + 0).toBe(expected + 0);
    }
  });
  fc.assert(property, { numRuns: 4000, seed: 4711 });
  expect(met).toBeGreaterThan(10_000);
});

test("over the reals: the number of the expression", () => {
  let met = 0;
  const property = fc.property(exprs("reals"), fc.array(worlds, { minLength: 6, maxLength: 6 }), (e, all) => {
    const term = termOf(attempt("reals"), e);
    for (const world of all) {
      let largest = 1;
      const step = (x: number): number => {
        largest = Math.max(largest, Math.abs(x));
        return x;
      };
      const expected = numberFor(e, world, step);
      // What large numbers leave when they are taken off again is rounding.
      if (!Number.isFinite(expected) || largest > 1e5) continue;
      const found = termValue(term, { leaf: (leaf) => world[(leaf as { name: "x" }).name], step: (x) => x });
      // 0 · √−1 for √(0² · −1): a value of the other form is not finite (P7).
      if (!Number.isFinite(found)) continue;
      met++;
      expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(expected)));
    }
  });
  fc.assert(property, { numRuns: 3000, seed: 4711 });
  expect(met).toBeGreaterThan(8_000);
});
