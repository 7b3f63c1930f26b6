/** Constant tables whose entries follow from how far the column is behind the row, such as the triangle of a causal mask. */
import type { Making } from "./rule.ts";

/** data[r, c] = values[n] for the first n with c ≤ r + ends[n], and the last of the values where there is none. */
export interface Bands {
  readonly ends: readonly number[];
  readonly values: readonly number[];
}

/** A triangle has one end, a window two. */
const MOST_ENDS = 2;

export const BANDS: Making<[data: ArrayLike<number>, columns: number], Bands | undefined> = {
  name: "banded-table",
  tag: "exact",
  says: "table[r, c] → a for c ≤ r + k, else b",
  needs: "every entry of the constant table is that number; a window has a second k",
  lemma: {
    arity: 2,
    left: (_, r, c) =>
      Array.from({ length: 64 }, (_x, k) => ((k % 8) - Math.floor(k / 8) <= 1 ? 0 : -10_000))[8 * r! + c!]!,
    right: (_, r, c) => (c! <= r! + 1 ? 0 : -10_000),
    holds: (r, c) => [r!, c!].every((k) => Number.isInteger(k) && k >= 0 && k < 8),
  },
  make: (data, columns) => {
    const of = known.get(data as never) ?? new Map<number, Bands | undefined>();
    known.set(data as never, of);
    if (!of.has(columns)) of.set(columns, bandsOf(data, columns));
    return of.get(columns);
  },
};

/** A table is asked for at every element that is read of it. */
const known = new WeakMap<ArrayLike<number>, Map<number, Bands | undefined>>();

/** The bands of a table by its last row and its first one, where every entry is as they say. */
function bandsOf(data: ArrayLike<number>, columns: number): Bands | undefined {
  const rows = data.length / columns;
  const bands = bandsFrom(data, columns);
  const { ends, values } = bands;
  if (rows < 2 || ends.length === 0 || ends.length > MOST_ENDS) return undefined;
  for (let k = 0; k < data.length; k++) {
    const behind = (k % columns) - Math.floor(k / columns);
    const n = ends.findIndex((end) => behind <= end);
    if (data[k] !== values[n < 0 ? ends.length : n]) return undefined;
  }
  return bands;
}

/** The bands that the first column, from below, and the first row of a table tell, whatever its other entries are. */
export function bandsFrom(data: ArrayLike<number>, columns: number): Bands {
  const rows = data.length / columns;
  const at = (behind: number): number => data[behind < 0 ? -behind * columns : behind]!;
  const ends: number[] = [];
  for (let behind = 1 - rows; behind < columns - 1 && ends.length <= MOST_ENDS; behind++)
    if (at(behind) !== at(behind + 1)) ends.push(behind);
  return { ends, values: [...ends.map(at), at(columns - 1)] };
}
