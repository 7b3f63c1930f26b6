/** What the proof knows of the data that a graph reads: inputs by role, states, weights and constants. */
import { createHash } from "node:crypto";
import type { Role } from "../../../dsl/roles.ts";
import type { Tensor, WeightSource } from "../../../dsl/tensor.ts";
import { type Shape, sizeOf, type TensorType } from "../../../dsl/type.ts";
import { stridesOf } from "../../interpret/array.ts";
import type { Context } from "../logic/context.ts";
import { asAtom, constant, div, type Ix, mod, plus, row, shift, showIx, times } from "../logic/indices.ts";
import { closed, indexTerm, num, opaque } from "../logic/make.ts";
import { splitAll, splitAt, splitRows } from "../logic/split.ts";
import { intern, type Term } from "../logic/terms.ts";
import { MASK_TAG } from "../rules/closed.ts";
import { allowed, type Rule } from "../rules/rule.ts";

export const ONE_HOT: Rule = {
  name: "write-mask",
  tag: "definition",
  says: "write_mask[w_j, t] → 1 for j = t, else 0; write_mask[any other row, t] → 0",
  needs: "the row is that of token t",
  uses: ["P1", "P2"],
};
export const MASK_CLOSED: Rule = {
  name: "mask-closed",
  tag: "definition",
  says: "attn_mask[t, w_j] → closed",
  needs: "j > t",
  uses: ["P3"],
};
export const MASK_OPEN: Rule = {
  name: "mask-own-open",
  tag: "definition",
  says: "attn_mask[t, w_t] → 0",
  needs: "the row is that of the token itself",
  uses: ["P4"],
};

/** A weight whose elements begin at `offset` of a larger one, in row-major order. */
export interface WeightPlace {
  readonly base: string;
  readonly offset: number;
}

export interface LeafOptions {
  readonly tokens: number;
  readonly slots: number;
  /** Tells which stored elements a weight is; see `weightPlace` for the default. */
  readonly weightIdentity?: (source: WeightSource, type: TensorType) => WeightPlace | undefined;
}

/** The element of an input of the copy that begins at token `first`. */
export function readInput(c: Context, o: LeafOptions, x: Tensor, role: Role, first: number, ix: readonly Ix[]): Term {
  const name = x.name ?? "";
  const dtype = x.type.dtype;
  const leaf = (tag: string, at: readonly Ix[]) => intern(c.store, { kind: "leaf", tag, ix: at, dtype });
  switch (role.kind) {
    case "shared":
      return leaf(name, ix);
    case "rows": {
      const token = tokenOf(c, ix[role.tokenAxis]!, name) + first;
      c.used.add("P6");
      return leaf(name, ix.with(role.tokenAxis, constant(c.store.indices, token)));
    }
    case "position": {
      const token = role.tokenAxis === undefined ? 0 : tokenOf(c, ix[role.tokenAxis]!, name);
      c.used.add("P2");
      return indexTerm(c, row(c.store.indices, token + first, o.slots));
    }
    case "mask":
    case "write_mask": {
      const slot = ix[role.slotAxis]!;
      const token = tokenOf(c, ix[role.tokenAxis]!, name) + first;
      const place = slotOf(slot) ?? splitRows(slot, o.slots, `${name} is read`);
      if (role.kind === "write_mask") c.used.add("P1");
      if (role.kind === "write_mask") return num(c, Number(allowed(c, ONE_HOT, place === token)));
      if (place !== "rest" && allowed(c, MASK_CLOSED, place > token)) return closed(c);
      if (place === token && allowed(c, MASK_OPEN, true)) return num(c, 0);
      if (c.broken.has(MASK_OPEN.name) && place !== "rest") return num(c, 0);
      c.used.add("P6");
      return leaf(MASK_TAG + name, ix.with(role.tokenAxis, constant(c.store.indices, token)));
    }
  }
}

/** The token whose cache row an index is. */
function slotOf(i: Ix): number | "rest" | undefined {
  const [a] = i.atoms;
  if (i.atoms.length !== 1 || i.coefs[0] !== 1 || i.c !== 0) return undefined;
  return a!.kind === "row" ? a!.n : a!.kind === "rest" ? "rest" : undefined;
}

function tokenOf(c: Context, i: Ix, name: string): number {
  void c;
  return i.atoms.length === 0 ? i.c : splitAll(i, `the token row of ${name}`);
}

/** The element of a state before the first token. */
export const readState = (c: Context, name: string, ix: readonly Ix[], dtype: TensorType["dtype"]): Term =>
  intern(c.store, { kind: "leaf", tag: `${name}₀`, ix, dtype });

