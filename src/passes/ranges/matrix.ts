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

/** Each column times its factor. */
export function columnsTimes({ rows, columns, data }: Matrix, factors: ArrayLike<number>): Matrix {
  const scaled = new Float64Array(data.length);
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
export const rowLengths = (matrix: Matrix): Float64Array =>
  Float64Array.from({ length: matrix.rows }, (_, row) => lengthOf(rowOf(matrix, row)));

/** The largest, and where; of nothing −∞ at −1. What is not a number is larger than any: nothing is known of it. */
export function largestOf(numbers: ArrayLike<number>): Bound {
  let [value, at] = [Number.NEGATIVE_INFINITY, -1];
  for (let k = 0; k < numbers.length; k++) {
    if (Number.isNaN(numbers[k])) return { value: Number.NaN, at: k };
    if (numbers[k]! > value) [value, at] = [numbers[k]!, k];
  }
  return { value, at };
}

/** Σ |xᵢ| yᵢ. */
export function magnitudesDot(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < x.length; k++) sum += Math.abs(x[k]!) * y[k]!;
  return sum;
}

/** A bound times a factor. */
export const scaled = ({ value, at }: Bound, factor: number): Bound => ({ value: value * factor, at });
