/**
 * Ring buffers: a cache of N rows whose row for a token is its position modulo N. Where the tokens' positions follow each
 * other and T <= N their rows are T different ones of the N, whether or not the block wraps.
 */
import { asAtom } from "../logic/index-bounds.ts";
import { type Atom, type Ix, mod } from "../logic/indices.ts";
import { need } from "../logic/setting.ts";
import type { Context } from "../rules/context.ts";
import { tokenRow } from "./token-row.ts";

/** Whether an axis of `size` is told apart by the rows of a ring: some position is taken modulo it, and may lie beyond it. */
export const isRing = (c: Context, size: number): boolean =>
  (c.contiguous || c.tokens === 1) && c.tokens <= size && c.lastRow >= size && (c.rings?.has(size) ?? false);

/** The row of a token in a ring of `size` rows. */
export function slotRow(c: Context, token: number, size: number): Ix {
  need(c, "P2");
  c.record.sized = true;
  c.record.rings.add(size);
  return mod(c.store.indices, tokenRow(c, token), size);
}

/** The rows of the block's tokens along a cache axis of `size`, of which any other is one that no token writes. */
export function rowsOfTokens(c: Context, size: number): readonly Ix[] {
  const tokens = Array.from({ length: c.tokens }, (_, t) => t);
  if (isRing(c, size)) return tokens.map((t) => slotRow(c, t, size));
  need(c, "P2");
  c.record.rowAxes.add(size);
  return tokens.map((t) => tokenRow(c, t));
}

/** The row of a token in a ring. */
export interface Slot {
  readonly token: number;
  readonly ring: number;
}

/** Whose row in which ring an index is. */
export function slotAt(c: Context, i: Ix): Slot | undefined {
  const ring = i.atoms.find((a) => a.kind === "quotient")?.divisor;
  if (ring === undefined || !isRing(c, ring)) return undefined;
  const token = Array.from({ length: c.tokens }, (_, t) => t).find((t) => slotRow(c, t, ring) === i);
  return token === undefined ? undefined : { token, ring };
}

/** The ring of which an index is any row that no token writes. */
export function restOfRing(c: Context, i: Ix): number | undefined {
  const atom = asAtom(i);
  return atom?.kind === "rest" && isRing(c, atom.size) ? atom.size : undefined;
}

/** A variable beside a row in a remainder by a ring that is not the ring's axis, such as the number of a token. */
export const innerVariable = (c: Context, d: Ix): Variable | undefined =>
  remainders(c, d)
    .flatMap((a) => a.of.atoms.filter((x): x is Variable => x.kind === "var" && x.size !== a.divisor))
    .at(0);

/** The variable of a ring's axis that is taken from a position modulo the ring, in a difference of positions. */
export const ringVariable = (c: Context, d: Ix): Variable | undefined =>
  remainders(c, d)
    .flatMap((a) => a.of.atoms.filter((x): x is Variable => x.kind === "var" && x.size === a.divisor))
    .at(0);

type Variable = Extract<Atom, { kind: "var" }>;

/** Quotients by a ring's size in which a row has a part. */
const remainders = (c: Context, d: Ix): readonly Extract<Atom, { kind: "quotient" }>[] =>
  d.atoms.filter(
    (a): a is Extract<Atom, { kind: "quotient" }> =>
      a.kind === "quotient" && isRing(c, a.divisor) && a.of.atoms.some((x) => x.kind === "row"),
  );
