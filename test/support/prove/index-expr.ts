/** Index expressions as data, and their value by brute force: the oracle of the prover's index arithmetic. */
import fc from "fast-check";
import * as ix from "../../../src/passes/prove/logic/indices.ts";

/** A formula over variables. */
export type Expr =
  | { readonly op: "num"; readonly n: number }
  | { readonly op: "var"; readonly name: string; readonly size: number }
  | { readonly op: "plus"; readonly a: Expr; readonly b: Expr }
  | { readonly op: "times" | "div" | "mod"; readonly a: Expr; readonly n: number };

/** The variables, over [0, size). */
export const v = (size: number): Expr => ({ op: "var", name: "v", size });
/** The second of them. */
export const w = (size: number): Expr => ({ op: "var", name: "w", size });
/** One that is older than both. */
export const u = (size: number): Expr => ({ op: "var", name: "u", size });

/** The expression in the prover's normal form; `v` is older than `w`. */
export function indexOf(s: ix.Indices, e: Expr): ix.Ix {
  for (const [name, size] of sizesOf(e)) ix.variable(s, name, size);
  const of = (x: Expr): ix.Ix => {
    switch (x.op) {
      case "num":
        return ix.constant(s, x.n);
      case "var":
        return ix.variable(s, x.name, x.size);
      case "plus":
        return ix.plus(s, of(x.a), of(x.b));
      case "times":
        return ix.times(s, of(x.a), x.n);
      case "div":
        return ix.div(s, of(x.a), x.n);
      case "mod":
        return ix.mod(s, of(x.a), x.n);
    }
  };
  return of(e);
}

type Values = Readonly<Record<string, number>>;

/** What the formula says. */
function meaning(e: Expr, at: Values): number {
  switch (e.op) {
    case "num":
      return e.n;
    case "var":
      return at[e.name]!;
    case "plus":
      return meaning(e.a, at) + meaning(e.b, at);
    case "times":
      return meaning(e.a, at) * e.n;
    case "div":
      return Math.floor(meaning(e.a, at) / e.n);
    case "mod":
      return meaning(e.a, at) - e.n * Math.floor(meaning(e.a, at) / e.n);
  }
}

/** The value of a normal form. */
export function valueAt(i: ix.Ix, at: Values): number {
  const of = (a: ix.Atom): number =>
    a.kind === "quotient" ? Math.floor(valueAt(a.of, at) / a.divisor) : (at[a.label] ?? 0);
  return i.atoms.reduce((sum, a, k) => sum + i.coefs[k]! * of(a), i.c);
}

/** The variables in the order of their names, so that a normal form does not depend on which was met first. */
function sizesOf(e: Expr): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const visit = (x: Expr): void => {
    if (x.op === "var") found.set(x.name, x.size);
    if ("a" in x) visit(x.a);
    if ("b" in x) visit(x.b);
  };
  visit(e);
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Where value or interval of the normal form are wrong; empty when they hold at every value of the variables. */
export function holdsEverywhere(e: Expr): string {
  const i = indexOf(ix.newIndices(), e);
  for (const at of everyPoint(sizesOf(e))) {
    const [x, y] = [meaning(e, at), valueAt(i, at)];
    if (x !== y) return `${ix.showIx(i)} is ${y} and not ${x} at ${JSON.stringify(at)}`;
    if (x < i.lo || x > i.hi) return `${ix.showIx(i)} is ${x} at ${JSON.stringify(at)}, beyond [${i.lo}, ${i.hi}]`;
  }
  return "";
}

/** All values of variables of these sizes. */
export const everyPoint = (sizes: ReadonlyMap<string, number>): readonly Values[] =>
  [...sizes].reduce<readonly Values[]>(
    (all, [name, n]) => all.flatMap((at) => Array.from({ length: n }, (_, k) => ({ ...at, [name]: k }))),
    [{}],
  );

/** The formula for people: what a failure is reproduced by. */
export function show(e: Expr): string {
  switch (e.op) {
    case "num":
      return `num(${e.n})`;
    case "var":
      return `${e.name}(${e.size})`;
    case "plus":
      return `plus(${show(e.a)}, ${show(e.b)})`;
    default:
      return `${e.op}(${show(e.a)}, ${e.n})`;
  }
}

/** Formulas of one size of each variable, up to five operations deep; factors and divisors that share factors. */
export const randomExpr: fc.Arbitrary<Expr> = fc
  .record({ m: fc.constantFrom(2, 3, 4, 6, 12, 24), n: fc.constantFrom(1, 2, 5, 6, 8) })
  .chain(({ m, n }) => {
    const leaf: fc.Arbitrary<Expr> = fc.oneof(
      fc.constantFrom(v(m), w(n)),
      fc.integer({ min: -7, max: 7 }).map((k): Expr => ({ op: "num", n: k })),
    );
    const factor = fc.constantFrom(-6, -3, -2, -1, 2, 3, 4, 5, 6, 12);
    const divisor = fc.constantFrom(1, 2, 3, 4, 5, 6, 8, 12, 24);
    const level = (depth: number): fc.Arbitrary<Expr> => {
      if (depth === 0) return leaf;
      const below = level(depth - 1);
      return fc.oneof(
        leaf,
        fc.record({ op: fc.constant("plus" as const), a: below, b: below }),
        fc.record({ op: fc.constant("times" as const), a: below, n: factor }),
        fc.record({ op: fc.constantFrom("div" as const, "mod" as const), a: below, n: divisor }),
      );
    };
    return level(5);
  });
