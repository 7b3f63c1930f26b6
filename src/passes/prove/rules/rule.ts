/** The form of a rewrite rule: data, so that it can be printed, tested on numbers, and replaced by a broken one in a test. */

import { count } from "../logic/memo.ts";
import type { Precondition } from "../logic/preconditions.ts";
import { need } from "../logic/setting.ts";
import type { Head, Term } from "../logic/terms.ts";
import type { Context } from "./context.ts";

/** A scalar fact behind a rule: both sides as functions of numbers, every step rounded by `r`. */
export interface Lemma {
  readonly arity: number;
  left(r: (x: number) => number, ...x: readonly number[]): number;
  right(r: (x: number) => number, ...x: readonly number[]): number;
  /** Where it is claimed; everywhere on finite numbers when absent. */
  holds?(...x: readonly number[]): boolean;
}

/** What every rule says of itself. */
export interface Rule {
  readonly name: string;
  /**
   * exact: equal bits up to the sign of zero. masked: about entries far below all visible scores.
   * definition: what a name stands for.
   */
  readonly tag: "exact" | "reals" | "masked" | "definition";
  /** The rewriting, as it appears in docs/equivalence.md. */
  readonly says: string;
  /** The side condition in words. */
  readonly needs: string;
  readonly uses?: readonly Precondition[];
  readonly lemma: Lemma;
}

/** The form fits: whether the side condition holds is told apart, so that a test can drop it. */
export interface Hit {
  readonly side: boolean;
  result(): Term;
}

/** A rule on one kind of term, by its arguments and its head. */
export interface TermRule extends Rule {
  /** The kind of term without which among the arguments the form never fits. Most terms are neither: the rule is not asked then. */
  readonly on?: "num" | "neg";
  match(c: Context, args: readonly Term[], head: Head): Hit | undefined;
}

/** A rule whose rewriting stands where it is used; the rule decides whether it may happen. */
export interface Decision<A extends readonly unknown[]> extends Rule {
  when(...facts: A): boolean;
}

/** A rule that makes something of what it is given. */
export interface Making<A extends readonly unknown[], R> extends Rule {
  make(...given: A): R;
}

/** Records that a rule fired, and what it needs to be true. */
export function fired(c: Context, rule: Rule): void {
  count(c, rule.name);
  for (const id of rule.uses ?? []) need(c, id);
}

/** Whether a rule fires. */
export function decides<A extends readonly unknown[]>(c: Context, rule: Decision<A>, ...facts: A): boolean {
  const fires = rule.when(...facts);
  if (fires) fired(c, rule);
  return fires;
}

/** What a rule makes. */
export function makes<A extends readonly unknown[], R>(c: Context, rule: Making<A, R>, ...given: A): R {
  fired(c, rule);
  return rule.make(...given);
}

/** The result of the first rule that fires. */
export function firstOf(c: Context, rules: readonly TermRule[], args: readonly Term[], head: Head): Term | undefined {
  for (const rule of rules) {
    if (rule.on && !isAmong(rule.on, args)) continue;
    const hit = rule.match(c, args, head);
    if (!hit?.side) continue;
    fired(c, rule);
    return hit.result();
  }
  return undefined;
}

function isAmong(kind: Term["kind"], args: readonly Term[]): boolean {
  for (let k = 0; k < args.length; k++) if (args[k]!.kind === kind) return true;
  return false;
}

/** A fitting form. */
export const hit = (side: boolean, result: () => Term): Hit => ({ side, result });
