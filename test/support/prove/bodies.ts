/** Elements of reductions, told apart in every way there is; and their values. */
import type * as ix from "../../../src/passes/prove/logic/indices.ts";
import { num, raw } from "../../../src/passes/prove/logic/make.ts";
import type { Reduction, Term } from "../../../src/passes/prove/logic/terms.ts";
import { reduce } from "../../../src/passes/prove/reading/reduce.ts";
import * as scalar from "../../../src/passes/prove/reading/scalar.ts";
import { symbolicReading } from "../../../src/passes/prove/reading/symbolic.ts";
import type { Context } from "../../../src/passes/prove/rules/context.ts";
import { indexOf } from "./row-indices.ts";
import { termValue } from "./term-value.ts";
import { attemptOf } from "./told.ts";

/** An element as a term, by its place. */
export type Body = (c: Context, k: ix.Ix) => Term;
export const leaf = (c: Context, name: string, ...at: readonly ix.Ix[]): Term =>
  raw(c, { kind: "leaf", leaf: { of: "state", name, dtype: "fp16" } }, [], at);
export const K: Body = (c, k) => leaf(c, "K", k);
export const zero: Body = (c) => num(c, 0);
export const neg: Body = (c, k) => scalar.neg(c, K(c, k));
/** `yes` where k lies in [begin, begin + size), `no` elsewhere. */
export const slice =
  (begin: string, size: number, yes: Body, no: Body): Body =>
  (c, k) =>
    symbolicReading(c).within(
      k,
      indexOf(c, begin),
      size,
      1,
      (rest) => yes(c, rest),
      () => no(c, k),
    );
export const pieces =
  (sizes: readonly number[], of: (c: Context, n: number, rest: ix.Ix) => Term): Body =>
  (c, k) =>
    symbolicReading(c).piece(k, sizes, (n, rest) => of(c, n, rest));
export const inner =
  (how: Reduction, n: number, of: (c: Context, k: ix.Ix, j: ix.Ix) => Term): Body =>
  (c, k) =>
    reduce(c, how, n, (j) => of(c, k, j));

/** Small whole numbers, a different one for each place. */
export const numberAt = (name: string, place: readonly number[]): number =>
  ((place.reduce((sum, i) => 7 * sum + 3 * i, name.charCodeAt(0)) + 1000) % 23) - 11;
export const value = (t: Term, at: Readonly<Record<string, number>> = {}): number =>
  termValue(t, { leaf: (of, place) => numberAt((of as { name: string }).name, place), at, step: (x) => x });

/** A reduction over so many of them, and the attempt that it was made in. */
export const over = (how: Reduction, body: Body, n = 5, c = attemptOf()): readonly [Context, Term] => [
  c,
  reduce(c, how, n, (k) => body(c, k)),
];
