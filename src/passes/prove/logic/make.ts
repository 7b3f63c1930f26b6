/** Leaf-level terms and questions about terms that every rule file needs. */

import { numberOf } from "./facts.ts";
import type { Ix } from "./indices.ts";
import { addQ, fromNumber, isZero, lessQ, negQ, type Rational, toNumber } from "./rational.ts";
import type { Setting } from "./setting.ts";
import { type Head, intern, type Term } from "./terms.ts";

/** A term as it stands; callers have already simplified the parts. */
export const raw = (c: Setting, head: Head, args: readonly Term[], ix?: readonly Ix[]): Term =>
  intern(c.store, head, args, ix);

/** A number. The two zeros are one: claims are up to the sign of zero. Over the reals it is an exact rational. */
export function num(c: Setting, value: number): Term {
  if (c.mode === "reals" && Number.isFinite(value)) return numQ(c, fromNumber(value));
  return intern(c.store, { kind: "num", value: value === 0 ? 0 : value });
}

/** A rational number; its `value` is the nearest double. */
export function numQ(c: Setting, exact: Rational): Term {
  const value = toNumber(exact);
  const same = Number.isFinite(value) && isZero(addQ(exact, negQ(fromNumber(value))));
  return intern(c.store, { kind: "num", value, exact, ...(same ? {} : { near: true }) });
}

/** The exact value of a number term over the reals. */
export const rationalOf = (t: Term): Rational | undefined => (t.kind === "num" ? t.exact : undefined);

/** Two numbers in order: negative, 0 or positive as a − b is; NaN where one of them is. */
export function orderOf(a: NumberTerm, b: NumberTerm): number {
  if (!a.exact || !b.exact) return a.value === b.value ? 0 : a.value - b.value;
  return lessQ(a.exact, b.exact) ? -1 : lessQ(b.exact, a.exact) ? 1 : 0;
}

/** A term that is a number. */
export type NumberTerm = Extract<Term, { kind: "num" }>;

/** Whether the term is a number. */
export const isNumber = (t: Term): t is NumberTerm => t.kind === "num";

/** An index as a number; a constant one is a number. */
export const indexTerm = (c: Setting, i: Ix): Term =>
  i.atoms.length === 0 ? num(c, i.c) : intern(c.store, { kind: "index" }, [], [i]);

/** The finite number that a term is. */
export function finite(t: Term): number | undefined {
  const value = numberOf(t);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}
/** The finite number that the term, or its negative, is; the next double above it where it is none. */
export function atMost(t: Term, sign: 1 | -1): number | undefined {
  if (t.kind !== "num" || !Number.isFinite(t.value)) return undefined;
  return sign * t.value + (t.near ? Math.abs(t.value) * 2 ** -52 : 0);
}

/** Whether the term is that number. */
export const is = (t: Term, value: number): boolean => numberOf(t) === value;

/** The term without its minus sign. */
export const bare = (t: Term): Term => (t.kind === "neg" ? t.args[0]! : t);

/** Sorts the arguments of a commutative function: by structure, then by place, never by name alone. */
export function inOrder(a: Term, b: Term): number {
  if (a === b) return 0;
  return a.skeleton - b.skeleton || comparePlaces(a, b, new Set()) || a.id - b.id;
}

/** Numbers of terms are the last resort: they tell which was made first, and two programs may make them in another order. */
function comparePlaces(a: Term, b: Term, seen: Set<string>): number {
  if (a === b) return 0;
  for (let k = 0; k < a.ix.length && k < b.ix.length; k++) {
    const order = compareIx(a.ix[k]!, b.ix[k]!);
    if (order !== 0) return order;
  }
  if (a.args.length === 0 && b.args.length === 0 && a.kind !== "app") return 0;
  const pair = `${a.id} ${b.id}`;
  if (seen.has(pair)) return 0;
  seen.add(pair);
  if (a.kind === "app" && b.kind === "app") {
    const order = comparePlaces(a.lam.body, b.lam.body, seen);
    if (order !== 0) return order;
  }
  for (let k = 0; k < a.args.length && k < b.args.length; k++) {
    const order = comparePlaces(a.args[k]!, b.args[k]!, seen);
    if (order !== 0) return order;
  }
  return 0;
}

/** By what they are, whatever their atoms are called and whichever was made first. */
function compareIx(i: Ix, j: Ix): number {
  if (i === j) return 0;
  if (i.atoms.length !== j.atoms.length) return i.atoms.length - j.atoms.length;
  if (i.c !== j.c) return i.c - j.c;
  const [a, b] = [marksOf(i), marksOf(j)];
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return a[k]! < b[k]! ? -1 : 1;
  return 0;
}

/** What may be told of the atoms of an index apart from their names, sorted. */
const marksOf = ({ atoms, coefs }: Ix): readonly string[] =>
  atoms.map((a, k) => `${a.kind} ${coefs[k]} ${a.kind === "quotient" ? a.divisor : a.hi - a.lo}`).sort();
