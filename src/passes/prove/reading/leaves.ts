/** What the proof knows of the data that a graph reads: inputs by role, states, weights and constants. */
import { createHash } from "node:crypto";
import { integerRange } from "../../../dsl/number.ts";
import type { Role } from "../../../dsl/role.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { type Shape, sizeOf, type TensorType } from "../../../dsl/type.ts";
import type { WeightSource } from "../../../dsl/weight-source.ts";
import { stridesOf } from "../../interpret/array.ts";
import { casesAt } from "../logic/cases.ts";
import { asAtom } from "../logic/index-bounds.ts";
import { constant, div, type Ix, mod, plus, shift, times } from "../logic/indices.ts";
import { indexTerm, num, raw } from "../logic/make.ts";
import { need } from "../logic/setting.ts";
import type { Term } from "../logic/terms.ts";
import type { Context } from "../rules/context.ts";
import type { Counter } from "../rules/positions.ts";
import { decides, fired } from "../rules/rule.ts";
import { readBand } from "./bands.ts";
import { entryOf, readMaskInput, tokenOf } from "./masks.ts";
import { countsPlaces, countsRows } from "./sized.ts";
import { tokenRow } from "./token-row.ts";

/** A weight whose elements begin at `offset` of a larger one, in row-major order. */
export interface WeightPlace {
  readonly base: string;
  readonly offset: number;
}

/** Which stored elements a weight is: equal places hold equal numbers. */
export type PlaceOf = (source: WeightSource, type: TensorType) => WeightPlace;

/** The element of an input of the copy that begins at token `first`. */
export function readInput(c: Context, x: Tensor, role: Role, first: number, ix: readonly Ix[]): Term {
  const name = x.name ?? "";
  const { dtype } = x.type;
  switch (role.kind) {
    case "shared":
      if (c.tokens > 1) need(c, "P9", name);
      return raw(c, { kind: "leaf", leaf: { of: "input", name, dtype } }, [], ix);
    case "rows": {
      const token = tokenOf(ix[role.tokenAxis]!, name) + first;
      need(c, "P6", name);
      const at = ix.with(role.tokenAxis, constant(c.store.indices, token));
      return raw(c, { kind: "leaf", leaf: { of: "input", name, dtype } }, [], at);
    }
    case "position": {
      const token = role.tokenAxis === undefined ? 0 : tokenOf(ix[role.tokenAxis]!, name);
      need(c, "P2");
      const { offset = 0 } = role;
      need(c, "P10", offset === 0 ? name : `${name} ${offset < 0 ? "+" : "−"} ${Math.abs(offset)}`);
      if (sizeOf(x.type.shape) > tokensIn(x.type.shape, role.tokenAxis))
        need(c, "P10", `every entry of ${name} for a token`);
      if (dtype !== "int32" || offset > 0) c.record.rowAxes.add(integerRange(dtype)[1] + 1 - offset);
      return indexTerm(c, shift(c.store.indices, tokenRow(c, token + first), offset));
    }
    case "write_mask": {
      const [place, token] = entryOf(c, name, role, first, ix);
      if (decides(c, c.rules.padding, c.column)) return num(c, 0);
      need(c, "P1");
      need(c, "P10", name);
      const own = decides(c, c.rules.oneHot, place, token);
      if (!own || c.column === "one") return num(c, Number(own));
      need(c, "P11");
      return raw(c, { kind: "leaf", leaf: { of: "column", token, dtype: "bool" } }, []);
    }
    case "mask":
      return readMaskInput(c, x, role, first, ix);
  }
}

/** How many positions an input has, where it has one a token. */
const tokensIn = (shape: Shape, tokenAxis: number | undefined): number =>
  tokenAxis === undefined ? 1 : shape[tokenAxis]!;

/** The element of a state before the first token. */
export function readState(c: Context, name: string, ix: readonly Ix[], { dtype, shape }: TensorType): Term {
  countsPlaces(c, ix, shape);
  return raw(c, { kind: "leaf", leaf: { of: "state", name, dtype } }, [], ix);
}

