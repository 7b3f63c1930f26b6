/** Rules of functions that choose or fold: max, min, comparisons, selections, functions of one argument. */
import type { Comparison } from "../../../dsl/algebra.ts";
import { roundTo } from "../../../dsl/number.ts";
import { fits, numberOf } from "../logic/facts.ts";
import { bare, inOrder, is, isNumber, type NumberTerm, num, numQ, orderOf, raw } from "../logic/make.ts";
import { absQ } from "../logic/rational.ts";
import type { Term } from "../logic/terms.ts";
import type { Context } from "./context.ts";
import { hit, type Making, type TermRule } from "./rule.ts";

/** Largest or smallest of a set, by MAX_SET and MAX_NUMBERS. */
export function maxOf(c: Context, kind: "max" | "min", args: readonly Term[]): Term {
  const flat = new Set(args.flatMap((t) => (t.kind === kind ? t.args : [t])));
  const numbers = [...flat].filter(isNumber);
  const others = [...flat].filter((t) => !isNumber(t));
  const best = numbers.reduce<NumberTerm | undefined>((a, b) => (a && !isBeyond(kind, b, a) ? a : b), undefined);
  const all = [...others, ...(best ? [best] : [])].sort(inOrder);
  return all.length === 1 ? all[0]! : raw(c, { kind }, all);
}

/** Whether a number is larger (smaller) than another, or is NaN. */
function isBeyond(kind: "max" | "min", a: NumberTerm, b: NumberTerm): boolean {
  const order = kind === "max" ? orderOf(a, b) : orderOf(b, a);
  return order > 0 || Number.isNaN(a.value);
}

/** Whether `maxOf` would do more than put the arguments in order. */
const isSet = (kind: "max" | "min", args: readonly Term[]): boolean =>
  new Set(args).size === args.length && args.every((t) => t.kind !== kind) && args.filter(isNumber).length < 2;

export const MAX_SET: TermRule = {
  name: "max-set",
  tag: "exact",
  says: "max(x, max(y, x)) → max of the set {x, y}; of several numbers the largest; likewise min",
  needs: "the arguments are those of one maximum (minimum)",
  lemma: {
    arity: 2,
    left: (_, x, y) => Math.max(x!, Math.max(y!, x!)),
    right: (_, x, y) => Math.max(y!, x!),
  },
  match: (c, args, { kind }) =>
    (kind === "max" || kind === "min") && !isSet(kind, args) ? hit(true, () => maxOf(c, kind, args)) : undefined,
};

export const TRUTH_SET: TermRule = {
  name: "truth-set",
  tag: "exact",
  on: "num",
  says: "min(0, x) → 0, max(1, x) → 1, min(1, x) → x, max(0, x) → x",
  needs: "every argument is a truth value, 0 or 1",
  lemma: {
    arity: 1,
    left: (_, x) => Math.min(0, x!) + Math.max(1, x!),
    right: () => 1,
    holds: (x) => x === 0 || x === 1,
  },
  match: (c, args, { kind }) => {
    if (kind !== "max" && kind !== "min") return undefined;
    const [ends, neutral] = kind === "min" ? [0, 1] : [1, 0];
    const isEnd = args.some((t) => is(t, ends));
    if (!isEnd && !args.some((t) => is(t, neutral))) return undefined;
    const others = args.filter((t) => !is(t, neutral));
    return hit(
      args.every((t) => fits(t, "bool")),
      () => (isEnd ? num(c, ends) : others.length === 0 ? num(c, neutral) : maxOf(c, kind, others)),
    );
  },
};

export const MIN_AS_MAX: TermRule = {
  name: "min-as-max",
  tag: "exact",
  on: "neg",
  says: "min(−x, −y) → −max(x, y)",
  needs: "every argument has the minus sign, and it is kept",
  lemma: { arity: 2, left: (_, x, y) => Math.min(-x!, -y!), right: (_, x, y) => -Math.max(x!, y!) },
  match: (c, args, head) => {
    if (head.kind !== "min" || !args.some((t) => t.kind === "neg")) return undefined;
    const all = args.every((t) => t.kind === "neg");
    return hit(all, () => raw(c, { kind: "neg" }, [maxOf(c, "max", args.map(bare))]));
  },
};

