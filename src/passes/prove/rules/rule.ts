/** The form of a rewrite rule: data, so that it can be printed, tested on numbers, and broken on purpose. */
import { type Context, record } from "../logic/context.ts";
import type { Precondition } from "../logic/preconditions.ts";
import type { Term, TermKind } from "../logic/terms.ts";

/** A scalar fact behind a rule: both sides as functions of numbers, every step rounded by `r`. */
export interface Lemma {
  readonly arity: number;
  left(r: (x: number) => number, ...x: readonly number[]): number;
  right(r: (x: number) => number, ...x: readonly number[]): number;
  /** Where it is claimed; everywhere on finite numbers when absent. */
  holds?(...x: readonly number[]): boolean;
}

export interface Hit {
  /** Whether the side condition holds. */
  readonly side: boolean;
  result(): Term;
}

export interface Rule {
  readonly name: string;
  /** exact: equal bits up to the sign of zero. closed: about masked-out entries. definition: what a name stands for. */
  readonly tag: "exact" | "reals" | "closed" | "definition";
  /** The rewriting, as it appears in docs/equivalence.md. */
  readonly says: string;
  /** The side condition in words. */
  readonly needs: string;
  readonly uses?: readonly Precondition[];
  readonly lemma?: Lemma;
}

/** A rule on one kind of term. */
export interface TermRule extends Rule {
  readonly on: TermKind;
  /** Does the form fit? The side condition is told apart, so that a test can drop it. */
  match(c: Context, args: readonly Term[], tag: string): Hit | undefined;
}

/** Whether a rule may fire: its side condition holds, or a test has dropped it. Records the use. */
export function allowed(c: Context, rule: Rule, side: boolean): boolean {
  if (!side && !c.broken.has(rule.name)) return false;
  record(c, rule);
  return true;
}

/** The result of the first rule that fires. */
export function firstOf(c: Context, rules: readonly TermRule[], args: readonly Term[], tag: string): Term | undefined {
  for (const rule of rules) {
    const hit = rule.match(c, args, tag);
    if (hit && allowed(c, rule, hit.side)) return hit.result();
  }
  return undefined;
}
