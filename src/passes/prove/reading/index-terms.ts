/** Arithmetic of positions as terms: sums and products of whole numbers stay index expressions. */
import { numberOf } from "../logic/facts.ts";
import { constant, type Ix, plus, times } from "../logic/indices.ts";
import { bare, indexTerm, rationalOf } from "../logic/make.ts";
import type { Term } from "../logic/terms.ts";
import type { Context } from "../rules/context.ts";
import { makes } from "../rules/rule.ts";

/** Sums of positions stay positions. */
export function indexSum(c: Context, a: Term, b: Term): Term | undefined {
  if (bare(a).kind !== "index" && bare(b).kind !== "index") return undefined;
  const [i, j] = [asIndex(c, a), asIndex(c, b)];
  return i && j && position(c, plus(c.store.indices, i, j), i);
}

/** What arithmetic makes of a position, where doubles hold its numbers: beyond that two products might seem to be one. */
function position(c: Context, made: Ix, of: Ix): Term | undefined {
  const isExact = [made.c, ...made.coefs].every(Number.isSafeInteger);
  return isExact ? indexTerm(c, makes(c, c.rules.indexArithmetic, made, of)) : undefined;
}

/** The index expression that a term is, with its sign. */
export function asIndex(c: Context, t: Term): Ix | undefined {
  const inner = bare(t);
  if (inner.kind === "index") return times(c.store.indices, inner.ix[0]!, t === inner ? 1 : -1);
  const value = numberOf(t);
  const whole = value !== undefined && Number.isSafeInteger(value) && (rationalOf(t)?.d ?? 1n) === 1n;
  return whole ? constant(c.store.indices, value) : undefined;
}

/** Positions times a number are positions. */
export function indexProduct(c: Context, a: Term, b: Term): Term | undefined {
  if (bare(a).kind !== "index") return undefined;
  const [i, factor] = [asIndex(c, a), numberOf(b)];
  if (!i || factor === undefined || !asIndex(c, b)) return undefined;
  return position(c, times(c.store.indices, i, factor), i);
}
