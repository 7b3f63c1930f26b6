/** How long rows are, from all that is known of where their elements come from: by the matrix that made them, turned by RoPE or not. */
import type { Tensor } from "../../../dsl/tensor.ts";
import { type Lemmas, sigmaOf } from "./lemmas.ts";
import { LEAST, magnitudes, RELATIVE, type Region, stridesAlong } from "./region.ts";
import type { Trace } from "./trace.ts";
import { pairsOf, type Source, type Turn, turnsOf } from "./turned.ts";

/** What rows are looked up in. */
export interface LengthReading {
  readonly lemmas: Lemmas;
  regionOf(x: Tensor): Region;
  trace(x: Tensor): Trace;
  readonly tables: ReadonlyMap<Tensor, Tensor>;
}

/** A form of more rows than that is no better than the lengths of its rows. */
const MOST_ROWS = 1024;
/** Two products and their sum are rounded, and the tables were. */
const TURNED = (1 + RELATIVE) ** 5;

/** By row along an axis. */
export function lengthsOfValue(x: Tensor, axis: number, reading: LengthReading): Float64Array {
  const { outer, n, inner } = stridesAlong(x.type.shape, axis);
  const trace = reading.trace(x);
  const turns = new Map(trace.roots.map((root) => [root, turnsOf(root, reading)]));
  const stretch = stretchOf([...turns.values()], reading);
  return Float64Array.from({ length: outer * inner }, (_, row) => {
    const first = Math.floor(row / inner) * n * inner + (row % inner);
    const places = Array.from({ length: n }, (_, k) => first + k * inner);
    const length = lengthOfRow(places, { trace, turns, stretch, reading });
    return Number.isNaN(length) ? Number.POSITIVE_INFINITY : length;
  });
}

interface Rows {
  readonly trace: Trace;
  readonly turns: ReadonlyMap<Tensor, readonly (Turn | undefined)[] | undefined>;
  /** By how much a turn may lengthen a pair. */
  readonly stretch: number;
  readonly reading: LengthReading;
}

function lengthOfRow(row: readonly number[], { trace, turns, stretch, reading }: Rows): number {
  const turned: Turn[] = [];
  const plain: Source[] = [];
  let factor = 0;
  for (const at of row) {
    const [root, place] = [trace.roots[trace.root[at]!]!, trace.at[at]!];
    const turn = turns.get(root)?.[place];
    factor = Math.max(factor, Math.abs(trace.factor[at]!));
    if (turn) turned.push(turn);
    else plain.push({ root, at: place, sign: 1 });
  }
  const pairs = pairsOf(turned);
  if (!pairs) return Number.POSITIVE_INFINITY;
  const whole = lengthOfElements([...pairs, ...plain], reading) * (turned.length > 0 ? stretch : 1);
  const relative = (1 + RELATIVE) ** (trace.roundings + 1);
  const least = LEAST * (trace.roundings + 8) * Math.sqrt(row.length) * trace.enlarged;
  return whole * factor * relative + least * Math.max(1, factor);
}

/** √(cos² + sin²) is no more than the largest bound of the tables, as it is told that they are RoPE's. */
function stretchOf(turns: readonly (readonly (Turn | undefined)[] | undefined)[], reading: LengthReading): number {
  const used = new Set(turns.flatMap((own) => own ?? []).flatMap((turn) => (turn ? [turn.table] : [])));
  let most = 1;
  for (const table of used)
    for (const one of [table, reading.tables.get(table)!])
      for (const size of magnitudes(reading.regionOf(one))) most = Math.max(most, size);
  return most * TURNED;
}

/** Of elements of several values, each of which is there once. */
function lengthOfElements(elements: readonly Source[], reading: LengthReading): number {
  const byRoot = new Map<Tensor, number[]>();
  for (const { root, at } of elements) {
    const own = byRoot.get(root);
    if (own) own.push(at);
    else byRoot.set(root, [at]);
  }
  let sum = 0;
  for (const [root, places] of byRoot) {
    if (new Set(places).size !== places.length) return Number.POSITIVE_INFINITY;
    sum += lengthOfPlaces(reading.regionOf(root), places, reading.lemmas) ** 2;
  }
  return Math.sqrt(sum) * (1 + 2 ** -40);
}

/** The least of what elements make, of a row that has them all, and of the rows of a matrix that they are products with. */
function lengthOfPlaces(region: Region, places: readonly number[], lemmas: Lemmas): number {
  let best = Math.sqrt(sizesOf(region, places).reduce((all, x) => all + x * x, 0));
  for (const { p, axis, most } of region.lengths) {
    if (p !== 2) continue;
    const { n, inner } = stridesAlong(region.shape, axis);
    const rowOf = (at: number): number => Math.floor(at / (n * inner)) * inner + (at % inner);
    const first = rowOf(places[0]!);
    if (places.every((at) => rowOf(at) === first)) best = Math.min(best, most[first]!);
  }
  const own = projectedLength(region, places, lemmas);
  return own < best ? own : best;
}

const sizesOf = ({ low, high }: Region, places: readonly number[]): readonly number[] =>
  places.map((at) => Math.max(Math.abs(low[at]!), Math.abs(high[at]!)));

/** factor · r · σ of the rows, and what is added to each. */
function projectedLength({ made }: Region, places: readonly number[], lemmas: Lemmas): number {
  if (made?.kind !== "projected" || places.length > MOST_ROWS) return Number.POSITIVE_INFINITY;
  const column = made.column[places[0]!]!;
  const rows = places.map((at) => made.row[at]!);
  if (places.some((at) => made.column[at] !== column) || new Set(rows).size !== rows.length)
    return Number.POSITIVE_INFINITY;
  const rest = Math.sqrt(places.reduce((all, at) => all + made.rest[at]! ** 2, 0));
  const radius = made.radius[column]!;
  return Number.isFinite(radius)
    ? made.factor * radius * sigmaOf(lemmas, made.rows, rows) + rest
    : Number.POSITIVE_INFINITY;
}
