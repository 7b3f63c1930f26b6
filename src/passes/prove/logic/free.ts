/** Which variables of indices a term depends on. */
import type { Atom } from "./indices.ts";

interface Free {
  readonly free: readonly Atom[];
}

/** Those of its arguments and places, in rising id. */
export function freeOf(args: readonly Free[], ix: readonly Free[]): readonly Atom[] {
  let free: readonly Atom[] = [];
  for (const x of args) free = union(free, x.free);
  for (const x of ix) free = union(free, x.free);
  return free;
}

/** Of two lists in rising id; one of them itself where it holds the other. */
function union(a: readonly Atom[], b: readonly Atom[]): readonly Atom[] {
  if (a === b || b.length === 0) return a;
  if (a.length === 0) return b;
  const all: Atom[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = a[i];
    const y = b[j];
    const first = x && (!y || x.id <= y.id) ? x : y!;
    if (x === first) i++;
    if (y === first) j++;
    all.push(first);
  }
  return all.length === a.length ? a : all.length === b.length ? b : all;
}
