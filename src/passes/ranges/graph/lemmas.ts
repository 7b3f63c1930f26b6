/** What bounds of a graph keep from one look at it to the next: matrices with a norm's gain in their columns, and what is known of their rows. */
import type { Tensor } from "../../../dsl/tensor.ts";
import { type GramOf, spectralBound } from "../eigen.ts";
import { ROUNDING } from "../limits.ts";
import type { Matrix } from "../matrix.ts";
import type { Place } from "./moves.ts";
import type { Numbers } from "./numbers.ts";
import type { Trace } from "./trace.ts";

/** A weight with a factor for each of its columns: rows ⟨wᵣ∘g, ·⟩. */
export interface Rows {
  /** The same for the same numbers. */
  readonly id: string;
  readonly data: Numbers;
  /** Elements of a row. */
  readonly n: number;
  readonly gain: Numbers;
}

/** Filled as bounds ask; a matrix is looked at once, however often its graph is. */
export interface Lemmas {
  readonly gramOf: GramOf;
  readonly gains: Numbers[];
  readonly weights: Numbers[];
  /** By what was asked and the ids of the matrices. */
  readonly found: Map<string, number | Float64Array>;
  /** Where the elements of values that are only moved come from. */
  readonly places: Map<Tensor, readonly Place[] | undefined>;
  readonly traces: Map<Tensor, Trace>;
}

/** Of nothing yet. */
export const emptyLemmas = (gramOf: GramOf): Lemmas => ({
  gramOf,
  ...{ gains: [], weights: [] },
  ...{ found: new Map(), places: new Map(), traces: new Map() },
});

const isSame = (a: Numbers, b: Numbers): boolean => a === b || (a.length === b.length && a.every((x, k) => x === b[k]));

function numberIn(list: Numbers[], own: Numbers, same: (a: Numbers, b: Numbers) => boolean): number {
  const at = list.findIndex((one) => same(one, own));
  return at < 0 ? list.push(own) - 1 : at;
}

/** A weight and the factors of its columns. */
export const rowsFor = ({ gains, weights }: Lemmas, data: Numbers, gain: Numbers): Rows => ({
  id: `${numberIn(weights, data, (a, b) => a === b)}/${numberIn(gains, gain, isSame)}`,
  data,
  n: gain.length,
  gain,
});

/** What was found before, or what is found now. */
export function once<T extends number | Float64Array>({ found }: Lemmas, key: string, find: () => T): T {
  const own = found.get(key) as T | undefined;
  if (own !== undefined) return own;
  const made = find();
  found.set(key, made);
  return made;
}

/** ‖wᵣ∘g‖₂ of every row. */
export const lengthsOfRows = (lemmas: Lemmas, rows: Rows): Float64Array =>
  once(lemmas, `lengths ${rows.id}`, () => {
    const { data, n, gain } = rows;
    const found = new Float64Array(data.length / n);
    for (let row = 0, at = 0; row < found.length; row++) {
      let sum = 0;
      for (let k = 0; k < n; k++, at++) sum += (data[at]! * gain[k]!) ** 2;
      found[row] = Math.sqrt(sum) * ROUNDING;
    }
    return found;
  });

/** ‖wᵣ‖₁ of every row of a weight. */
export const sumsOfRows = (lemmas: Lemmas, { id, data, n }: Rows): Float64Array =>
  once(lemmas, `sums ${id}`, () => {
    const found = new Float64Array(data.length / n);
    for (let row = 0, at = 0; row < found.length; row++)
      for (let k = 0; k < n; k++, at++) found[row]! += Math.abs(data[at]!);
    return found.map((sum) => sum * ROUNDING);
  });

/** Some rows as a matrix of their own. */
export function matrixOf({ data, n, gain }: Rows, picked: ArrayLike<number>): Matrix {
  const own = new Float32Array(picked.length * n);
  for (let row = 0, to = 0; row < picked.length; row++)
    for (let k = 0, at = picked[row]! * n; k < n; k++, at++, to++) own[to] = data[at]! * gain[k]!;
  return { rows: picked.length, columns: n, data: own };
}

/** σmax of some rows; the order of rows does not matter. */
export const sigmaOf = (lemmas: Lemmas, rows: Rows, picked: readonly number[]): number => {
  const sorted = [...picked].sort((a, b) => a - b);
  return once(
    lemmas,
    `sigma ${rows.id} ${sorted.join()}`,
    () => ROUNDING * spectralBound(matrixOf(rows, sorted), lemmas.gramOf),
  );
};
