/** Products of two rows with one vector of a ball, bounded together: single ones, and what a matrix sums up of them. */
import { downBound } from "../down.ts";
import { LIMITS, ROUNDING } from "../limits.ts";
import { rowDots, rowLengths } from "../matrix.ts";
import { type Lemmas, lengthsOfRows, matrixOf, once } from "./lemmas.ts";
import type { Joint } from "./made.ts";
import type { Layout } from "./making.ts";
import type { Numbers } from "./numbers.ts";
import type { Region } from "./region.ts";

/** What an element is at most: f·r²/2·(‖a‖‖b‖ + |a·b|) + rest, for on a ball of radius r |⟨a,u⟩⟨b,u⟩| is no larger than that without f and rest. */
export function jointly(region: Region, lemmas: Lemmas): Region {
  const { made } = region;
  if (made?.kind !== "joint") return region;
  const most = halvesOf(made, lemmas).map(
    (half, at) => ROUNDING * (made.factor * made.radius[made.column[at]!]! ** 2 * half + made.rest[at]!),
  );
  const lower = (a: number, b: number): number => (b < a ? b : a);
  return {
    ...region,
    low: Float64Array.from(region.low, (x, at) => -lower(-x, most[at]!)),
    high: Float64Array.from(region.high, (x, at) => lower(x, most[at]!)),
  };
}

/** (‖a‖‖b‖ + |a·b|)/2 of every element. */
function halvesOf({ first, second, row, other }: Joint, lemmas: Lemmas): Float64Array {
  const [a, b] = [lengthsOfRows(lemmas, first), lengthsOfRows(lemmas, second)];
  return once(lemmas, `halves ${first.id} ${second.id} ${row.join()} ${other.join()}`, () =>
    Float64Array.from(row, (r, at) => {
      const q = other[at]!;
      let sum = 0;
      for (let k = 0, i = r * first.n, j = q * second.n; k < first.n; k++, i++, j++)
        sum += first.data[i]! * first.gain[k]! * second.data[j]! * second.gain[k]!;
      return (ROUNDING * (a[r]! * b[q]! + Math.abs(sum))) / 2;
    }),
  );
}

/** By column of the operand what Σ |w·x| of any row of a weight is at most, `rests` aside: one quadratic form for all of them. */
export function summedJointly(x: Joint, weight: Numbers, layout: Layout, lemmas: Lemmas): Float64Array {
  const { columns, n, outputs, from } = layout;
  const rests = restsOf(x, weight, layout);
  return Float64Array.from({ length: columns }, (_, c) => {
    const own = x.column[from(c, 0)]!;
    const places = Array.from({ length: n }, (_, k) => from(c, k));
    if (places.some((at) => x.column[at] !== own)) return Number.POSITIVE_INFINITY;
    const square = x.factor * x.radius[own]! ** 2 * ROUNDING;
    const most = rests.subarray(c * outputs, (c + 1) * outputs).reduce((all, rest) => Math.max(all, rest), 0);
    const enough = (LIMITS.accumulator - most) / square;
    if (!(enough > 0)) return Number.POSITIVE_INFINITY;
    return square * onUnitBall({ x, weight, outputs, places, enough }, lemmas) + most;
  });
}

interface Column {
  readonly x: Joint;
  readonly weight: Numbers;
  readonly outputs: number;
  readonly places: readonly number[];
  readonly enough: number;
}

function onUnitBall({ x, weight, outputs, places, enough }: Column, lemmas: Lemmas): number {
  const [rows, others] = [places.map((at) => x.row[at]!), places.map((at) => x.other[at]!)];
  const id = numberOf(lemmas, weight);
  return once(lemmas, `down ${x.first.id} ${x.second.id} ${id} ${rows.join()} ${others.join()}`, () => {
    const [gate, up] = [matrixOf(x.first, rows), matrixOf(x.second, others)];
    const [gates, ups, angles] = [rowLengths(gate), rowLengths(up), rowDots(gate, up)];
    const down = { rows: outputs, columns: places.length, data: weight };
    // `downBound` is of a ball whose squared radius is the number of rows.
    const acts = gates.map((length, unit) => (outputs / 2) * (length * ups[unit]! + Math.abs(angles[unit]!)));
    const { bound } = downBound({
      ...{ gate, up, down, gates, ups, acts, biases: {}, activation: "silu" },
      ...{ gramOf: lemmas.gramOf, enough: enough * outputs },
    });
    return (ROUNDING * bound.value) / outputs;
  });
}

const numberOf = ({ weights }: Lemmas, weight: Numbers): number => {
  const at = weights.indexOf(weight);
  return at < 0 ? weights.push(weight) - 1 : at;
};

/** Σ |wᵣₖ| · restₖ of every column and row. */
function restsOf({ rest }: Joint, weight: Numbers, { columns, n, outputs, from }: Layout): Float64Array {
  const found = new Float64Array(columns * outputs);
  for (let c = 0, at = 0; c < columns; c++) {
    const own = Float64Array.from({ length: n }, (_, k) => rest[from(c, k)]!);
    for (let r = 0; r < outputs; r++, at++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += Math.abs(weight[r * n + k]!) * own[k]!;
      found[at] = sum;
    }
  }
  return found;
}
