/** Entries of a constant table of bands at positions: a comparison of row and column. */
import type { TensorType } from "../../../dsl/type.ts";
import { asAtom } from "../logic/index-bounds.ts";
import { type Ix, shift } from "../logic/indices.ts";
import { indexTerm, num } from "../logic/make.ts";
import { need } from "../logic/setting.ts";
import type { Term } from "../logic/terms.ts";
import type { Context } from "../rules/context.ts";
import { fired } from "../rules/rule.ts";
import { compareIndices } from "./rows.ts";
import { compare, select } from "./scalar.ts";

/** The entry of a table; undefined where it has no bands, or where row and column are not both places of a cache. */
export function readBand(
  c: Context,
  data: ArrayLike<number>,
  { shape }: TensorType,
  ix: readonly Ix[],
): Term | undefined {
  const axes = shape.flatMap((n, axis) => (n === 1 ? [] : [axis]));
  const [row, column] = axes.map((axis) => ix[axis]!);
  if (axes.length !== 2 || !row || !column) return undefined;
  const places = [row, column];
  if (!places.some(isPosition) || !places.every((i) => isPosition(i) || isOfCache(c, i))) return undefined;
  const bands = c.rules.bands.make(data, shape[axes[1]!]!);
  if (!bands) return undefined;
  fired(c, c.rules.bands);
  need(c, "P2");
  const { ends, values } = bands;
  const from = (n: number): Term => {
    const value = num(c, values[n]!);
    return n === ends.length
      ? value
      : select(
          c,
          upTo(c, column, row, ends[n]!),
          () => value,
          () => from(n + 1),
        );
  };
  return from(0);
}

/** 1 where the column is at most `end` behind the row. */
function upTo(c: Context, column: Ix, row: Ix, end: number): Term {
  const [a, b] = [indexTerm(c, column), indexTerm(c, shift(c.store.indices, row, end))];
  return compareIndices(c, "less_equal", a, b) ?? compare(c, "less_equal", a, b);
}

const isPosition = (i: Ix): boolean =>
  i.atoms.some((a) => a.kind === "row" || a.kind === "rest") && i.atoms.every((a) => a.kind !== "value");

/** An axis of as many places as a cache has rows. */
function isOfCache(c: Context, i: Ix): boolean {
  const atom = asAtom(i);
  return atom?.kind === "var" && (c.cacheSizes?.has(atom.size) ?? true);
}