/** The element of a weight, by its place among the stored elements. */
export function readWeight(c: Context, { base, offset }: WeightPlace, type: TensorType, ix: readonly Ix[]): Term {
  const flat = shift(c.store.indices, flatten(c, ix, type.shape), offset);
  return raw(c, { kind: "leaf", leaf: { of: "weight", base, dtype: type.dtype } }, [], [flat]);
}

/** Rows of a stored matrix are consecutive elements. Columns and transposes count as weights of their own. */
export function weightPlace(source: WeightSource, type: TensorType): WeightPlace {
  if (source.from === "package") return { base: `sha256:${source.sha256}`, offset: 0 };
  // What begins with a zero character is a list as JSON, so that no tensor's name can spell a part of another.
  const spelled = (...parts: readonly unknown[]) => `\0${JSON.stringify(parts)}`;
  const { tensor, joined, rows, columns, transform, scaled, quantised } = source;
  // Joined tensors are a weight of its own, and so are those with a factor, codes and scales; no graph reads them otherwise.
  const whole = [joined ?? tensor, ...(scaled ? [scaled] : []), ...(quantised ? [quantised] : [])];
  // Tables are those of the rows that are read, from the first of these on.
  const isTabled = quantised !== undefined && "rows" in quantised;
  if (columns || transform || isTabled) return { base: spelled(...whole, rows, columns, transform), offset: 0 };
  if (joined || scaled || quantised) return { base: spelled(...whole), offset: offsetOf(rows, type) };
  return { base: tensor.startsWith("\0") ? spelled(tensor) : tensor, offset: offsetOf(rows, type) };
}

const offsetOf = (rows: readonly [begin: number, end: number] | undefined, { shape }: TensorType): number =>
  rows ? rows[0] * (sizeOf(shape) / (rows[1] - rows[0])) : 0;

function flatten(c: Context, ix: readonly Ix[], shape: Shape): Ix {
  const s = c.store.indices;
  const strides = stridesOf(shape);
  return ix.reduce((sum, i, axis) => plus(s, sum, times(s, i, strides[axis]!)), constant(s, 0));
}

/** The element of a constant: a number where its place is known, an index where it counts, else a table entry. */
export function readConst(c: Context, data: ArrayLike<number>, type: TensorType, ix: readonly Ix[]): Term {
  const i = flatten(c, ix, type.shape);
  if (i.atoms.length === 0) return num(c, data[i.c]!);
  // What the constant would hold for more rows is not known.
  countsRows(c, i);
  const table = tableOf(data);
  if (table.uniform) return num(c, data[0]!);
  const band = readBand(c, data, type, ix);
  if (band) return band;
  const atRow = i.free.length === 0 || i.free.some((a) => a.kind === "rest");
  const counter = type.dtype === "int32" ? c.rules.counter.make(data) : undefined;
  if (counter) {
    fired(c, c.rules.counter);
    return indexTerm(c, count(c, i, counter, data.length));
  }
  if (!atRow && table.runs && asAtom(i)?.kind === "var") return casesAt(i, table.runs, "a constant");
  if (atRow && !i.atoms.some((a) => a.kind === "value")) need(c, "P2");
  return raw(c, { kind: "leaf", leaf: { of: "table", sha256: table.hash(), dtype: type.dtype } }, [], [i]);
}

interface Table {
  readonly uniform: boolean;
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
  const table: Table = {
    uniform: runs.length === 0,
    ...(runs.length < MOST_RUNS && data.length > 2 * runs.length ? { runs } : {}),
    hash: () => createHash("sha256").update(Float64Array.from(data)).digest("hex"),
  };
  tables.set(data as never, table);
  return table;
}

/** Its element at a place of the table, which has `length` of them: one that counts through has no remainders. */
function count(c: Context, i: Ix, { base, outer, inner, period }: Counter, length: number): Ix {
  const s = c.store.indices;
  if (period >= length) return shift(s, times(s, i, inner), base);
  const whole = times(s, div(s, i, period), outer);
  return shift(s, plus(s, whole, times(s, mod(s, i, period), inner)), base);
}
