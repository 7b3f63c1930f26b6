/** The symbolic reading of op meanings: scalars are terms, indices are index expressions. */
import type { Algebra } from "../../../dsl/algebra.ts";
import { integerRange } from "../../../dsl/number.ts";
import { type DType, isInteger, type Shape } from "../../../dsl/type.ts";
import { idsOf } from "../logic/buckets.ts";
import { casesAt, casesOfFirst } from "../logic/cases.ts";
import { withinInteger } from "../logic/facts.ts";
import { constant, div, type Ix, minus, mod, plus, shift, times } from "../logic/indices.ts";
import { indexTerm, num } from "../logic/make.ts";
import { again, type Made } from "../logic/memo.ts";
import { opaque } from "../logic/opaque.ts";
import type { Term } from "../logic/terms.ts";
import type { Context } from "../rules/context.ts";
import { asIndex } from "./index-terms.ts";
import { placeOfValue } from "./looked-up.ts";
import { ownOrder, sorted } from "./own.ts";
import { reduce } from "./reduce.ts";
import { reroll } from "./reroll.ts";
import { type Group, groupsOf } from "./reshaped.ts";
import { compareIndices, needInside, withinRows } from "./rows.ts";
import * as scalar from "./scalar.ts";
import { countsInType, countsRows } from "./sized.ts";

/** The algebra over the terms and indices of an attempt. */
export function symbolicReading(c: Context): Algebra<Term, Ix> {
  const s = c.store.indices;
  return {
    index: (n) => constant(s, n),
    plus: (i, j) => plus(s, i, j),
    times: (i, n) => times(s, i, n),
    reindex: (ix, from, to) => reindex(c, ix, from, to),
    piece: (i, sizes, pick) => piece(c, i, sizes, pick),
    within: (i, begin, size, stride, inside, outside) => {
      const inRows = withinRows(c, i, begin, size, stride);
      if (inRows !== undefined) return inRows === "outside" ? outside() : inside(inRows);
      return within(c, minus(s, i, begin), size, stride, inside, outside);
    },
    indexOf: (t, size) => indexOf(c, t, size),
    scalar: (i) => indexTerm(c, i),
    num: (value) => num(c, value),
    add: (a, b) => scalar.add(c, a, b),
    sub: (a, b) => scalar.sub(c, a, b),
    mul: (a, b) => scalar.mul(c, a, b),
    div: (a, b) => scalar.div(c, a, b),
    maximum: (a, b) => scalar.maximum(c, [a, b]),
    minimum: (a, b) => scalar.minimum(c, [a, b]),
    pow: (a, b) => scalar.pow(c, a, b),
    unary: (f, a) => scalar.unary(c, f, a),
    compare: (how, a, b) => compareIndices(c, how, a, b) ?? scalar.compare(c, how, a, b),
    select: (cond, yes, no) => scalar.select(c, cond, yes, no),
    round: (dtype, a) => narrowed(c, dtype, a) ?? scalar.round(c, dtype, a),
    sum: (n, term) => reduce(c, "sum", n, term),
    max: (n, term) => reduce(c, "max", n, term),
    min: (n, term) => reduce(c, "min", n, term),
    sorted: (how, n, at, element) => sorted(c, how, n, at, element),
    memo: () => {
      const kept = new Map<string, Made<Term>>();
      return (at, make) => again(c, kept, `${c.nesting.depth} ${idsOf(at)}`, make);
    },
    ownOrder: (...what) => ownOrder(c, ...what),
  };
}

/**
 * Row-major re-indexing. Axes that only gain or lose neighbours of size 1 keep their index untouched, so that the
 * size of a cache never enters an index.
 */
function reindex(c: Context, ix: readonly Ix[], from: Shape, to: Shape): readonly Ix[] {
  return groupsOf(from, to).flatMap((group) => regroup(c, ix, group));
}

function regroup(c: Context, ix: readonly Ix[], { begin, from, to, only }: Group): readonly Ix[] {
  const s = c.store.indices;
  if (only !== undefined) return to.map(({ size }) => (size === 1 ? constant(s, 0) : ix[only]!));
  const flat = from.reduce((sum, stride, k) => plus(s, sum, times(s, ix[begin + k]!, stride)), constant(s, 0));
  return to.map(({ size, stride }) => mod(s, div(s, flat, stride), size));
}

function piece(c: Context, i: Ix, sizes: readonly number[], pick: (n: number, rest: Ix) => Term): Term {
  const s = c.store.indices;
  const starts = sizes.map((_, n) => sizes.slice(0, n).reduce((a, b) => a + b, 0));
  const pieceOf = (x: number): number => starts.findLastIndex((start) => x >= start);
  const [first, last] = [pieceOf(i.lo), pieceOf(i.hi)];
  countsRows(c, i);
  if (first === last && first >= 0) return pick(first, shift(s, i, -starts[first]!));
  const equal = sizes.every((n) => n === sizes[0]);
  return (equal ? reroll(c, i, sizes.length, sizes[0]!, pick) : undefined) ?? casesAt(i, starts.slice(1), "a piece");
}

function within(
  c: Context,
  offset: Ix,
  size: number,
  stride: number,
  inside: (rest: Ix) => Term,
  outside: () => Term,
): Term {
  const s = c.store.indices;
  const span = (size - 1) * stride + 1;
  countsRows(c, offset);
  if (offset.hi < 0 || offset.lo >= span) return outside();
  if (offset.lo < 0 || offset.hi >= span) return casesAt(offset, [0, span], "a slice");
  const off = mod(s, offset, stride);
  if (off.atoms.length === 0) return off.c === 0 ? inside(div(s, offset, stride)) : outside();
  return casesAt(off, [0, 1], "a strided slice");
}

/**
 * A position in a narrower integer type. Nothing of the interface bounds those of rings, so that P2 has to: what the type
 * cannot name is no position of the claim.
 */
function narrowed(c: Context, dtype: DType, a: Term): Term | undefined {
  if (a.kind !== "index" || !isInteger(dtype) || (c.rings?.size ?? 0) === 0) return undefined;
  const i = a.ix[0]!;
  if (i.lo < 0 || withinInteger(i, dtype) || !needInside(c, i, integerRange(dtype)[1] + 1)) return undefined;
  countsInType(c, dtype, i);
  return a;
}

function indexOf(c: Context, t: Term, size: number): Ix {
  const i = asIndex(c, t);
  if (!i && t.kind === "leaf" && t.leaf.of === "table")
    return casesOfFirst(t.ix[0]!, "a place in a constant of indices");
  if (!i) return placeOfValue(c, t, size);
  // A cache row is in range by P2; anything else must be known to be.
  if (needInside(c, i, size)) return i;
  countsRows(c, i);
  if (i.lo < 0 || i.hi >= size) throw opaque({ code: "out of range", index: i, size });
  return i;
}