/** The element of a weight, by its place among the stored elements. */
export function readWeight(
  c: Context,
  o: LeafOptions,
  source: WeightSource,
  type: TensorType,
  ix: readonly Ix[],
): Term {
  const { base, offset } = o.weightIdentity?.(source, type) ?? weightPlace(source, type);
  const flat = shift(c.store.indices, flatten(c, ix, type.shape), offset);
  return intern(c.store, { kind: "leaf", tag: `${base}:${type.dtype}`, ix: [flat], dtype: type.dtype });
}

/** Rows of a stored matrix are consecutive elements. Columns and transposes count as weights of their own. */
export function weightPlace(source: WeightSource, type: TensorType): WeightPlace {
  if (source.from === "package") return { base: `sha256:${source.sha256}`, offset: 0 };
  const { tensor, rows, columns, transform } = source;
  const cut = [...(columns ? [`columns ${columns.join("..")}`] : []), ...(transform ? [transform] : [])];
  if (cut.length > 0)
    return { base: [tensor, ...(rows ? [`rows ${rows.join("..")}`] : []), ...cut].join(" "), offset: 0 };
  const width = rows ? sizeOf(type.shape) / (rows[1] - rows[0]) : 0;
  return { base: tensor, offset: (rows?.[0] ?? 0) * width };
}

function flatten(c: Context, ix: readonly Ix[], shape: Shape): Ix {
  const s = c.store.indices;
  const strides = stridesOf(shape);
  return ix.reduce((sum, i, axis) => plus(s, sum, times(s, i, strides[axis]!)), constant(s, 0));
}

/** The element of a constant: a number where its place is known, an index where it counts, else a table entry. */
export function readConst(c: Context, data: ArrayLike<number>, type: TensorType, ix: readonly Ix[]): Term {
  const i = flatten(c, ix, type.shape);
  if (i.atoms.length === 0) return num(c, data[i.c]!);
  const table = tableOf(data);
  if (table.uniform) return num(c, data[0]!);
  if (i.free.length === 0 || i.free.some((a) => a.kind === "rest")) throw opaque(`a constant is read at ${showIx(i)}`);
  if (type.dtype === "int32" && table.counter) return indexTerm(c, count(c, i, table.counter));
  if (table.runs && asAtom(i)?.kind === "var") return splitAt(i, table.runs, "a constant");
  return intern(c.store, { kind: "leaf", tag: `const ${table.hash()}`, ix: [i], dtype: type.dtype });
}

/** data[i] = base + outer·⌊i/period⌋ + inner·(i mod period). */
interface Counter {
  readonly base: number;
  readonly outer: number;
  readonly inner: number;
  readonly period: number;
}
interface Table {
  readonly uniform: boolean;
  readonly counter?: Counter;
  /** Starts of runs of one value, where there are few. */
  readonly runs?: readonly number[];
  hash(): string;
}

const tables = new WeakMap<ArrayLike<number>, Table>();
const MOST_RUNS = 8;

function tableOf(data: ArrayLike<number>): Table {
  const known = tables.get(data as never);
  if (known) return known;
  const runs: number[] = [];
  for (let k = 1; k < data.length && runs.length <= MOST_RUNS; k++) if (data[k] !== data[k - 1]) runs.push(k);
  const counter = counterOf(data);
  const table: Table = {
    uniform: runs.length === 0,
    ...(counter ? { counter } : {}),
    ...(runs.length < MOST_RUNS && data.length > 2 * runs.length ? { runs } : {}),
    hash: () => createHash("sha256").update(Float64Array.from(data)).digest("hex"),
  };
  tables.set(data as never, table);
  return table;
}

function counterOf(data: ArrayLike<number>): Counter | undefined {
  const [base, n] = [data[0]!, data.length];
  const inner = (data[1] ?? base) - base;
  let period = 1;
  while (period < n && data[period] === base + inner * period) period++;
  const outer = period < n ? data[period]! - base : 0;
  const counter = { base, inner, outer, period };
  const fits = Array.from(data).every((x, k) => x === base + outer * Math.floor(k / period) + inner * (k % period));
  return Number.isInteger(base) && fits ? counter : undefined;
}

function count(c: Context, i: Ix, { base, outer, inner, period }: Counter): Ix {
  const s = c.store.indices;
  const whole = times(s, div(s, i, period), outer);
  return shift(s, plus(s, whole, times(s, mod(s, i, period), inner)), base);
}
