/** Reductions of the symbolic reading: over an interval, over pieces of it, or over the rows of a cache. */
import { isCases } from "../logic/cases.ts";
import { asAtom } from "../logic/index-bounds.ts";
import { type Atom, constant, type Ix, rest, shift, variable } from "../logic/indices.ts";
import { close } from "../logic/lambda.ts";
import { bare, is, raw } from "../logic/make.ts";
import { deeper } from "../logic/setting.ts";
import type { Head, Range, Reduction, Term } from "../logic/terms.ts";
import type { Context } from "../rules/context.ts";
import { decides, makes } from "../rules/rule.ts";
import { sparse } from "../rules/sums.ts";
import { mergeAll, type Piece } from "./pieces.ts";
import * as reals from "./reals.ts";
import { isRing, rowsOfTokens } from "./rings.ts";
import { maximum, minimum } from "./scalar.ts";

type Body = (k: Ix) => Term;

/** A reduction over [0, n). */
export function reduce(c: Context, reduction: Reduction, n: number, body: Body): Term {
  return interval(c, reduction, { begin: 0, n }, body);
}

interface Interval {
  readonly begin: number;
  readonly n: number;
}

function interval(c: Context, reduction: Reduction, range: Interval, body: Body): Term {
  const pieces = piecesOf(c, reduction, range, body);
  return pieces.length === 1 ? pieces[0]!.term : overPieces(c, reduction, pieces);
}

/** The pieces that case distinctions cut the interval into; those of a piece are pieces of the whole. */
function piecesOf(c: Context, reduction: Reduction, { begin, n }: Interval, body: Body): readonly Piece[] {
  const s = c.store.indices;
  if (n === 1) return [{ n, term: body(constant(s, begin)) }];
  return deeper(c, (label) => {
    const v = variable(s, label, n);
    try {
      return [whole(n, closed(c, reduction, { kind: "interval", n }, asAtom(v)!, body(shift(s, v, begin))))];
    } catch (found) {
      if (!isCases(found) || found.cases !== asAtom(v)) throw found;
      if (found.by === "rows") return [{ n, term: overRows(c, reduction, n, (k) => body(shift(s, k, begin))) }];
      const starts = [0, ...found.starts, n];
      return found.starts.concat(n).flatMap((end, k) => {
        const part = { begin: begin + starts[k]!, n: end - starts[k]! };
        return piecesOf(c, reduction, part, body);
      });
    }
  });
}

/** A piece whose term was made of one formula. */
const whole = (n: number, term: Term): Piece => ({ n, term, ...(term.kind === "app" ? { own: term } : {}) });

/** Closes one body, with what can be said of it as a whole. */
function closed(c: Context, reduction: Reduction, over: Range, v: Atom, body: Term): Term {
  if (decides(c, c.rules.reduceSame, reduction, body.free.includes(v))) return body;
  if (reduction === "max" && c.mode === "reals") return reals.maxOver(c, over, v, body);
  if (reduction === "min" && body.kind === "neg")
    return makes(c, c.rules.minSign, c, close(c, "max", over, v, bare(body)));
  if (reduction !== "sum") return close(c, reduction, over, v, body);
  if (is(body, 0) && decides(c, c.rules.sumZero, 0)) return body;
  if (c.mode === "reals") return reals.sum(c, over, v, body);
  if (body.kind !== "neg") return close(c, "sum", over, v, body);
  return makes(c, c.rules.sumSign, c, close(c, "sum", over, v, bare(body)));
}

function combine(c: Context, reduction: Reduction, parts: readonly Term[]): Term {
  return reduction === "max" ? maximum(c, parts) : minimum(c, parts);
}

function overPieces(c: Context, reduction: Reduction, pieces: readonly Piece[]): Term {
  if (reduction !== "sum")
    return combine(
      c,
      reduction,
      pieces.map((p) => p.term),
    );
  const few = sparse(
    c,
    pieces.map((p) => p.term),
    (k) => pieces[k]!.n === 1,
  );
  if (few) return few;
  if (c.mode === "reals") return pieces.map((p) => p.term).reduce((a, b) => reals.add(c, a, b));
  const merged = mergeAll(c, pieces, (n, v, term) => whole(n, closed(c, "sum", { kind: "interval", n }, v, term)));
  if (merged.length === 1) return merged[0]!.term;
  const lengths = merged.map((p) => p.n);
  return raw(
    c,
    { kind: "pieces", lengths },
    merged.map((p) => p.term),
  );
}

/** A reduction over all rows of a cache axis: those that the block writes one by one, then the rest. */
function overRows(c: Context, reduction: Reduction, size: number, body: Body): Term {
  const parts = rowsOfTokens(c, size).map(body);
  if (size <= c.tokens) return overOwnRows(c, reduction, size, parts);
  const others = deeper(c, (label) => {
    const v = rest(c.store.indices, label, size);
    const at = body(v);
    return is(at, 0) ? at : closed(c, reduction, { kind: "other rows", size }, asAtom(v)!, at);
  });
  const all = [...parts, others];
  if (reduction !== "sum") return combine(c, reduction, all);
  return (
    sparse(c, all, (k) => k < c.tokens) ??
    (c.mode === "reals" ? all.reduce((a, b) => reals.add(c, a, b)) : raw(c, rowsHead(c, size), all))
  );
}

/** The order of a sum is a function of its length too: sums over caches of two lengths are none of each other. */
const rowsHead = (c: Context, size: number): Head => ({ kind: "rows", size, ring: isRing(c, size) });

/** A cache of T rows has no others: what is said of it holds for this number of rows. */
function overOwnRows(c: Context, reduction: Reduction, size: number, parts: readonly Term[]): Term {
  c.record.sized = true;
  if (reduction !== "sum") return combine(c, reduction, parts);
  return (
    sparse(c, parts, () => true) ??
    (c.mode === "reals" ? parts.reduce((a, b) => reals.add(c, a, b)) : raw(c, rowsHead(c, size), parts))
  );
}