export const EXP_ZERO: TermRule = {
  name: "exp-zero",
  tag: "exact",
  on: "num",
  says: "exp(0) → 1",
  needs: "the function is exp, its argument 0",
  lemma: { arity: 0, left: (r) => r(Math.exp(0)), right: () => 1 },
  match: (c, [x], head) => (head.kind === "unary" && is(x!, 0) ? hit(head.fn === "exp", () => num(c, 1)) : undefined),
};

export const ABS_NUMBER: TermRule = {
  name: "abs-number",
  tag: "exact",
  on: "num",
  says: "|a| → the number |a|",
  needs: "the function is abs",
  lemma: { arity: 1, left: (r, a) => r(Math.abs(a!)), right: (_, a) => Math.abs(a!) },
  match: (c, [x], head) => {
    if (head.kind !== "unary" || !isNumber(x!)) return undefined;
    return hit(head.fn === "abs", () => (x.exact ? numQ(c, absQ(x.exact)) : num(c, Math.abs(x.value))));
  },
};

export const ABS_SIGN: TermRule = {
  name: "abs-sign",
  tag: "exact",
  on: "neg",
  says: "|−x| → |x|",
  needs: "the function is abs",
  lemma: { arity: 1, left: (_, x) => Math.abs(-x!), right: (_, x) => Math.abs(x!) },
  match: (c, [x], head) =>
    head.kind === "unary" && x!.kind === "neg" ? hit(head.fn === "abs", () => raw(c, head, [bare(x!)])) : undefined,
};

export const COMPARE_NUMBERS: TermRule = {
  name: "compare-numbers",
  tag: "exact",
  on: "num",
  says: "a < b → 1 or 0, for numbers; likewise ≤ and =",
  needs: "both are known",
  lemma: { arity: 2, left: (_, a, b) => Number(a! < b!), right: (_, a, b) => Number(!(b! <= a!)) },
  match: (c, args, head) => {
    const [x, y] = args as readonly [Term, Term];
    if (head.kind !== "compare" || !isNumber(x) || !isNumber(y)) return undefined;
    return hit(true, () => num(c, Number(isTrue(head.how, x, y))));
  },
};

function isTrue(how: Comparison, x: NumberTerm, y: NumberTerm): boolean {
  const order = orderOf(x, y);
  return how === "less" ? order < 0 : how === "equal" ? order === 0 : order <= 0;
}

export const EQUAL_ORDER: TermRule = {
  name: "equal-order",
  tag: "exact",
  says: "a = b → b = a",
  needs: "the comparison is =, not <",
  lemma: { arity: 2, left: (_, a, b) => Number(a === b), right: (_, a, b) => Number(b === a) },
  match: (c, args, head) =>
    head.kind === "compare" && inOrder(args[0]!, args[1]!) > 0
      ? hit(head.how === "equal", () => raw(c, head, [args[1]!, args[0]!]))
      : undefined,
};

export const SELECT_SAME: TermRule = {
  name: "select-same",
  tag: "exact",
  says: "select(c, x, x) → x",
  needs: "both branches are the same",
  lemma: { arity: 2, left: (_, m, x) => (m !== 0 ? x! : x!), right: (_, _m, x) => x! },
  match: (_, [, yes, no], head) => (head.kind === "select" ? hit(yes === no, () => yes!) : undefined),
};

export const SELECT_NUMBER: Making<[condition: number], "yes" | "no"> = {
  name: "select-number",
  tag: "exact",
  says: "select(a, x, y) → x or y",
  needs: "a is a number: x where it is not 0",
  lemma: { arity: 3, left: (_, a, x, y) => (a !== 0 ? x! : y!), right: (_, a, x, y) => [y!, x!][Number(a !== 0)]! },
  make: (condition) => (condition !== 0 ? "yes" : "no"),
};

export const ROUND_NUMBER: TermRule = {
  name: "round-number",
  tag: "exact",
  on: "num",
  says: "round(d, a) → the number a rounded to d",
  needs: "a is known to the last bit: over the reals only where it is of type d already",
  lemma: { arity: 1, left: (r, a) => r(a!), right: (r, a) => r(r(a!)) },
  match: (c, [x], head) => {
    const value = numberOf(x!);
    if (head.kind !== "round" || value === undefined) return undefined;
    return hit(c.mode === "exact" || fits(x!, head.to), () => num(c, roundTo(head.to, value)));
  },
};
