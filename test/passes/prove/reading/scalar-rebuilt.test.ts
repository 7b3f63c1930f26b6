/** Terms made anew from other parts, by the rules of their kinds. */
import { describe, expect, test } from "vitest";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { indexTerm, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Head, Term } from "../../../../src/passes/prove/logic/terms.ts";
import { reduce } from "../../../../src/passes/prove/reading/reduce.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import { type Language, language } from "../../../support/prove/scalar-language.ts";
import { termValue } from "../../../support/prove/term-value.ts";

type Make = (l: Language) => Term;
const WORLD: Readonly<Record<string, number>> = { x: 3, y: -5, shut: -10_000, open: 0 };
const value = (t: Term, at: Readonly<Record<string, number>> = {}): number =>
  termValue(t, { leaf: (leaf) => WORLD[(leaf as { name: string }).name]!, at, step: (x) => x });

describe("made anew from its parts", () => {
  const head = (l: Language, h: Head, ...args: readonly Term[]): Term => raw(l.c, h, args);
  const PARTS: readonly (readonly [says: string, like: Make, args: readonly number[], expected: number])[] = [
    ["a sum", (l) => l.add(l.x, l.y), [2, 3], 5],
    ["a product", (l) => l.mul(l.x, l.y), [2, 3], 6],
    ["a negative", (l) => l.neg(l.x), [2], -2],
    ["a quotient", (l) => l.div(l.x, l.y), [3, 2], 1.5],
    ["a largest", (l) => scalar.maximum(l.c, [l.x, l.y]), [2, 3], 3],
    ["a smallest", (l) => scalar.minimum(l.c, [l.x, l.y]), [2, 3], 2],
    ["a function", (l) => l.exp(l.x), [0], 1],
    ["less", (l) => scalar.compare(l.c, "less", l.x, l.y), [2, 3], 1],
    ["less or equal", (l) => scalar.compare(l.c, "less_equal", l.x, l.y), [4, 3], 0],
    ["a choice", (l) => head(l, { kind: "select" }, l.x, l.y, l.n(1)), [0, 2, 3], 3],
    ["… the other", (l) => head(l, { kind: "select" }, l.x, l.y, l.n(1)), [1, 2, 3], 2],
    ["a rounding", (l) => l.round("int8", l.x), [2.5], 2],
  ];
  test.each(PARTS)("%s", (_, like, args, expected) => {
    const l = language();
    const t = like(l);
    expect(scalar.rebuild(l.c, t, t.args, t.ix)).toBe(t);
    expect(value(scalar.rebuild(l.c, t, args.map(l.n), []))).toBe(expected);
  });

  test("a power", () => {
    const l = language({ mode: "reals" });
    const t = scalar.pow(l.c, l.x, l.y);
    expect(scalar.rebuild(l.c, t, [l.x, l.n(2)], [])).toBe(l.mul(l.x, l.x));
  });

  test("sums and products over the reals", () => {
    const l = language({ mode: "reals" });
    const [sum, product] = [l.add(l.x, l.y), l.mul(l.x, l.y)];
    expect([sum.kind, product.kind]).toEqual(["linear", "product"]);
    for (const t of [sum, product]) expect(scalar.rebuild(l.c, t, t.args, [])).toBe(t);
    expect(scalar.rebuild(l.c, sum, [l.n(2), l.n(3)], [])).toBe(l.n(5));
    expect(scalar.rebuild(l.c, product, [l.n(2), l.n(3)], [])).toBe(l.n(6));
  });

  test("a position, an element, a reduction: at other places", () => {
    const l = language();
    const { c } = l;
    const s = c.store.indices;
    const [u, two] = [ix.variable(s, "u", 3), ix.constant(s, 2)];
    const K = (...at: readonly ix.Ix[]): Term =>
      raw(c, { kind: "leaf", leaf: { of: "state", name: "K", dtype: "fp16" } }, [], at);
    const sum = (i: ix.Ix): Term => reduce(c, "sum", 4, (v) => K(i, v));
    expect(scalar.rebuild(c, indexTerm(c, u), [], [two])).toBe(l.n(2));
    expect(scalar.rebuild(c, K(u), [], [two])).toBe(K(two));
    expect(scalar.rebuild(c, sum(u), [], [two])).toBe(sum(two));
    const pieces = raw(c, { kind: "pieces", lengths: [1, 2] }, [l.x, l.y]);
    expect(scalar.rebuild(c, pieces, [l.y, l.x], [])).toBe(raw(c, { kind: "pieces", lengths: [1, 2] }, [l.y, l.x]));
  });
});
