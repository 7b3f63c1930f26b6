/** Rules asked by themselves, and the language that their terms are written in. */
import type { Head, Term } from "../../../src/passes/prove/logic/terms.ts";
import type { Context } from "../../../src/passes/prove/rules/context.ts";
import type { TermRule } from "../../../src/passes/prove/rules/rule.ts";
import { RULES, rulesOf } from "../../../src/passes/prove/rules/rule-book.ts";
import { type Language, languageOf, type Near } from "./near/language.ts";

/** The language of `near/` in an attempt of its own. */
export const speak = (how: Pick<Near, "mode" | "twoValued" | "contiguous"> = {}): Language =>
  languageOf({ fires: () => undefined, not: {}, ...how });

/** What a rule on terms says: another form; the form without the condition; or what it makes. */
type Answer = "another form" | "not on this condition" | Term;

/** Asks the rule on terms of that name. */
export function ask(c: Context, name: string, head: Head, ...args: readonly Term[]): Answer {
  const rule = rulesOf(RULES).find((r) => r.name === name) as TermRule;
  const hit = rule.match(c, args, head);
  if (!hit) return "another form";
  return hit.side ? hit.result() : "not on this condition";
}

/** An answer in which a term that was made is but told as such. */
export const told = (answer: Answer): string => (typeof answer === "string" ? answer : "fires");
