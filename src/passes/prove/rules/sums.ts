/** Rules about sums and other reductions as a whole. */

import { is, num } from "../logic/make.ts";
import type { Reduction, Term } from "../logic/terms.ts";
import { negate } from "./arithmetic.ts";
import type { Context } from "./context.ts";
import { type Decision, decides, type Making } from "./rule.ts";

export const SUM_ZERO: Decision<[notZero: number]> = {
  name: "sum-zero",
  tag: "exact",
  says: "Σ 0 → 0",
  needs: "every summand is 0",
  lemma: { arity: 0, left: (r) => r(r(0 + 0) + 0), right: () => 0 },
  when: (notZero) => notZero === 0,
};

export const SUM_ONE: Decision<[notZero: number, single: boolean]> = {
  name: "sum-one-hot",
  tag: "exact",
  says: "Σ over positions of which one is not 0 → that summand",
  needs: "all the others are 0; any order of summation gives the same bits then",
  lemma: { arity: 1, left: (r, x) => r(r(0 + x!) + 0), right: (_, x) => x! },
  when: (notZero, single) => notZero === 1 && single,
};

export const SUM_SIGN: Making<[c: Context, sum: Term], Term> = {
  name: "sum-sign",
  tag: "exact",
  says: "Σ −x → −Σ x",
  needs: "every summand has the minus sign, and it is kept",
  lemma: { arity: 3, left: (r, a, b, d) => r(r(-a! - b!) - d!), right: (r, a, b, d) => -r(r(a! + b!) + d!) },
  make: negate,
};

export const MIN_SIGN: Making<[c: Context, largest: Term], Term> = {
  name: "min-sign",
  tag: "exact",
  says: "min over k of −x → −(max over k of x)",
  needs: "every element has the minus sign, and it is kept",
  lemma: { arity: 2, left: (_, x, y) => Math.min(-x!, -y!), right: (_, x, y) => -Math.max(x!, y!) },
  make: negate,
};

export const REDUCE_SAME: Decision<[reduction: Reduction, varies: boolean]> = {
  name: "reduce-same",
  tag: "exact",
  says: "max over k of x → x, min over k of x → x",
  needs: "x does not depend on k",
  lemma: { arity: 1, left: (_, x) => Math.max(x!, x!), right: (_, x) => x! },
  when: (reduction, varies) => reduction !== "sum" && !varies,
};

/**
 * A sum whose summands are known one by one: 0 when all are, the one that is not when there is just one. `single` tells
 * whether a summand stands at one position: a longer one keeps its zeros, since they take part in the bracketing.
 */
export function sparse(c: Context, summands: readonly Term[], single: (k: number) => boolean): Term | undefined {
  const others = [...summands.keys()].filter((k) => !is(summands[k]!, 0));
  if (decides(c, c.rules.sumZero, others.length)) return num(c, 0);
  if (summands.length === 1) return undefined;
  const first = others[0] ?? 0;
  return decides(c, c.rules.sumOne, others.length, single(first)) ? summands[first]! : undefined;
}
