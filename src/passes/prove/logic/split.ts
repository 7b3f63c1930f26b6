/**
 * Case distinctions. An index that could be on either side of one raises a `Split`; whoever owns the variable (an open
 * reduction, or the comparison of two values) catches it and looks at the cases one by one.
 */

import { type Atom, asAtom, type Ix, showIx } from "./indices.ts";
import { opaque } from "./make.ts";

export interface Split {
  readonly split: Atom;
  /** Starts of the cases after the first; or the cache rows one by one and all others together. */
  readonly cuts: readonly number[] | "rows";
}

export const isSplit = (x: unknown): x is Split => typeof x === "object" && x !== null && "split" in x;

/** Most cases that a variable is cut into to make an index definite. */
const MOST_CASES = 256;

/** Raises the split that settles on which side of each threshold `i` lies. */
export function splitAt(i: Ix, thresholds: readonly number[], what: string): never {
  for (const atom of byWeight(i)) {
    if (atom.kind !== "var") continue;
    const cuts = crossings(i, atom, thresholds);
    if (cuts.length > 0 && cuts.length < MOST_CASES) throw { split: atom, cuts } satisfies Split;
  }
  throw opaque(`${what} depends on ${showIx(i)}`);
}

/** Raises the split of an axis of the cache into its rows. */
export function splitRows(i: Ix, size: number, what: string): never {
  const atom = asAtom(i);
  if (atom?.kind === "var" && atom.n === size) throw { split: atom, cuts: "rows" } satisfies Split;
  throw opaque(`${what} at ${showIx(i)}, which is not a cache row of the block`);
}

/** Raises the split of every variable of `i` into single values. */
export function splitAll(i: Ix, what: string): never {
  const atom = i.free.find((a) => a.kind === "var" && a.n <= MOST_CASES);
  if (i.free.length !== 1 || !atom) throw opaque(`${what} is ${showIx(i)}`);
  throw { split: atom, cuts: Array.from({ length: atom.n - 1 }, (_, k) => k + 1) } satisfies Split;
}

/** Raises the split of the first variable of `i` into single values; the next one follows when its turn comes. */
export function splitFirst(i: Ix, what: string): never {
  const [atom] = i.free;
  if (atom?.kind !== "var" || atom.n > MOST_CASES) throw opaque(`${what} is ${showIx(i)}`);
  throw { split: atom, cuts: Array.from({ length: atom.n - 1 }, (_, k) => k + 1) } satisfies Split;
}

/** Variables with the heaviest first: cutting it settles most. */
function byWeight(i: Ix): readonly Atom[] {
  const weight = (a: Atom): number =>
    Math.max(...i.atoms.map((x, k) => (x === a ? Math.abs(i.coefs[k]!) * a.hi : x.src?.free.includes(a) ? a.hi : 0)));
  return [...i.free].sort((a, b) => weight(b) - weight(a));
}

/** Values of the variable at which `i` (other variables at 0) passes a threshold. */
function crossings(i: Ix, atom: Atom, thresholds: readonly number[]): readonly number[] {
  const slope = i.atoms.some((a) => a.src?.free.includes(atom)) ? 0 : i.coefs[i.atoms.indexOf(atom)]!;
  if (slope > 0) {
    const first = thresholds.map((t) => Math.ceil((t - i.c) / slope));
    return [...new Set(first)].filter((v) => v > 0 && v < atom.n).sort((a, b) => a - b);
  }
  const side = (v: number): number => thresholds.filter((t) => valueAt(i, atom, v) >= t).length;
  const cuts: number[] = [];
  let before = side(0);
  for (let v = 1; v < atom.n && cuts.length < MOST_CASES; v++) {
    const now = side(v);
    if (now !== before) cuts.push(v);
    before = now;
  }
  return cuts;
}

/** The value of an index with the variable at `v` and all others at 0. */
function valueAt(i: Ix, atom: Atom, v: number): number {
  const of = (a: Atom): number => (a.src ? Math.floor(valueAt(a.src, atom, v) / a.n) : a === atom ? v : 0);
  return i.atoms.reduce((sum, a, k) => sum + i.coefs[k]! * of(a), i.c);
}
