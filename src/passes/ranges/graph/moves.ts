/** Ops that only move elements: what is known of each goes with it, and of a row with whatever part of it stays in one row. */
import { meaningOf } from "../../../dsl/meaning.ts";
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import type { TensorType } from "../../../dsl/type.ts";
import { arrayOf, tabulate } from "../../interpret/array.ts";
import { readOf } from "../../interpret/evaluate.ts";
import { numericReading } from "../../interpret/reading.ts";
import { madeAt } from "./made.ts";
import { evenly, type Lengths, magnitudes, type Region, stridesAlong } from "./region.ts";

/** The operands whose elements an op moves. */
export const movingOf = (def: OpDef, { dtype }: TensorType): readonly Tensor[] =>
  operandsOf(def).filter((x) => x.type.dtype === dtype);

/** Where the elements of an op with the trait `moves` come from; undefined where that is not known. */
export function sourcesOf(def: OpDef, type: TensorType): readonly Place[] | undefined {
  const operands = operandsOf(def);
  const data = movingOf(def, type);
  const told = operands.every((x) => data.includes(x) || x.def.kind === "const");
  return told ? placesOf(def, type, operands, data) : undefined;
}

/** The result of an op with the trait `moves`, whose elements come from `places`. */
export function moved(
  def: OpDef,
  type: TensorType,
  places: readonly Place[] | undefined,
  regionOf: (x: Tensor) => Region,
): Region {
  const data = movingOf(def, type);
  if (!places) return anyOf(type, data.map(regionOf));
  const regions = data.map(regionOf);
  const take = (pick: (region: Region) => Region["low"]): Float64Array => {
    const all = regions.map(pick);
    return Float64Array.from(places, ([operand, at]) => all[operand]![at]!);
  };
  const lengths = type.shape.flatMap((_, axis) => lengthsOf(type, axis, places, regions));
  const made = madeOf(places, regions);
  return { shape: type.shape, low: take(({ low }) => low), high: take(({ high }) => high), lengths, ...made };
}

/** What all elements are made of, where they come from one operand. */
function madeOf(places: readonly Place[], regions: readonly Region[]): Pick<Region, "made"> {
  const from = places[0]?.[0];
  const made = from === undefined ? undefined : regions[from]!.made;
  if (!made || places.some(([operand]) => operand !== from)) return {};
  return {
    made: madeAt(
      made,
      Int32Array.from(places, ([, at]) => at),
    ),
  };
}

/** Where a place is not known: any of the elements. */
function anyOf(type: TensorType, regions: readonly Region[]): Region {
  const of = (pick: (region: Region) => Region["low"], best: (a: number, b: number) => number, first: number): number =>
    regions.reduce((all, region) => Float64Array.from(pick(region)).reduce((a, b) => best(a, b), all), first);
  return evenly(
    type.shape,
    of(({ low }) => low, Math.min, 0),
    of(({ high }) => high, Math.max, 0),
  );
}

/** An element of one of the operands that are moved. */
export type Place = readonly [operand: number, at: number];

/** Which element of which operand each element of the result is: the op is run on the numbers of elements, where no other number comes out. */
function placesOf(
  def: OpDef,
  type: TensorType,
  operands: readonly Tensor[],
  moving: readonly Tensor[],
): readonly Place[] | undefined {
  const begins: number[] = [];
  let count = 0;
  for (const { type: own } of moving) {
    begins.push(count);
    count += own.shape.reduce((all, n) => all * n, 1);
  }
  const numbers = new Map(
    operands.map((x) => {
      const n = moving.indexOf(x);
      if (n < 0 && x.def.kind === "const") return [x, arrayOf(x.type.dtype, x.type.shape, x.def.data)];
      const size = x.type.shape.reduce((all, k) => all * k, 1);
      return [
        x,
        arrayOf(
          "fp32",
          x.type.shape,
          Float64Array.from({ length: size }, (_, k) => begins[n]! + k + 1),
        ),
      ];
    }),
  );
  // An operand that is given twice has one number: either place is right.
  const m = numericReading("fp64", false);
  const made = { ...type, dtype: "fp32" } as const;
  const { data } = tabulate(
    made,
    meaningOf(m, def, made, (x) => readOf(numbers.get(x)!)),
  );
  const found: Place[] = [];
  for (const number of data) {
    // What is none of them, as the zeros of padding, is not known by its place.
    if (!(number >= 1 && number <= count && Number.isInteger(number))) return undefined;
    let operand = begins.length - 1;
    while (begins[operand]! > number - 1) operand--;
    found.push([operand, number - 1 - begins[operand]!]);
  }
  return found;
}

/** Of each row of the result along an axis, where all of its elements are different ones of one row that has a length. */
function lengthsOf(
  { shape }: TensorType,
  axis: number,
  places: readonly Place[],
  regions: readonly Region[],
): readonly Lengths[] {
  const { outer, n, inner } = stridesAlong(shape, axis);
  const kinds = regions.flatMap(({ lengths }) => lengths);
  return ([1, 2] as const).flatMap((p) => {
    if (!kinds.some((one) => one.p === p)) return [];
    const most = new Float64Array(outer * inner).fill(Number.POSITIVE_INFINITY);
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        const row = Array.from({ length: n }, (_, k) => places[(o * n + k) * inner + i]!);
        most[o * inner + i] = lengthOfRow(row, p, regions);
      }
    return most.some(Number.isFinite) ? [{ p, axis, most }] : [];
  });
}

/** A row that parts of several operands make up is as long as they are together. */
function lengthOfRow(row: readonly Place[], p: 1 | 2, regions: readonly Region[]): number {
  const seen = new Set<string>();
  const pieces = new Map<number, number[]>();
  for (const [operand, at] of row) {
    if (seen.has(`${operand} ${at}`)) return Number.POSITIVE_INFINITY;
    seen.add(`${operand} ${at}`);
    pieces.set(operand, [...(pieces.get(operand) ?? []), at]);
  }
  let sum = 0;
  for (const [operand, elements] of pieces) sum += pieceLength(regions[operand]!, p, elements) ** p;
  return sum ** (1 / p) * (1 + 2 ** -40);
}

function pieceLength(region: Region, p: 1 | 2, elements: readonly number[]): number {
  let best = Number.POSITIVE_INFINITY;
  for (const { p: own, axis, most } of region.lengths) {
    if (own !== p) continue;
    const { n, inner } = stridesAlong(region.shape, axis);
    const rowOf = (at: number): number => Math.floor(at / (n * inner)) * inner + (at % inner);
    const first = rowOf(elements[0]!);
    if (elements.every((at) => rowOf(at) === first)) best = Math.min(best, most[first]!);
  }
  if (best < Number.POSITIVE_INFINITY) return best;
  const sizes = magnitudes(region);
  return elements.reduce((sum, at) => sum + sizes[at]! ** p, 0) ** (1 / p);
}
