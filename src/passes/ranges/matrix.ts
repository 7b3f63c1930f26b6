/** Matrices whose rows are bounded: plain numbers in row-major order. */
import type { Bound } from "./limits.ts";

/** rows × columns, row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array | Float64Array;
}

/** One row; a view. */
export const rowOf = ({ columns, data }: Matrix, row: number): Matrix["data"] =>
  data.subarray(row * columns, (row + 1) * columns);

/** Rows [begin, end) of a matrix; a view. */
export const rowsOf = ({ columns, data }: Matrix, begin: number, end: number): Matrix => ({
  rows: end - begin,
  columns,
  data: data.subarray(begin * columns, end * columns),
});

/** Each column times its factor, in fp32: of fp16 weights and gains exactly. `ROUNDING` of limits.ts has what it may lose of others. */
export function columnsTimes({ rows, columns, data }: Matrix, factors: ArrayLike<number>): Matrix {
  const scaled = new Float32Array(data.length);
  for (let row = 0, k = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, k++) scaled[k] = data[k]! * factors[column]!;
  return { rows, columns, data: scaled };
}

/** Σ xᵢ yᵢ in double precision. */
export function dot(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < x.length; k++) sum += x[k]! * y[k]!;
  return sum;
}

/** ‖x‖₂. */
export const lengthOf = (x: ArrayLike<number>): number => Math.sqrt(dot(x, x));

/** ‖·‖₂ of every row. */
export const rowLengths = (matrix: Matrix): Float64Array => rowDots(matrix, matrix).map(Math.sqrt);

/** The products of the rows of two matrices of one shape, each with its like. */
export function rowDots({ rows, columns, data }: Matrix, other: Matrix): Float64Array {
  const dots = new Float64Array(rows);
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0;
    for (const end = at + columns; at < end; at++) sum += data[at]! * other.data[at]!;
    dots[row] = sum;
  }
  return dots;
}

/** Every row's product with a vector. */
export function timesVector({ rows, columns, data }: Matrix, v: Float64Array): Float64Array {
  const products = new Float64Array(rows);
  for (let row = 0; row < rows; row++) products[row] = along(data, row * columns, v);
  return products;
}

/** Σ data[at + k] · v[k], in four sums, which the machine can work on at once. */
function along(data: Matrix["data"], at: number, v: Float64Array): number {
  let [s, t, u, w] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < v.length; k += 4) {
    s += data[at + k]! * v[k]!;
    t += data[at + k + 1]! * v[k + 1]!;
    u += data[at + k + 2]! * v[k + 2]!;
    w += data[at + k + 3]! * v[k + 3]!;
  }
  for (; k < v.length; k++) s += data[at + k]! * v[k]!;
  return s + t + (u + w);
}

/** The largest, and where; of nothing −∞ at −1. What is not a number is larger than any: nothing is known of it. */
export function largestOf(numbers: ArrayLike<number>): Bound {
  let [value, at] = [Number.NEGATIVE_INFINITY, -1];
  for (let k = 0; k < numbers.length; k++) {
    if (Number.isNaN(numbers[k])) return { value: Number.NaN, at: k };
    if (numbers[k]! > value) [value, at] = [numbers[k]!, k];
  }
  return { value, at };
}

/** The largest |x|, and where. */
export const largestMagnitude = (numbers: ArrayLike<number>): Bound => largestOf(Float64Array.from(numbers, Math.abs));

/** Σ |xᵢ| yᵢ. */
export function magnitudesDot(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < x.length; k++) sum += Math.abs(x[k]!) * y[k]!;
  return sum;
}

/** A bound times a factor. */
export const scaled = ({ value, at }: Bound, factor: number): Bound => ({ value: value * factor, at });

/** The largest of several bounds; one that is no number is. */
export const largestBound = (bounds: readonly Bound[]): Bound =>
  bounds.find(({ value }) => Number.isNaN(value)) ?? bounds.reduce((a, b) => (b.value > a.value ? b : a));
