/** What is known of cache rows: which are equal, which follow each other. */
import type { Comparison } from "../../../dsl/algebra.ts";
import { casesAt, casesOfFirst, casesOfRows } from "../logic/cases.ts";
import { asAtom } from "../logic/index-bounds.ts";
import { atomIx, constant, type Ix, minus } from "../logic/indices.ts";
import { num } from "../logic/make.ts";
import { opaque } from "../logic/opaque.ts";
import { need } from "../logic/setting.ts";
import type { Term } from "../logic/terms.ts";
import type { Context } from "../rules/context.ts";
import type { Place } from "../rules/positions.ts";
import { decides, makes } from "../rules/rule.ts";
import { asIndex } from "./index-terms.ts";
import { innerVariable, restOfRing, ringVariable, type Slot, slotAt, slotRow } from "./rings.ts";

import { countsRows } from "./sized.ts";

/** w_token + offset; where the rows follow each other the offset is counted into the token. */
export interface RowAt {
  readonly token: number;
  readonly offset: number;
}

/** The row of a token that an index is, moved or not. */
export function rowAt(c: Context, i: Ix): RowAt | undefined {
  const [a] = i.atoms;
  if (i.atoms.length !== 1 || i.coefs[0] !== 1 || a!.kind !== "row") return undefined;
  return c.contiguous ? { token: i.c, offset: 0 } : { token: a!.token, offset: i.c };
}

/** The token of the block whose cache row an index is, or any other row; undefined where it is neither. */
export function placeOf(c: Context, i: Ix): Place | undefined {
  if (isRest(c, i)) return "other";
  const at = rowAt(c, i);
  return at && at.offset === 0 && at.token >= 0 && at.token < c.tokens ? at.token : undefined;
}

/** The rest of a ring is told apart from rows of the ring alone: a position that is not taken modulo it may be one of them. */
const isRest = (c: Context, i: Ix): boolean => asAtom(i)?.kind === "rest" && restOfRing(c, i) === undefined;

/** Notes what P2 has to say so that a row, moved or not, is a place in an axis of `size`; false where it is none. */
export function needInside(c: Context, i: Ix, size: number): boolean {
  const at = rowAt(c, i);
  if (!at) return false;
  // From the token's own row; from the first where rows follow each other, where the last has to lie in the axis as well.
  const [moved, after] = c.contiguous ? [at.token, c.tokens - 1] : [at.offset, 0];
  need(c, "P2");
  c.record.rowAxes.add(size - Math.max(moved, 0) + after);
  c.record.leastRow = Math.max(c.record.leastRow, -moved);
  return true;
}

/** Where cache row `i` lies in a slice of `size` rows that begins at a run-time position. */
export function withinRows(c: Context, i: Ix, begin: Ix, size: number, stride: number): Ix | "outside" | undefined {
  const slot = slotAt(c, begin);
  if (slot) return withinRing(c, i, slot, size);
  const from = rowAt(c, begin);
  if (!from) return undefined;
  const at = rowAt(c, i);
  if (stride !== 1) throw opaque({ code: "strided slice" });
  if (!at && !isRest(c, i)) {
    if (i.atoms.length === 0) throw opaque({ code: "numbered row", row: i.c });
    return casesOfRows(i, "a slice of cache rows");
  }
  if (size === 1 && placeOf(c, begin) !== undefined && (!at || at.offset === 0)) {
    need(c, "P2");
    const place = at?.token ?? "other";
    return decides(c, c.rules.rowsDistinct, from.token, place) ? constant(c.store.indices, 0) : "outside";
  }
  const first = makes(c, c.rules.rowsFollow, from.token, from.offset);
  if (!at) {
    if (first >= 0 && first + size <= c.tokens) return "outside";
    throw opaque({ code: "slice beyond", size, begin });
  }
  const k = at.token + at.offset - first;
  return k >= 0 && k < size ? constant(c.store.indices, k) : "outside";
}

/** The same of a ring: a stretch of several rows may wrap, and is not read as one. */
function withinRing(c: Context, i: Ix, { token, ring }: Slot, size: number): Ix | "outside" {
  if (size !== 1) throw opaque({ code: "slice beyond", size, begin: slotRow(c, token, ring) });
  const at = slotAt(c, i);
  const other = restOfRing(c, i) === ring;
  if (!other && at?.ring !== ring) {
    if (i.atoms.length === 0) throw opaque({ code: "numbered row", row: i.c });
    const atom = asAtom(i);
    if (atom?.kind !== "var" || atom.size !== ring)
      throw opaque({ code: "cache row", what: "a row of a ring", index: i });
    return casesOfRows(i, "a row of a ring");
  }
  return decides(c, c.rules.rowsDistinct, token, other ? "other" : at!.token)
    ? constant(c.store.indices, 0)
    : "outside";
}

