/**
 * Recursion in stretches: making one thing asks for another, and the chain may be longer than the stack is deep. Where it
 * nests too deep, a thing from half the way down is made first, by itself, and kept; then the first one begins again.
 */

/** How many things are being made inside one another. */
export interface Stretch {
  nested: number;
}

interface Needed<W> {
  readonly needed: W;
}

const isNeeded = <W>(x: unknown): x is Needed<W> => typeof x === "object" && x !== null && "needed" in x;

/** Deepest nesting of one stretch. */
const MOST = 150;

/** Makes what is wanted. `make` keeps what it has made, and what it throws for a thing it throws again for it. */
export function inStretches<W, X>(stretch: Stretch, wanted: W, make: (wanted: W) => X): X {
  if (stretch.nested > MOST) throw { needed: wanted } satisfies Needed<W>;
  if (stretch.nested > 0) return make(wanted);
  const waiting = [wanted];
  for (;;) {
    try {
      const made = make(waiting.at(-1)!);
      waiting.pop();
      if (waiting.length === 0) return made;
    } catch (reason) {
      if (isNeeded<W>(reason)) waiting.push(reason.needed);
      else if (waiting.length === 1) throw reason;
      else waiting.pop();
    }
  }
}

/** Makes a part of what is wanted, one level deeper. */
export function oneDeeper<W, X>(stretch: Stretch, wanted: W, make: () => X): X {
  stretch.nested++;
  try {
    return make();
  } catch (reason) {
    // Halfway down, so that what is made first is a long stretch and not its last link.
    if (isNeeded<W>(reason) && stretch.nested === MOST / 2) throw { needed: wanted } satisfies Needed<W>;
    throw reason;
  } finally {
    stretch.nested--;
  }
}
