/** Rules about the order of arguments and about sums as a whole. */

import type { Context } from "../logic/context.ts";
import { is, num } from "../logic/make.ts";
import type { Term } from "../logic/terms.ts";
import { allowed, type Rule } from "./rule.ts";

export const COMMUTE: Rule = {
  name: "commute",
  tag: "exact",
  says: "a + b → b + a, a · b → b · a",
  needs: "the function is + or ·, not −",
  lemma: { arity: 2, left: (r, a, b) => r(a! + b!), right: (r, a, b) => r(b! + a!) },
};

export const SUM_ZERO: Rule = {
  name: "sum-zero",
  tag: "exact",
  says: "Σ 0 → 0",
  needs: "every summand is 0",
  lemma: { arity: 0, left: (r) => r(r(0 + 0) + 0), right: () => 0 },
};

export const SUM_ONE: Rule = {
  name: "sum-one-hot",
  tag: "exact",
  says: "Σ over positions of which one is not 0 → that summand",
  needs: "all the others are 0; any order of summation gives the same bits then",
  lemma: { arity: 1, left: (r, x) => r(r(0 + x!) + 0), right: (_, x) => x! },
};

export const SUM_SIGN: Rule = {
  name: "sum-sign",
  tag: "exact",
  says: "Σ −x → −Σ x",
  needs: "every summand has the minus sign, and it is kept",
  lemma: { arity: 3, left: (r, a, b, d) => r(r(-a! - b!) - d!), right: (r, a, b, d) => -r(r(a! + b!) + d!) },
};

/**
 * A sum whose summands are known one by one: 0 when all are, the one that is not when there is just one. `single` tells
 * whether a summand stands at one position: a longer one keeps its zeros, since they take part in the bracketing.
 */
export function sparse(c: Context, summands: readonly Term[], single: (k: number) => boolean): Term | undefined {
  const others = [...summands.keys()].filter((k) => !is(summands[k]!, 0));
  if (allowed(c, SUM_ZERO, others.length === 0)) return num(c, 0);
  if (summands.length === 1) return undefined;
  const [first] = others;
  return allowed(c, SUM_ONE, others.length === 1 && single(first!)) ? summands[first!]! : undefined;
}