/** Comparisons of positions, where what is known of rows and ranges decides them. */
export function compareIndices(c: Context, how: Comparison, a: Term, b: Term): Term | undefined {
  if (a.kind !== "index" && b.kind !== "index") return undefined;
  const [i, j] = [asIndex(c, a), asIndex(c, b)];
  if (!i || !j) return undefined;
  const [x, y] = [rowAt(c, i), rowAt(c, j)];
  const counted = isPlace(j) && isOfTokens(c, i) ? i : isPlace(i) && isOfTokens(c, j) ? j : undefined;
  if (counted) casesOfFirst(counted, "a comparison of cache rows");
  const [p, q] = [slotAt(c, i), slotAt(c, j)];
  if (((x ?? p) && isVariable(j)) || ((y ?? q) && isVariable(i)))
    casesOfRows((x ?? p) ? j : i, "a comparison of cache rows");
  const own = compareSlots(c, how, [i, p], [j, q]);
  if (own) return own;
  const d = minus(c.store.indices, i, j);
  const inner = innerVariable(c, d);
  if (inner) casesOfFirst(atomIx(c.store.indices, inner), "a token's row of a ring");
  const turned = ringVariable(c, d);
  if (turned) casesOfRows(atomIx(c.store.indices, turned), "a comparison of rows of a ring");
  if (x && y) return compareRows(c, how, x, y);
  if ((x && isRest(c, j)) || (y && isRest(c, i))) {
    const { token, offset } = (x ?? y)!;
    const tells = how === "equal" && offset === 0 && token >= 0 && token < c.tokens;
    return tells && !decides(c, c.rules.rowsDistinct, token, "other") ? num(c, 0) : undefined;
  }
  return compareRanges(c, how, d);
}

/** Of rows of one ring it is known which are equal, and nothing of their order. */
function compareSlots(
  c: Context,
  how: Comparison,
  [i, p]: readonly [Ix, Slot | undefined],
  [j, q]: readonly [Ix, Slot | undefined],
): Term | undefined {
  if (how !== "equal") return undefined;
  if (p && q && p.ring === q.ring) return num(c, Number(decides(c, c.rules.rowsDistinct, p.token, q.token)));
  const [slot, other] = p ? [p, j] : [q, i];
  if (!slot || restOfRing(c, other) !== slot.ring) return undefined;
  return num(c, Number(decides(c, c.rules.rowsDistinct, slot.token, "other")));
}

/** Whether an index is a row as many after another as a token's number says, while that number is open. */
const isOfTokens = (c: Context, i: Ix): boolean =>
  i.atoms.some((a) => a.kind === "row") &&
  i.free.length === 1 &&
  i.free[0]!.kind === "var" &&
  i.free[0]!.size <= c.tokens;

/** Whether it may be told apart by rows: an axis, or a row of it. */
const isPlace = (i: Ix): boolean => ["var", "row", "rest"].includes(asAtom(i)?.kind ?? "");

const isVariable = (i: Ix): boolean => asAtom(i)?.kind === "var";

function compareRows(c: Context, how: Comparison, x: RowAt, y: RowAt): Term {
  if (x.offset === y.offset && how === "equal") {
    need(c, "P2");
    return num(c, Number(decides(c, c.rules.rowsDistinct, x.token, y.token)));
  }
  const place = ({ token, offset }: RowAt): number => makes(c, c.rules.rowsFollow, token, offset);
  const d = x.token === y.token ? x.offset - y.offset : place(x) - place(y);
  return num(c, Number(how === "equal" ? d === 0 : how === "less" ? d < 0 : d <= 0));
}

/** Whether the comparison holds, where the range of the difference tells. */
function byRange(how: Comparison, { lo, hi, atoms }: Ix): boolean | undefined {
  if (how === "less" && (hi < 0 || lo >= 0)) return hi < 0;
  if (how === "less_equal" && (hi <= 0 || lo > 0)) return hi <= 0;
  if (how === "equal" && (lo > 0 || hi < 0)) return false;
  return atoms.length === 0 ? true : undefined;
}

/** By the sign of the difference; cut into cases where that varies. */
function compareRanges(c: Context, how: Comparison, d: Ix): Term | undefined {
  const known = byRange(how, d);
  const open = d.free.length === 0 || d.free.some((a) => a.kind !== "var");
  const ofRows = d.atoms.some((a) => a.kind === "row");
  if (ofRows) need(c, "P2");
  if (ofRows || known !== undefined || !open) countsRows(c, d);
  if (known !== undefined) return num(c, Number(known));
  if (open) return undefined;
  const only = d.free.length === 1 ? d.free[0]! : undefined;
  if (how === "equal" && only?.kind === "var" && only.size <= 16) return casesOfFirst(d, "a comparison of positions");
  return casesAt(d, how === "less_equal" ? [1] : how === "less" ? [0] : [0, 1], "a comparison of positions");
}
