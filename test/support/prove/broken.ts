/** Rule books with one rule broken: its side condition dropped, or its result falsified. Only tests prove by them. */

import { bare, num, type raw } from "../../../src/passes/prove/logic/make.ts";
import { ZERO } from "../../../src/passes/prove/logic/rational.ts";
import { bandsFrom } from "../../../src/passes/prove/rules/bands.ts";
import { beginningOf } from "../../../src/passes/prove/rules/positions.ts";
import { sharedPowers } from "../../../src/passes/prove/rules/reals.ts";
import type { Decision, Rule, TermRule } from "../../../src/passes/prove/rules/rule.ts";
import { RULES, type RuleBook } from "../../../src/passes/prove/rules/rule-book.ts";

/** Rules that have no condition to drop: the wrong result that each could give instead. */
const FALSIFIED: Readonly<Record<string, (rule: never) => Rule>> = {
  "add-constants": (rule: TermRule) => resultOf(rule, (c, t) => num(c, Math.trunc(t.kind === "num" ? t.value : 0))),
  "mul-constants": (rule: TermRule) => resultOf(rule, (c, t) => num(c, Math.trunc(t.kind === "num" ? t.value : 0))),
  "mul-sign": (rule: TermRule) => resultOf(rule, (_, t) => bare(t)),
  "div-sign": (rule: TermRule) => resultOf(rule, (_, t) => bare(t)),
  "round-sign": (rule: TermRule) => resultOf(rule, (_, t) => bare(t)),
  "neg-neg": (rule: TermRule) =>
    ({ ...rule, match: (_c, [x]) => ({ side: true, result: () => bare(x!) }) }) as TermRule,
  "neg-number": (rule: TermRule) => resultOf(rule, (c, t) => num(c, Math.abs(t.kind === "num" ? t.value : 0))),
  "abs-number": (rule: TermRule) => resultOf(rule, (c, t) => num(c, -(t.kind === "num" ? t.value : 0))),
  "round-number": (rule: TermRule) => resultOf(rule, (c, t) => num(c, Math.trunc(t.kind === "num" ? t.value : 0))),
  "max-set": (rule: TermRule) => resultOf(rule, (_, t) => (t.kind === "max" ? t.args[0]! : t)),
  "floor-quotient": (rule: TermRule) => resultOf(rule, (c) => num(c, 0)),
  "compare-numbers": (rule: TermRule) => resultOf(rule, (c) => num(c, 1)),
  "div-by-power": (rule: TermRule) => ({
    ...rule,
    match: ((c, [a, b], head) => {
      const by = b!.kind === "num" ? b!.value : 1;
      return rule.match(c, [a!, num(c, 2 ** Math.round(Math.log2(Math.abs(by))))], head);
    }) satisfies TermRule["match"],
  }),
  "index-arithmetic": (rule: typeof RULES.indexArithmetic) => ({
    ...rule,
    make: (_result: unknown, operand: never) => operand,
  }),
  "counting-table": (rule: typeof RULES.counter) => ({
    ...rule,
    make: (data: ArrayLike<number>) => beginningOf(Array.from(data).slice(0, 2)),
  }),
  "banded-table": (rule: typeof RULES.bands) => ({
    ...rule,
    make: (data: ArrayLike<number>, columns: number) => bandsFrom(data, columns),
  }),
  commute: (rule: typeof RULES.commute) => ({ ...rule, make: (_c: unknown, difference: never) => difference }),
  "sum-sign": (rule: typeof RULES.sumSign) => ({ ...rule, make: (_c: unknown, sum: never) => sum }),
  "min-sign": (rule: typeof RULES.minSign) => ({ ...rule, make: (_c: unknown, largest: never) => largest }),
  "row-contiguous": (rule: typeof RULES.rowsFollow) => ({ ...rule, make: (token: number) => token }),
  "row-from-first": (rule: typeof RULES.rowFromFirst) => ({ ...rule, make: () => 0 }),
  "select-number": (rule: typeof RULES.selectNumber) => ({ ...rule, make: () => "yes" as const }),
  collect: (rule: typeof RULES.collect) => ({ ...rule, make: (a: never) => a }),
  content: (rule: typeof RULES.content) => ({
    ...rule,
    make: (terms: Parameters<typeof sharedPowers>[0]) => sharedPowers(terms.filter((p) => p.size > 1)),
  }),
  "sum-linear": (rule: typeof RULES.sumLinear) => ({
    ...rule,
    make: (_n: unknown, constant: never) => constant ?? ZERO,
  }),
} as Readonly<Record<string, (rule: never) => Rule>>;

type Result = (...args: [Parameters<TermRule["match"]>[0], ReturnType<typeof raw>]) => ReturnType<typeof raw>;

const resultOf = (rule: TermRule, wrong: Result): TermRule => ({
  ...rule,
  match: (c, args, head) => {
    const found = rule.match(c, args, head);
    return found && { side: found.side, result: () => wrong(c, found.result()) };
  },
});

function broken(rule: Rule): Rule {
  const falsified = FALSIFIED[rule.name];
  if (falsified) return falsified(rule as never);
  if ("match" in rule) {
    const { match } = rule as TermRule;
    const dropped: TermRule["match"] = (c, args, head) => {
      const found = match(c, args, head);
      return found && { ...found, side: true };
    };
    return { ...rule, match: dropped } as TermRule;
  }
  if ("when" in rule) return { ...rule, when: () => true } as Decision<never>;
  throw new Error(`${rule.name} has no broken form`);
}

/** The rule book with that rule broken. */
export function bookWithout(name: string): RuleBook {
  const entries = Object.entries(RULES).map(([place, rules]: [string, Rule | readonly Rule[]]) => [
    place,
    "length" in rules
      ? rules.map((rule) => (rule.name === name ? broken(rule) : rule))
      : rules.name === name
        ? broken(rules)
        : rules,
  ]);
  return Object.fromEntries(entries);
}
