/**
 * Case distinctions. An index that could be on either side of one raises `Cases`; whoever owns the variable (an open
 * reduction, or the comparison of two values) catches it and looks at the cases one by one.
 */
import { asAtom } from "./index-bounds.ts";
import type { Atom, Ix } from "./indices.ts";
import { opaque } from "./opaque.ts";

/** A variable, and the cases in which whoever owns it has to look at it. */
export type Cases =
  /** [0, starts[0]), [starts[0], starts[1]), … of the variable. */
  | { readonly cases: Variable; readonly by: "starts"; readonly starts: readonly number[] }
  /** The rows of a cache axis: those that the tokens write one by one, and all others together. */
  | { readonly cases: Variable; readonly by: "rows" };

type Variable = Extract<Atom, { kind: "var" }>;

/** Whether something thrown is a case distinction. */
export const isCases = (x: unknown): x is Cases => typeof x === "object" && x !== null && "cases" in x;

/** Most cases that a variable is cut into to make an index definite. */
const MOST_CASES = 256;

/** Raises the distinction that settles on which side of each threshold `i` lies. */
export function casesAt(i: Ix, thresholds: readonly number[], what: string): never {
  for (const atom of byWeight(i)) {
    if (atom.kind !== "var") continue;
    const starts = crossings(i, atom, thresholds);
    if (starts.length > 0 && starts.length < MOST_CASES) throw { cases: atom, by: "starts", starts } satisfies Cases;
  }
  throw opaque({ code: "undecided", what, index: i });
}

/** Raises the distinction of an axis of a cache into its rows. */
export function casesOfRows(i: Ix, what: string): never {
  const atom = asAtom(i);
  if (atom?.kind === "var") throw { cases: atom, by: "rows" } satisfies Cases;
  throw opaque({ code: "cache row", what, index: i });
}

/** Raises the distinction of the only variable of `i` into single values; `of` is what has one row a token. */
export function casesOfToken(i: Ix, of: string): never {
  const [atom, more] = i.free;
  if (atom?.kind !== "var" || more || atom.size > MOST_CASES) throw opaque({ code: "token row", of, index: i });
  throw singly(atom);
}

/** Raises the distinction of the first variable of `i` into single values; the next one follows when its turn comes. */
export function casesOfFirst(i: Ix, what: string): never {
  const [atom] = i.free;
  if (atom?.kind !== "var" || atom.size > MOST_CASES) throw opaque({ code: "undecided", what, index: i });
  throw singly(atom);
}

const singly = (atom: Variable): Cases => ({
  cases: atom,
  by: "starts",
  starts: Array.from({ length: atom.size - 1 }, (_, k) => k + 1),
});

/** Variables with the heaviest first: cutting it settles most. */
function byWeight(i: Ix): readonly Atom[] {
  // Of one that stands in a quotient alone its range counts.
  const weight = (a: Atom): number => Math.max(1, Math.abs(i.coefs[i.atoms.indexOf(a)] ?? 0)) * a.hi;
  return [...i.free].sort((a, b) => weight(b) - weight(a));
}

/** Values of the variable at which `i` (other variables at 0) passes a threshold. */
function crossings(i: Ix, atom: Variable, thresholds: readonly number[]): readonly number[] {
  const bent = i.atoms.some((a) => a.kind === "quotient" && a.of.free.includes(atom));
  const slope = bent ? 0 : i.coefs[i.atoms.indexOf(atom)]!;
  if (slope > 0) {
    const first = thresholds.map((t) => Math.ceil((t - i.c) / slope));
    return [...new Set(first)].filter((v) => v > 0 && v < atom.size).sort((a, b) => a - b);
  }
  const side = (v: number): number => thresholds.filter((t) => valueAt(i, atom, v) >= t).length;
  const starts: number[] = [];
  let before = side(0);
  for (let v = 1; v < atom.size && starts.length < MOST_CASES; v++) {
    const now = side(v);
    if (now !== before) starts.push(v);
    before = now;
  }
  return starts;
}

/** The value of an index with the variable at `v` and all others at 0. */
function valueAt(i: Ix, atom: Atom, v: number): number {
  const of = (a: Atom): number =>
    a.kind === "quotient" ? Math.floor(valueAt(a.of, atom, v) / a.divisor) : a === atom ? v : 0;
  return i.atoms.reduce((sum, a, k) => sum + i.coefs[k]! * of(a), i.c);
}
