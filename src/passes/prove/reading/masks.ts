/** Entries of masks: what is known of a token and a row, be that one of a cache or of a window that the host shifts. */
import { type MaskNumbers, type MaskRole, maskValues, type Role, type RowsBehind } from "../../../dsl/role.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import type { DType } from "../../../dsl/type.ts";
import { casesAt, casesOfRows, casesOfToken } from "../logic/cases.ts";
import { constant, type Ix, shift } from "../logic/indices.ts";
import { inOrder, num, raw } from "../logic/make.ts";
import { need } from "../logic/setting.ts";
import type { Term } from "../logic/terms.ts";
import type { Context } from "../rules/context.ts";
import type { Place } from "../rules/positions.ts";
import { decides } from "../rules/rule.ts";
import { placeOf } from "./rows.ts";

/** The element of an attention mask of the copy that begins at token `first`. */
export function readMaskInput(c: Context, x: Tensor, role: MaskRole, first: number, ix: readonly Ix[]): Term {
  const [name, { dtype }] = [x.name ?? "", x.type];
  const mask = { name, dtype, ...maskValues(role, dtype) };
  const { behind } = role;
  if (behind?.update === "shift") return readWindow(c, { sameBy: "P13", ...mask }, { ...role, behind }, first, ix);
  if (behind) return readAppended(c, { sameBy: "P14", ...mask }, { ...role, behind }, first, ix);
  const at = ix.with(role.tokenAxis, constant(c.store.indices, 0));
  return readMask(c, { sameBy: "P6", ...mask }, entryOf(c, name, role, first, ix), at);
}

/** Roles whose entries are about a token and a row. */
type Masking = Extract<Role, { kind: "mask" | "write_mask" }>;
type MaskEntry = readonly [place: Place, token: number];

/** Whose row, and which token, an entry of a mask is about. */
export function entryOf(c: Context, name: string, role: Masking, first: number, ix: readonly Ix[]): MaskEntry {
  const slot = ix[role.slotAxis]!;
  const token = tokenOf(ix[role.tokenAxis]!, name) + first;
  return [placeOf(c, slot) ?? casesOfRows(slot, `${name} is read`), token];
}

interface Mask extends Required<MaskNumbers> {
  readonly name: string;
  readonly dtype: DType;
  /** What says of which step an entry is. */
  readonly sameBy: "P6" | "P13" | "P14";
}

/** An entry of an attention mask: added to the scores, or true where they count. `ix` is its place, the token aside. */
function readMask(c: Context, mask: Mask, [place, token]: MaskEntry, ix: readonly Ix[]): Term {
  const { name, dtype, open, closed } = mask;
  // What it is added to is −∞ where it is shut: P7 says of it that it is no NaN.
  if (closed === Number.NEGATIVE_INFINITY) need(c, "P7", name);
  if (decides(c, c.rules.maskShut, place, token)) return num(c, closed);
  if (decides(c, c.rules.maskOpen, place, token)) return num(c, open);
  need(c, mask.sameBy, name);
  const at = [constant(c.store.indices, token), ...ix];
  const entry = raw(c, { kind: "leaf", leaf: { of: "mask", name, dtype } }, [], at);
  if (dtype === "bool" || !decides(c, c.rules.maskTwoValued, c.twoValued)) return entry;
  const isOpen = raw(c, { kind: "compare", how: "equal" }, [entry, num(c, open)].sort(inOrder));
  return raw(c, { kind: "select" }, [isOpen, num(c, open), num(c, closed)]);
}

/**
 * An entry of a mask whose slots are a shifted window and behind it the call's own tokens. Slots count from the first of the block: those
 * before `token` are rows that its step has no more.
 */
function readWindow(
  c: Context,
  mask: Mask,
  { tokenAxis, slotAxis, behind: { rows: window } }: JoinedRole,
  first: number,
  ix: readonly Ix[],
): Term {
  const token = tokenOf(ix[tokenAxis]!, mask.name) + first;
  const slot = shift(c.store.indices, ix[slotAxis]!, first);
  const own = window + token;
  need(c, "P13", mask.name);
  if (mask.closed === Number.NEGATIVE_INFINITY) need(c, "P7", mask.name);
  // How many slots there are is what tells the rows of tokens from those of the window.
  c.record.sized = true;
  if (slot.hi < token) return num(c, mask.closed);
  const isOld = slot.lo >= token && slot.hi < own;
  if (!isOld && slot.lo <= own && (slot.lo < own || slot.hi > own))
    casesAt(slot, [token, own, own + 1], `${mask.name} is read`);
  const place = isOld ? "other" : slot.lo === own ? token : token + 1;
  const at = ix.with(tokenAxis, constant(c.store.indices, 0)).with(slotAxis, slot);
  return readMask(c, mask, [place, token], at);
}

/**
 * An entry of a mask whose slots are the rows of a cache to which the host appends, and behind them the call's own tokens. In a step the rows
 * of the tokens before it are rows of the cache; that of any other token is not valid yet.
 */
function readAppended(
  c: Context,
  mask: Mask,
  { tokenAxis, slotAxis, behind: { rows } }: JoinedRole,
  first: number,
  ix: readonly Ix[],
): Term {
  const token = tokenOf(ix[tokenAxis]!, mask.name) + first;
  const slot = ix[slotAxis]!;
  need(c, "P14", mask.name);
  if (mask.closed === Number.NEGATIVE_INFINITY) need(c, "P7", mask.name);
  // How many rows there are is what tells the call's own columns.
  c.record.sized = true;
  const isOwn = slot.lo >= rows;
  if (!isOwn && slot.hi >= rows) casesAt(slot, [rows], `${mask.name} is read`);
  const place = isOwn
    ? tokenOf(shift(c.store.indices, slot, -rows), mask.name) + first
    : (placeOf(c, slot) ?? casesOfRows(slot, `${mask.name} is read`));
  if (!isOwn && place !== "other" && place >= first) return num(c, mask.closed);
  const at = place === "other" ? ix : ix.with(slotAxis, constant(c.store.indices, rows + place));
  return readMask(c, mask, [place, token], at.with(tokenAxis, constant(c.store.indices, 0)));
}

type JoinedRole = MaskRole & { readonly behind: RowsBehind };

/** The token that an index along an axis of tokens is. */
export const tokenOf = (i: Ix, name: string): number => (i.atoms.length === 0 ? i.c : casesOfToken(i, name));
