/**
 * Functions that the Neural Engine reads from a table of 33 fp16 knots with a straight line between two of them, and what it does
 * before and behind. Source: 751K/Apple-Neural-Engine-Microarchitecture-Study-M6, its notes on numerics:
 * the recorded worst errors and where they lie are reproduced by these recipes (test/passes/engine/tables.test.ts).
 */
import { erf } from "../interpret/reading.ts";
import { decoded, halfAway } from "./half-away.ts";

/** Knots of a function, the first at `from`, `step` apart. */
export interface Table {
  readonly from: number;
  readonly step: number;
  readonly knots: readonly number[];
}

/** The table of a function with its values rounded to fp16. */
export const tableOf = (f: (x: number) => number, from: number, step: number, pieces = 32): Table => ({
  from,
  step,
  knots: Array.from({ length: pieces + 1 }, (_, k) => halfAway(f(from + k * step))),
});

/** Between two knots: both the addend and the sum are rounded to fp16. x lies within the table. */
export function between({ from, step, knots }: Table, x: number): number {
  const place = (x - from) / step;
  const k = Math.min(Math.floor(place), knots.length - 2);
  const [left, right] = [knots[k]!, knots[k + 1]!];
  return halfAway(left + halfAway((place - k) * (right - left)));
}

/** Mantissa and exponent: x = mantissa · 2^exponent with the mantissa in [1/2, 1). */
function parts(x: number): readonly [mantissa: number, exponent: number] {
  let exponent = Math.ceil(Math.log2(x));
  if (x / 2 ** exponent >= 1) exponent++;
  if (x / 2 ** exponent < 0.5) exponent--;
  return [x / 2 ** exponent, exponent];
}

const TANH = tableOf(Math.tanh, 0, 1 / 8);
/** tanh: odd; jumps to ±1 at ±4. */
export function tanh(x: number): number {
  const v = decoded(x);
  return Math.sign(v) * (Math.abs(v) >= 4 ? 1 : between(TANH, Math.abs(v)));
}

/** What `sigmoid` reads between −8 and 8. */
export const SIGMOID = tableOf((x) => 1 / (1 + Math.exp(-x)), -8, 1 / 2);

const EXP = tableOf((x) => 2 ** x, 0, 1 / 32);
/** log2 e, as the engine multiplies by it. */
const LOG2_E = 1.4423828125;
/** eˣ = 2^n · 2^f of x·log2 e rounded to fp16. */
export function exp(x: number): number {
  const z = halfAway(decoded(x) * LOG2_E);
  if (!Number.isFinite(z)) return z > 0 ? z : 0;
  const n = Math.floor(z);
  return halfAway(2 ** n * between(EXP, z - n));
}

const LOG2 = tableOf(Math.log2, 1 / 2, 1 / 64);
/** ln 2, as the engine multiplies by it. */
const LN_2 = 0.693359375;
/**
 * ln (x + epsilon) for what is above 0. Of an infinity it seems to be 0: log (1 + exp x) was seen to collapse to 0 where the sum leaves
 * fp16 (apple/coremltools issues 2687, 2690).
 */
export function log(x: number, epsilon: number): number {
  const v = halfAway(decoded(x) + halfAway(epsilon));
  if (v === 0) return Number.NEGATIVE_INFINITY;
  if (!Number.isFinite(v)) return 0;
  const [mantissa, exponent] = parts(v);
  return halfAway(halfAway(between(LOG2, mantissa) + exponent) * LN_2);
}

const SQRT = tableOf(Math.sqrt, 1 / 2, 1 / 16, 24);
const RSQRT = tableOf((x) => 1 / Math.sqrt(x), 1 / 2, 1 / 16, 24);

/** x = m · 4^k with m in [1/2, 2). */
function quarters(x: number): readonly [m: number, k: number] {
  const [mantissa, exponent] = parts(x);
  const k = Math.floor(exponent / 2);
  return [mantissa * 2 ** (exponent - 2 * k), k];
}

/** √x for what is not below 0. */
export function sqrt(x: number): number {
  const v = decoded(x);
  if (v === 0) return 0;
  const [m, k] = quarters(v);
  return halfAway(2 ** k * between(SQRT, m));
}

/** 1/√(x + epsilon) for what is above 0. */
export function rsqrt(x: number, epsilon: number): number {
  const v = halfAway(decoded(x) + halfAway(epsilon));
  if (v === 0) return Number.POSITIVE_INFINITY;
  if (!Number.isFinite(v)) return 0;
  const [m, k] = quarters(v);
  return halfAway(2 ** -k * between(RSQRT, m));
}

const INVERSE = tableOf((x) => 1 / x, 1 / 2, 1 / 64);
/** 1/(x + epsilon). */
export function inverse(x: number, epsilon: number): number {
  const v = halfAway(decoded(x) + halfAway(epsilon));
  if (v === 0) return Number.POSITIVE_INFINITY;
  if (!Number.isFinite(v)) return 0 * Math.sign(v);
  const [mantissa, exponent] = parts(Math.abs(v));
  return Math.sign(v) * halfAway(2 ** -exponent * between(INVERSE, mantissa));
}

const ERF = tableOf(erf, 0, 1 / 16);
/** Where the straight line behind the last knot comes to 1, as far as zeros of the recorded errors tell. */
const ERF_ENDS = 2.4;
/** erf: odd. Behind its table the line is an estimate. */
export function erfPoint(x: number): number {
  const magnitude = Math.abs(x);
  const last = ERF.knots.at(-1)!;
  const ramp = Math.min(1, last + ((1 - last) * (magnitude - 2)) / (ERF_ENDS - 2));
  return Math.sign(x) * (magnitude <= 2 ? between(ERF, magnitude) : halfAway(ramp));
}

const QUARTER = tableOf(Math.sin, 0, Math.PI / 64);
/** sin of a finite number by a quarter of its wave; how a device comes to the quarter is not on record. */
export function sine(x: number): number {
  const turn = Math.abs(x) % (2 * Math.PI);
  const half = turn % Math.PI;
  const y = between(QUARTER, Math.min(half, Math.PI - half));
  return Math.sign(x) * (turn > Math.PI ? -1 : 1) * y;
}

/** cos by the same quarter. */
export const cosine = (x: number): number => sine(Math.PI / 2 - Math.abs(x));
