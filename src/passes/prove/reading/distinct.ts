/** What is known of cache rows: which are equal, which follow each other. */
import type { Comparison } from "../../../dsl/algebra.ts";
import type { Context } from "../logic/context.ts";
import { type Atom, asAtom, constant, type Ix, minus, showIx } from "../logic/indices.ts";
import { num, opaque } from "../logic/make.ts";
import { splitAll, splitAt, splitRows } from "../logic/split.ts";
import type { Term } from "../logic/terms.ts";
import { allowed, type Rule } from "../rules/rule.ts";
import type { Rows } from "./reduce.ts";
import { asIndex } from "./scalar.ts";

export const ROW_DISTINCT: Rule = {
  name: "row-distinct",
  tag: "definition",
  says: "w_j = w_k → j = k; a row that no token writes is none of them",
  needs: "the rows are those of different tokens",
  uses: ["P2"],
};

export const ROW_NEXT: Rule = {
  name: "row-contiguous",
  tag: "definition",
  says: "w_j − w_k → j − k",
  needs: "the tokens' rows follow each other; offsets count",
  uses: ["P2", "P2'"],
};

interface RowAt {
  readonly token: number;
  readonly offset: number;
}

/** w_token + offset. */
function rowAt(i: Ix): RowAt | undefined {
  const [a] = i.atoms;
  return i.atoms.length === 1 && i.coefs[0] === 1 && a!.kind === "row" ? { token: a!.n, offset: i.c } : undefined;
}

const isRest = (i: Ix): boolean => asAtom(i)?.kind === "rest";

/** Where cache row `i` lies in a slice of `size` rows that begins at a run-time position. */
export function withinRows(
  c: Context,
  rows: Rows,
  i: Ix,
  begin: Ix,
  size: number,
  stride: number,
): Ix | "outside" | undefined {
  const from = rowAt(begin);
  if (!from) return undefined;
  const at = rowAt(i);
  if (stride !== 1) throw opaque("a strided slice of cache rows");
  if (!at && !isRest(i)) {
    if (i.atoms.length === 0) throw opaque(`cache row ${i.c} against a run-time position`);
    return splitRows(i, rows.size, "a slice of cache rows");
  }
  if (size === 1 && from.offset === 0 && (at?.offset ?? 0) === 0) {
    c.used.add("P2");
    return allowed(c, ROW_DISTINCT, at?.token === from.token) ? constant(c.store.indices, 0) : "outside";
  }
  allowed(c, ROW_NEXT, true);
  const first = from.token + (c.broken.has(ROW_NEXT.name) ? 0 : from.offset);
  if (!at) {
    if (first >= 0 && first + size <= rows.tokens) return "outside";
    throw opaque(`a slice of ${size} rows from ${showIx(begin)} reaches beyond the rows of the block`);
  }
  const k = at.token + at.offset - first;
  return k >= 0 && k < size ? constant(c.store.indices, k) : "outside";
}

/** Comparisons of positions, where what is known of rows and ranges decides them. */
export function compareIndices(c: Context, rows: Rows, how: Comparison, a: Term, b: Term): Term | undefined {
  if (a.kind !== "index" && b.kind !== "index") return undefined;
  const [i, j] = [asIndex(c, a), asIndex(c, b)];
  if (!i || !j) return undefined;
  const [x, y] = [rowAt(i), rowAt(j)];
  if ((x && isVariable(j)) || (y && isVariable(i))) splitRows(x ? j : i, rows.size, "a comparison of cache rows");
  if (x && y) return compareRows(c, how, x, y);
  if ((x && isRest(j)) || (y && isRest(i))) {
    const plain = (x ?? y)!.offset === 0;
    return how === "equal" && plain && allowed(c, ROW_DISTINCT, true) ? num(c, 0) : undefined;
  }
  return compareRanges(c, how, minus(c.store.indices, i, j));
}

const isVariable = (i: Ix): boolean => asAtom(i)?.kind === "var";

function compareRows(c: Context, how: Comparison, x: RowAt, y: RowAt): Term {
  const exact = x.offset === y.offset && how === "equal";
  allowed(c, exact ? ROW_DISTINCT : ROW_NEXT, true);
  const d = x.token + x.offset - y.token - y.offset;
  return num(c, Number(how === "equal" ? d === 0 : how === "less" ? d < 0 : d <= 0));
}

/** By the sign of the difference; cut into cases where that varies. */
function compareRanges(c: Context, how: Comparison, d: Ix): Term | undefined {
  if (how === "less" && (d.hi < 0 || d.lo >= 0)) return num(c, Number(d.hi < 0));
  if (how === "less_equal" && (d.hi <= 0 || d.lo > 0)) return num(c, Number(d.hi <= 0));
  if (how === "equal" && (d.lo > 0 || d.hi < 0)) return num(c, 0);
  if (d.atoms.length === 0) return num(c, 1);
  if (d.free.length === 0 || d.free.some((a: Atom) => a.kind !== "var")) return undefined;
  if (how === "equal" && d.free.length === 1 && d.free[0]!.n <= 16) return splitAll(d, "a comparison of positions");
  return splitAt(d, how === "less_equal" ? [1] : how === "less" ? [0] : [0, 1], "a comparison of positions");
}
