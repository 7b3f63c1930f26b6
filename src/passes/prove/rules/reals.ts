/** Rules that hold over the real numbers; ../reading/reals.ts keeps sums and products in the normal form that they make. */
import { type DType, isFloat } from "../../../dsl/type.ts";
import type { Rational } from "../logic/rational.ts";
import * as Q from "../logic/rational.ts";
import type { Term } from "../logic/terms.ts";
import type { Decision, Making, Rule } from "./rule.ts";

/** Powers of terms, multiplied. */
export type Powers = ReadonlyMap<Term, Rational>;

export const REAL_ROUND: Decision<[to: DType]> = {
  name: "real-round",
  tag: "reals",
  says: "round(d, x) → x",
  needs: "d is a float type; of whole numbers, of an integer type or known, it holds all that x may be",
  lemma: { arity: 1, left: (_, x) => x!, right: (_, x) => x! / 1 },
  when: isFloat,
};
export const COLLECT: Making<[a: Rational, b: Rational], Rational> = {
  name: "collect",
  tag: "reals",
  says: "a·x + b·x → (a + b)·x, sums and products in any order and bracketing",
  needs: "the terms have the same factors",
  lemma: { arity: 3, left: (_, a, b, x) => a! * x! + b! * x!, right: (_, a, b, x) => (a! + b!) * x! },
  make: Q.addQ,
};
export const CONTENT: Making<[terms: readonly Powers[]], Powers> = {
  name: "content",
  tag: "reals",
  says: "x·a + x·b → x·(a + b), factors that all terms share stand outside",
  needs: "every term has the factor",
  lemma: { arity: 3, left: (_, a, b, x) => x! * a! + x! * b!, right: (_, a, b, x) => x! * (a! + b!) },
  make: sharedPowers,
};
export const CANCEL: Rule = {
  name: "cancel",
  tag: "reals",
  says: "x · y / y → x, x − x → 0, 0 · x → 0",
  needs: "y is not 0: the quotient is finite; and so is x",
  uses: ["P7"],
  lemma: {
    arity: 2,
    left: (_, x, y) => (x! * y!) / y! + (y! - y!) + 0 * y!,
    right: (_, x) => x!,
    holds: (_, y) => y !== 0,
  },
};
export const POWER: Decision<[notNegative: boolean]> = {
  name: "power",
  tag: "reals",
  says: "√(b²·x) → b·√x",
  needs: "b ≥ 0, and not 0 under a negative power (the quotient is finite)",
  uses: ["P7"],
  lemma: { arity: 1, left: (_, b) => Math.sqrt(b! * b!), right: (_, b) => b!, holds: (b) => b! >= 0 },
  when: (notNegative) => notNegative,
};
export const MAX_FACTOR: Decision<[notNegative: boolean]> = {
  name: "max-factor",
  tag: "reals",
  says: "max (b·x) → b · max x",
  needs: "b ≥ 0, and does not depend on the index of the maximum",
  lemma: {
    arity: 3,
    left: (_, b, x, y) => Math.max(b! * x!, b! * y!),
    right: (_, b, x, y) => b! * Math.max(x!, y!),
    holds: (b) => b! >= 0,
  },
  when: (notNegative) => notNegative,
};
export const SUM_LINEAR: Making<[count: Rational | undefined, constant: Rational], Rational | undefined> = {
  name: "sum-linear",
  tag: "reals",
  says: "Σ (a·x + b·y) → a·Σx + b·Σy",
  needs: "a and b do not depend on the index of the sum; a constant counts as often as there are summands",
  lemma: { arity: 3, left: (_, a, x, y) => a! * x! + a! * y!, right: (_, a, x, y) => a! * (x! + y!) },
  make: (count, constant) => count && Q.mulQ(count, constant),
};

/** Powers of one sign that all products share, each with the exponent nearest to 0. */
export function sharedPowers([first, ...others]: readonly Powers[]): Powers {
  const common = new Map<Term, Rational>();
  for (const [base, e] of first ?? []) {
    const powers = [e, ...others.map((p) => p.get(base) ?? Q.ZERO)];
    if (powers.every((x) => x.n > 0n) || powers.every((x) => x.n < 0n))
      common.set(
        base,
        powers.reduce((a, b) => (Q.lessQ(Q.absQ(b), Q.absQ(a)) ? b : a)),
      );
  }
  return common;
}
