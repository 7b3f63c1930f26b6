/** Which cache rows the tokens of a sample write. */
import type { ProvenPair } from "../program/pair.ts";
import type { Style } from "./sample.ts";

/** How often a ring is gone round, so that blocks wrap in it. */
const TURNS = 3;

/** The cache rows that tokens write at such positions: in a ring their remainders. */
export const cacheRowsOf = ({ rings, slots = 0 }: Pick<ProvenPair, "rings" | "slots">, rows: readonly number[]) =>
  rings.has(slots) ? rows.map((row) => row % slots) : rows;

/**
 * Rows that follow each other where a graph is told the first token's position only, whatever was asked for. How many rows
 * a cache has may be a guess: there are as many as tokens need, and none beyond what P2 or the type of positions allows.
 */
export function rowsFor(
  { roles, tokens, slots = tokens, lastRow, rings }: ProvenPair,
  { rows: asked = "scattered", within: [least, most] = [0, Number.POSITIVE_INFINITY] }: Style,
  next: () => number,
): readonly number[] {
  const end = Math.min(Math.max(slots, least + tokens, ...[...rings].map((n) => TURNS * n)), most, lastRow + 1);
  const single = [...roles.values()].some((role) => role.kind === "position" && role.tokenAxis === undefined);
  const from = (first: number) => Array.from({ length: tokens }, (_, t) => first + t);
  const all = Array.from({ length: Math.max(end - least, 0) }, (_, i) => [next(), least + i] as const);
  const shuffled = all.sort((a, b) => a[0] - b[0]);
  const scattered = shuffled.slice(0, tokens).map(([, i]) => i);
  switch (asked) {
    case "first":
      return from(least);
    case "last":
      return from(end - tokens);
    case "falling":
      if (!single) return scattered.sort((a, b) => b - a);
      break;
    case "scattered":
      if (!single) return scattered;
  }
  return from(least + Math.floor(((next() + 1) / 2) * (end - least - tokens + 1)));
}
