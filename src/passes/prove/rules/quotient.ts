/** Quotients of positions: whole-number division as ops spell it, ⌊i / n⌋, is a position again. */
import { numberOf } from "../logic/facts.ts";
import { constant, div, type Ix, times } from "../logic/indices.ts";
import { bare, indexTerm, is } from "../logic/make.ts";
import { isOne, isZero, type Rational, toNumber } from "../logic/rational.ts";
import type { Setting } from "../logic/setting.ts";
import type { Term } from "../logic/terms.ts";
import { hit, type TermRule } from "./rule.ts";

export const FLOOR_QUOTIENT: TermRule = {
  name: "floor-quotient",
  tag: "exact",
  says: "select(i/n < t, t − 1, t) → ⌊i/n⌋ for t = i/n rounded to int32, that is truncated",
  needs: "i is a position, and n a whole number of 1 or more",
  lemma: {
    arity: 2,
    left: (_, i, n) => (i! / n! < Math.trunc(i! / n!) ? Math.trunc(i! / n!) - 1 : Math.trunc(i! / n!)),
    right: (_, i, n) => Math.floor(i! / n!),
    holds: (i, n) => Number.isInteger(i) && Number.isInteger(n) && n! >= 1 && Math.abs(i!) < 2 ** 31 && n! < 2 ** 31,
  },
  match: (c, args, head) => {
    const [condition, less, truncated] = args as readonly [Term, Term, Term];
    if (head.kind !== "select" || truncated.kind !== "round" || truncated.to !== "int32") return undefined;
    const whole = truncated.args[0]!;
    const below = condition.kind === "compare" && condition.how === "less";
    if (!below || condition.args[0] !== whole || condition.args[1] !== truncated) return undefined;
    const found = isOneLess(less, truncated) ? quotientOf(c, whole) : undefined;
    if (!found) return undefined;
    const { i, n } = found;
    return hit(true, () => indexTerm(c, div(c.store.indices, i, n)));
  },
};

/** t − 1. */
function isOneLess(x: Term, t: Term): boolean {
  if (x.kind === "add") return x.args.includes(t) && x.args.some((a) => is(a, -1));
  const { kind } = x;
  return (
    kind === "linear" && x.args.length === 1 && x.args[0] === t && isOne(x.coefs[0]!) && toNumber(x.constant) === -1
  );
}

interface Quotient {
  readonly i: Ix;
  readonly n: number;
}

/** A term as i / n: a division, a multiplication by 1/n, or over the reals a multiple. */
function quotientOf(c: Setting, t: Term): Quotient | undefined {
  const [a, b] = t.args;
  switch (t.kind) {
    case "neg": {
      const inner = quotientOf(c, a!);
      return inner && { ...inner, i: times(c.store.indices, inner.i, -1) };
    }
    case "div":
      return over(positionOf(c, a!), numberOf(b!));
    case "mul": {
      const [position, factor] = numberOf(a!) === undefined ? [a!, b!] : [b!, a!];
      return over(positionOf(c, position), inverseOf(numberOf(factor)));
    }
    case "linear":
      if (t.args.length !== 1 || !isZero(t.constant)) return undefined;
      return overRational(c, positionOf(c, a!), t.coefs[0]!);
    default:
      return undefined;
  }
}

/** The position that a term is, with its sign. */
function positionOf(c: Setting, t: Term): Ix | undefined {
  const inner = bare(t);
  if (inner.kind === "index") return t === inner ? inner.ix[0]! : times(c.store.indices, inner.ix[0]!, -1);
  const value = numberOf(t);
  return value !== undefined && Number.isSafeInteger(value) ? constant(c.store.indices, value) : undefined;
}

const over = (i: Ix | undefined, n: number | undefined): Quotient | undefined =>
  i && n !== undefined && Number.isSafeInteger(n) && n >= 1 ? { i, n } : undefined;

/** Of a power of two, which a multiplication stands for exactly. */
const inverseOf = (factor: number | undefined): number | undefined =>
  factor !== undefined && factor > 0 && (1 / factor) * factor === 1 && Number.isInteger(Math.log2(factor))
    ? 1 / factor
    : undefined;

function overRational(c: Setting, i: Ix | undefined, { n, d }: Rational): Quotient | undefined {
  if (!i || (n !== 1n && n !== -1n)) return undefined;
  return over(n === 1n ? i : times(c.store.indices, i, -1), Number(d));
}
