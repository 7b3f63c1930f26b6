/** Reductions of the symbolic reading: over a range, over pieces of it, or over the rows of a cache. */

import { type Context, deeper } from "../logic/context.ts";
import { type Atom, asAtom, constant, type Ix, rest, row, shift, variable } from "../logic/indices.ts";
import { close } from "../logic/lambda.ts";
import { bare, is, isClosed, opaque } from "../logic/make.ts";
import { isSplit } from "../logic/split.ts";
import { intern, type Reduction, type Term } from "../logic/terms.ts";
import { negate } from "../rules/arithmetic.ts";
import { allowed } from "../rules/rule.ts";
import { SUM_SIGN, sparse } from "../rules/structure.ts";
import { mergeAll, type Piece } from "./pieces.ts";
import * as reals from "./reals.ts";
import { maximum, minimum } from "./scalar.ts";

/** The tokens of the block and the rows of its cache, which a reduction over the cache is cut into. */
export interface Rows {
  readonly tokens: number;
  readonly size: number;
}

type Body = (k: Ix) => Term;

export function reduce(c: Context, rows: Rows, reduction: Reduction, n: number, body: Body): Term {
  return range(c, rows, reduction, 0, n, body);
}

/** Reduction over [begin, begin + n). */
function range(c: Context, rows: Rows, reduction: Reduction, begin: number, n: number, body: Body): Term {
  const s = c.store.indices;
  if (n === 1) return body(constant(s, begin));
  return deeper(c, (label) => {
    const v = variable(s, label, n);
    try {
      return closed(c, reduction, n, asAtom(v)!, body(shift(s, v, begin)));
    } catch (split) {
      if (!isSplit(split) || split.split !== asAtom(v)) throw split;
      if (split.cuts === "rows") return overRows(c, rows, reduction, body);
      return overPieces(c, rows, reduction, begin, [0, ...split.cuts, n], body);
    }
  });
}

/** Closes one body, with what can be said of it as a whole. */
function closed(c: Context, reduction: Reduction, n: number, v: Atom, body: Term): Term {
  if (isClosed(body) || (body.kind === "gate" && reduction !== "max")) throw opaque("a masked-out value is summed");
  if (reduction !== "sum") {
    if (!body.free.includes(v)) return body;
    return c.mode === "reals" && reduction === "max" ? reals.maxOver(c, n, v, body) : close(c, reduction, n, v, body);
  }
  if (is(body, 0)) return body;
  if (c.mode === "reals") return reals.sum(c, n, v, body);
  if (body.kind !== "neg" || !allowed(c, SUM_SIGN, true)) return close(c, "sum", n, v, body);
  const sum = close(c, "sum", n, v, bare(body));
  return c.broken.has(SUM_SIGN.name) ? sum : negate(c, sum);
}

function combine(c: Context, reduction: Reduction, parts: readonly Term[]): Term {
  return reduction === "max" ? maximum(c, parts) : minimum(c, parts);
}

function overPieces(
  c: Context,
  rows: Rows,
  reduction: Reduction,
  begin: number,
  cuts: readonly number[],
  body: Body,
): Term {
  const pieces = cuts.slice(1).map((end, k) => {
    const [from, n] = [cuts[k]!, end - cuts[k]!];
    return { begin: from, n, term: range(c, rows, reduction, begin + from, n, body) };
  });
  if (reduction !== "sum")
    return combine(
      c,
      reduction,
      pieces.map((p) => p.term),
    );
  const flat = pieces.flatMap(flatten);
  const few = sparse(
    c,
    flat.map((p) => p.term),
    (k) => flat[k]!.n === 1,
  );
  if (few) return few;
  if (c.mode === "reals") return flat.map((p) => p.term).reduce((a, b) => reals.add(c, a, b));
  const merged = mergeAll(c, flat, (n, v, term) => closed(c, "sum", n, v, term));
  if (merged.length === 1) return merged[0]!.term;
  return intern(c.store, { kind: "segments", tag: merged.map((p) => p.n).join(","), args: merged.map((p) => p.term) });
}

/** Pieces of a piece are pieces of the whole: a sum is a function of what stands at each position. */
function flatten(piece: Piece): readonly Piece[] {
  if (piece.term.kind !== "segments") return [piece];
  let begin = piece.begin;
  return piece.term.args.map((term, k) => {
    const n = Number(piece.term.tag.split(",")[k]);
    begin += n;
    return { begin: begin - n, n, term };
  });
}

/** A reduction over all rows of the cache: those that the block writes one by one, then the rest. */
function overRows(c: Context, rows: Rows, reduction: Reduction, body: Body): Term {
  const s = c.store.indices;
  c.used.add("P2");
  const parts = Array.from({ length: rows.tokens }, (_, t) => body(row(s, t, rows.size)));
  const others = deeper(c, (label) => {
    const v = rest(s, label, rows.size);
    const at = body(v);
    return isClosed(at) || is(at, 0) ? at : closed(c, reduction, 0, asAtom(v)!, at);
  });
  if (reduction !== "sum") return combine(c, reduction, [...parts, others]);
  if ([...parts, others].some(isClosed)) throw opaque("a masked-out value is summed");
  return (
    sparse(c, [...parts, others], (k) => k < rows.tokens) ??
    (c.mode === "reals"
      ? [...parts, others].reduce((a, b) => reals.add(c, a, b))
      : intern(c.store, { kind: "rows", args: [...parts, others] }))
  );
}
