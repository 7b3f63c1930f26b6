/** Bounds of the largest eigenvalue of a symmetric positive matrix, from above, so that they hold whatever is rounded on the way. */
import { dot, lengthOf, type Matrix, timesVector } from "./matrix.ts";

/** A symmetric matrix of order n, and what a computed entry may be off by, against the sum of its diagonal. */
export interface Form {
  readonly n: number;
  readonly data: Float32Array;
  readonly error: number;
}

/** Σ over rows of row ⊗ row; the writer fills one row after the other. */
export type GramOf = (rows: number, columns: number, write: (row: number, to: Float32Array) => void) => Form;

/** A number that no eigenvalue is above, and a vector of length 1 that the form is large on. */
export interface Largest {
  readonly bound: number;
  readonly v: Float64Array;
}

/** The bound is this near what the vector reaches, or else the most squarings were tried. */
const NEAR = 1.005;
const MOST_SQUARINGS = 5;
/** From here on a form's own squares tell enough; before that a vector is not worth its steps. */
const FIRST = 2;
const ITERATIONS = 4;
/** Power iteration ends where a step adds no more than this. */
const SETTLED = 1e-5;
/** Of sums in double precision, of as many terms as a form has entries, against the largest of them. */
const ROUNDING = 1e-9;
/** What fp32 loses below its least number, of squares of forms whose trace is about 1; and a trace that is next to nothing. */
const TINY = 1e-30;
const LEAST = 1e-20;

/**
 * λmax of G is the 2ᵐ-th root of that of G squared m times, whose gaps are wider. There a unit vector v parts H into λ = v·Hv, the rest r = Hv − λv
 * and a block that no eigenvalue of is above μ = √(‖H‖² − λ² − 2r²), so that none of H is above the larger one of [[λ, r], [r, μ]] (Frobenius' norm is
 * kept by turning). A vector that is no good makes the bound worse, never wrong.
 */
export function largestEigenvalue(form: Form, gramOf: GramOf): Largest {
  const even: Float64Array = new Float64Array(form.n).fill(1 / Math.sqrt(form.n));
  const trace = traceOf(form);
  // Of what is not finite nothing is known; of what is next to nothing fp32 has no numbers.
  if (!(trace >= LEAST && Number.isFinite(trace))) return { bound: trace + LEAST, v: even };
  let power: Power = { form, scale: scaleOf(trace), off: form.error * trace };
  const powers = [power];
  let v: Float64Array = even;
  for (let squarings = 1; ; squarings++) {
    const square = squared(power, gramOf);
    const sum = traceOf(square);
    if (!(sum > 0 && Number.isFinite(sum))) return { bound: trace * (1 + form.error + ROUNDING), v: even };
    power = { form: square, scale: scaleOf(sum), off: square.error * (1 + 2 * square.error) * sum };
    powers.push(power);
    if (squarings < FIRST) continue;
    v = iterated(square, squarings === FIRST ? largestColumn(square) : v);
    const bound = unsquared(boundOn(square, v), powers);
    if (squarings === MOST_SQUARINGS || bound <= NEAR * quotient(form, v)) return { bound, v };
  }
}

/** A power of a form as computed. */
interface Power {
  readonly form: Form;
  /** A power of two that brings its trace below 1, so that its square is within fp32. */
  readonly scale: number;
  /** What its largest eigenvalue may be below that of the exact square of the power before. */
  readonly off: number;
}

const scaleOf = (trace: number): number => 2 ** -Math.ceil(Math.log2(trace));

/** The square of a power times its scale. */
function squared({ form: { n, data }, scale }: Power, gramOf: GramOf): Form {
  return gramOf(n, n, (row, to) => {
    for (let k = 0, at = row * n; k < n; k++, at++) to[k] = scale * data[at]!;
  });
}

/** Σ of the diagonal: the sum of the eigenvalues, none of which is negative. */
export function traceOf({ n, data }: Form): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += data[i * n + i]!;
  return sum;
}

/** v·Gv for a vector of length 1: no eigenvalue bound is below it. */
export const quotient = (form: Form, v: Float64Array): number => dot(v, times(form, v));

/** From a bound of the last power to one of the form that was squared. */
const unsquared = (last: number, powers: readonly Power[]): number =>
  powers.reduceRight((most, { off }, k) => {
    const own = most + off + TINY;
    return k === 0 ? own : Math.sqrt(own) / powers[k - 1]!.scale;
  }, last);

const rowIn = ({ n, data }: Form, row: number): Float32Array => data.subarray(row * n, (row + 1) * n);

function boundOn(form: Form, v: Float64Array): number {
  const squares = dot(form.data, form.data);
  const w = times(form, v);
  const value = dot(v, w);
  const rest = lengthOf(w.map((x, k) => x - value * v[k]!));
  const others = Math.sqrt(Math.max(0, squares - value ** 2 - 2 * rest ** 2) + ROUNDING * squares);
  const both = (value + others) / 2 + Math.hypot((value - others) / 2, rest);
  return Math.min(both, Math.sqrt(squares)) + ROUNDING * Math.sqrt(squares);
}

/** The column of the largest element of the diagonal: a step of power iteration from where the form is largest. */
function largestColumn(form: Form): Float64Array {
  let at = 0;
  for (let i = 1; i < form.n; i++) if (form.data[i * form.n + i]! > form.data[at * form.n + at]!) at = i;
  return unit(Float64Array.from(rowIn(form, at)));
}

function iterated(form: Form, start: Float64Array): Float64Array {
  let v = start;
  for (let [k, last] = [0, 0]; k < ITERATIONS; k++) {
    const w = times(form, v);
    const length = lengthOf(w);
    if (length === 0) return v;
    v = unit(w);
    if (length < last * (1 + SETTLED)) return v;
    last = length;
  }
  return v;
}

function unit(x: Float64Array): Float64Array {
  const length = lengthOf(x);
  return length === 0 ? x.fill(1 / Math.sqrt(x.length)) : x.map((y) => y / length);
}

const times = ({ n, data }: Form, v: Float64Array): Float64Array => timesVector({ rows: n, columns: n, data }, v);

/** σmax of a matrix of few rows, from above. */
export function spectralBound(matrix: Matrix, gramOf: GramOf): number {
  const { rows, columns, data } = matrix;
  const form = gramOf(columns, rows, (column, to) => {
    for (let row = 0; row < rows; row++) to[row] = data[row * columns + column]!;
  });
  return Math.sqrt(Math.max(0, largestEigenvalue(form, gramOf).bound));
}
