/**
 * The numeric readings of an op's meaning. `fp16` is the reference: inside an op every step is rounded to fp32 (the
 * product of two fp16 is exact there), and the op's result once to its dtype. `fp64` is the yardstick: no rounding
 * between the inputs and the outputs. Integers are exact in both.
 */
import type { Algebra } from "../../dsl/algebra.ts";
import { roundTo } from "../../dsl/number.ts";
import { type DType, isFloat, type Shape } from "../../dsl/type.ts";
import { stridesOf } from "./array.ts";
import { placesInOrder } from "./order.ts";
import { integerPower, power } from "./power.ts";

/** A reading in doubles; indices are numbers too. */
export type Numeric = Algebra<number, number>;
/** `fp16` rounds as the ops declare, `fp64` never between inputs and outputs. */
export type Precision = "fp16" | "fp64";

/** Number of partial sums that a reduction keeps; see `laneSum`. */
const LANES = 8;

/**
 * Σ term(k) in the documented order, which depends on n alone: lane k mod 8 adds its terms in rising k, starting
 * from 0; then lanes j and j+4 are added for j = 0..3, and those four as (l₀ + l₁) + (l₂ + l₃).
 */
export function laneSum(n: number, term: (k: number) => number, round: (x: number) => number): number {
  const lanes = new Array<number>(LANES).fill(0);
  for (let k = 0; k < n; k++) lanes[k % LANES] = round(lanes[k % LANES]! + term(k));
  const [a, b, c, d] = [0, 1, 2, 3].map((j) => round(lanes[j]! + lanes[j + 4]!)) as [number, number, number, number];
  return round(round(a + b) + round(c + d));
}

/** The reading for an op whose operands are integers or floats. */
export const numericReading = (precision: Precision, integers: boolean): Numeric =>
  READINGS[precision][integers ? "integers" : "floats"];

function readingOf(precision: Precision, integers: boolean): Numeric {
  const step = precision === "fp16" && !integers ? Math.fround : (x: number) => x;
  return {
    ...indexArithmetic,
    num: step,
    add: (a, b) => step(a + b),
    sub: (a, b) => step(a - b),
    mul: integers ? multiplyExactly : (a, b) => step(a * b),
    div: (a, b) => step(a / b),
    maximum: Math.max,
    minimum: Math.min,
    pow: integers ? integerPower : (a, b) => step(power(a, b)),
    unary: (f, a) => step(UNARY[f](a)),
    compare: (how, a, b) => Number(how === "less" ? a < b : how === "equal" ? a === b : a <= b),
    select: (cond, yes, no) => (cond !== 0 ? yes() : no()),
    round: (dtype, a) => (precision === "fp64" && isFloat(dtype) ? a : roundTo(dtype as DType, a)),
    sum: (n, term) => laneSum(n, term, step),
    max: (n, term) => fold(n, term, Math.max),
    min: (n, term) => fold(n, term, Math.min),
    ...inOrder,
  };
}

const inOrder: Pick<Numeric, "sorted" | "ownOrder"> = {
  sorted({ gives, descending }, n, at, element) {
    const elements = Array.from({ length: n }, (_, k) => element(k));
    const place = placesInOrder(elements, descending)[at]!;
    return gives === "place" ? place : elements[place]!;
  },
  ownOrder: (_op, _at, value) => value,
};

/** Functions of one number, as doubles have them. */
export const UNARY = {
  exp: Math.exp,
  exp2: (x: number) => 2 ** x,
  log: Math.log,
  sqrt: Math.sqrt,
  rsqrt: (x: number) => 1 / Math.sqrt(x),
  erf,
  abs: Math.abs,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  atanh: Math.atanh,
} as const;

/** Products beyond int32 are wrapped at once, as the result would be, so that sums of them stay exact in a double. */
export function multiplyExactly(a: number, b: number): number {
  const product = a * b;
  return Math.abs(product) < 2 ** 31 ? product : Math.imul(a, b);
}

/** Indices as numbers, for any reading in numbers. */
export const indexArithmetic = {
  index: (n: number) => n,
  plus: (i: number, j: number) => i + j,
  times: (i: number, n: number) => i * n,
  reindex(ix: readonly number[], from: Shape, to: Shape): readonly number[] {
    const strides = stridesOf(from);
    const flat = ix.reduce((sum, i, axis) => sum + i * strides[axis]!, 0);
    return stridesOf(to).map((stride, axis) => Math.floor(flat / stride) % to[axis]!);
  },
  piece(i: number, sizes: readonly number[], pick: (n: number, rest: number) => number): number {
    let rest = i;
    for (const [n, size] of sizes.entries()) {
      if (rest < size) return pick(n, rest);
      rest -= size;
    }
    throw new Error(`index ${i} is outside pieces ${sizes.join("+")}`);
  },
  within(
    i: number,
    begin: number,
    size: number,
    stride: number,
    inside: (rest: number) => number,
    outside: () => number,
  ) {
    const rest = (i - begin) / stride;
    return Number.isInteger(rest) && rest >= 0 && rest < size ? inside(rest) : outside();
  },
  indexOf: checkIndex,
  scalar: (i: number) => i,
} as const;

const readings = (precision: Precision) => ({
  integers: readingOf(precision, true),
  floats: readingOf(precision, false),
});
/** An op makes none of its own: a graph may be run thousands of times. */
const READINGS = { fp16: readings("fp16"), fp64: readings("fp64") } as const;

/** A run-time index that is outside its axis. Whoever runs the op says which op it is (`atOp` in evaluate.ts). */
export class IndexError extends RangeError {
  readonly mend?: string;

  constructor(position: number, size: number) {
    super(`position ${position} is outside an axis of size ${size}`);
    if (position < 0)
      this.mend = "a run-time position is not counted from the end: add the size of the axis to it in the graph";
  }
}

/** @throws IndexError */
export function checkIndex(s: number, size: number): number {
  if (!(s >= 0 && s < size)) throw new IndexError(s, size);
  return s;
}

function fold(n: number, term: (k: number) => number, pick: (a: number, b: number) => number): number {
  let best = term(0);
  for (let k = 1; k < n; k++) best = pick(best, term(k));
  return best;
}

/**
 * The error function to double precision: its Maclaurin series below 3, the continued fraction of erfc above
 * (Abramowitz & Stegun 7.1.5 and 7.1.14).
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (a >= 6) return Math.sign(x);
  const value = a < 3 ? erfSeries(a) : 1 - erfcFraction(a);
  return x < 0 ? -value : value;
}

function erfSeries(a: number): number {
  let [term, sum] = [a, a];
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum) && n < 200; n++) {
    term *= -(a * a) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function erfcFraction(a: number): number {
  let tail = 0;
  for (let n = 60; n >= 1; n--) tail = n / 2 / (a + tail);
  return Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + tail);
}
