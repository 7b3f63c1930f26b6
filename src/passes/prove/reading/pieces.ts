/** Consecutive pieces of a sum: neighbours that follow one formula are one piece, so that no cut leaves a trace. */

import { asAtom } from "../logic/index-bounds.ts";
import { type Atom, type Ix, shift, variable } from "../logic/indices.ts";
import { type App, instantiate, substitute } from "../logic/lambda.ts";
import { is } from "../logic/make.ts";
import { again, type Made } from "../logic/memo.ts";
import { deeper } from "../logic/setting.ts";
import type { Store, Term } from "../logic/terms.ts";
import type { Context } from "../rules/context.ts";
import { common } from "./reroll.ts";
import { rebuild } from "./scalar.ts";

/** `n` consecutive summands: their sum, or the one summand. */
export interface Piece {
  readonly n: number;
  readonly term: Term;
  /** The sum in closed form, where it is this piece's own: a summand may be a sum as well, or a maximum, over something else. */
  readonly own?: App;
}

type Close = (n: number, v: Atom, body: Term) => Piece;

/** The pieces, neighbours that follow one formula joined. */
export function mergeAll(c: Context, pieces: readonly Piece[], close: Close): readonly Piece[] {
  const merged: Piece[] = [];
  for (const piece of pieces) {
    const one = merged.length > 0 ? merge(c, merged.at(-1)!, piece, close) : undefined;
    if (one) merged[merged.length - 1] = one;
    else merged.push(piece);
  }
  return merged;
}

function merge(c: Context, a: Piece, b: Piece, close: Close): Piece | undefined {
  const n = a.n + b.n;
  if (is(a.term, 0) && is(b.term, 0)) return { n, term: a.term };
  return deeper(c, (label) =>
    again(c, joinedIn(c.store), `${label} ${keyOf(a)} ${keyOf(b)}`, () => {
      const whole = variable(c.store.indices, label, n);
      const body = formula(c, a, b, whole);
      if (!body || !follows(c, body, whole, a, 0) || !follows(c, body, whole, b, a.n)) return undefined;
      return close(n, asAtom(whole)!, body);
    }),
  );
}

type Joined = Map<string, Made<Piece | undefined>>;
const joined = new WeakMap<Store, Joined>();

/** What came of neighbours: block and steps cut the same sums into the same pieces, and every token those of its scores. */
function joinedIn(store: Store): Joined {
  const known = joined.get(store) ?? new Map();
  joined.set(store, known);
  return known;
}

const keyOf = ({ n, term, own }: Piece): string => `${n} ${term.id} ${own ? "own" : ""}`;

/** A summand as a function of the position that may be that of both pieces. */
function formula(c: Context, a: Piece, b: Piece, at: Ix): Term | undefined {
  if (a.n > 1) return summand(c, a, at);
  if (b.n > 1) return summand(c, b, shift(c.store.indices, at, -1));
  return common(c, a.term, b.term, at);
}

/** The summand of a longer piece at a place in it, where the piece is a sum in closed form. */
const summand = (c: Context, { own }: Piece, at: Ix): Term | undefined => own && instantiate(c, own, at, rebuild);

/** Whether the formula from position `from` on gives the summands of the piece. */
function follows(c: Context, body: Term, whole: Ix, piece: Piece, from: number): boolean {
  const s = c.store.indices;
  const v = variable(s, `${asAtom(whole)!.label}'`, piece.n);
  const own = piece.n === 1 ? piece.term : summand(c, piece, v);
  const [open, moved] = [asAtom(whole), shift(s, v, from)];
  return own === substitute(c, body, (x) => (x === open ? moved : undefined), rebuild);
}
