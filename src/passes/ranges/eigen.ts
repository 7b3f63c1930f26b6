/** Bounds of the largest eigenvalue of a symmetric positive matrix, from above, so that they hold whatever is rounded on the way. */
import { dot, lengthOf, type Matrix, rowOf } from "./matrix.ts";

/** A symmetric matrix of order n, and what a computed entry may be off by, against the sum of its diagonal. */
export interface Form {
  readonly n: number;
  readonly data: Float32Array | Float64Array;
  readonly error: number;
}

/** Σ of the diagonal: the sum of the eigenvalues, none of which is negative. */
export function traceOf({ n, data }: Form): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += data[i * n + i]!;
  return sum;
}

/** The bound is looked for in steps of this ratio above what power iteration found. */
const STEP = 1.01;
const ITERATIONS = 60;
/** Power iteration ends where a step adds no more than this. */
const SETTLED = 1e-4;
/** Of Cholesky's method in double precision, against the trace. */
const ROUNDING = 1e-10;

/**
 * A number that no eigenvalue is above: power iteration guesses it, and the Cholesky factor of bound·I − G, which exists where
 * the bound holds, proves it. Rounding is paid for by a share of the trace (Higham, Accuracy and Stability of Numerical
 * Algorithms, theorem 10.3). `v` is a vector that the form is large on, where one is known.
 */
export function eigenvalueBound(form: Form, v: Float64Array = largestVector(form)): number {
  const trace = traceOf(form);
  // Of what is not finite no factor tells anything.
  if (!(trace > 0 && Number.isFinite(trace))) return trace;
  let bound = STEP * quotient(form, v);
  while (!isPositive(form, bound)) bound *= STEP;
  return bound + (form.error + ROUNDING) * trace;
}

/** v·Gv for a vector of length 1: no eigenvalue bound is below it. */
export const quotient = (form: Form, v: Float64Array): number => dot(v, times(form, v));

/** A vector of length 1 after some steps of power iteration. */
export function largestVector(form: Form): Float64Array {
  let v = new Float64Array(form.n).fill(1 / Math.sqrt(form.n));
  for (let [k, last] = [0, 0]; k < ITERATIONS; k++) {
    const w = times(form, v);
    const length = lengthOf(w);
    if (length === 0) return v;
    v = w.map((x) => x / length);
    if (length < last * (1 + SETTLED)) return v;
    last = length;
  }
  return v;
}

function times({ n, data }: Form, v: Float64Array): Float64Array {
  const w = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const x = v[i]!;
    for (let j = 0, at = i * n; j < n; j++, at++) w[j]! += x * data[at]!;
  }
  return w;
}

/** Whether Cholesky's method comes to its end on bound·I − G. */
function isPositive({ n, data }: Form, bound: number): boolean {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) l[i * n + j] = (-data[i * n + j]! - product(l, i * n, j * n, j)) / l[j * n + j]!;
    const rest = bound - data[i * n + i]! - product(l, i * n, i * n, i);
    if (!(rest > 0)) return false;
    l[i * n + i] = Math.sqrt(rest);
  }
  return true;
}

/** Σ l[a + k] · l[b + k], in four sums, which the machine can work on at once. */
function product(l: Float64Array, a: number, b: number, count: number): number {
  let [s, t, u, v] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < count; k += 4) {
    s += l[a + k]! * l[b + k]!;
    t += l[a + k + 1]! * l[b + k + 1]!;
    u += l[a + k + 2]! * l[b + k + 2]!;
    v += l[a + k + 3]! * l[b + k + 3]!;
  }
  for (; k < count; k++) s += l[a + k]! * l[b + k]!;
  return s + t + (u + v);
}

/** σmax of a matrix of few rows, from above. */
export function spectralBound(matrix: Matrix): number {
  const n = matrix.rows;
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = i; j < n; j++) {
      const x = dot(rowOf(matrix, i), rowOf(matrix, j));
      data[i * n + j] = x;
      data[j * n + i] = x;
    }
  return Math.sqrt(Math.max(0, eigenvalueBound({ n, data, error: matrix.columns * 2 ** -52 })));
}
