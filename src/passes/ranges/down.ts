/** The largest sum that a down projection makes of the products of its units, on the ball that a norm leaves. */
import { type Form, type GramOf, largestEigenvalue } from "./eigen.ts";
import { type Bound, LIMITS } from "./limits.ts";
import { largestOf, type Matrix, magnitudesDot, rowOf, timesVector } from "./matrix.ts";
import { type Gated, reachedBy } from "./reach.ts";

interface FeedForward extends Gated {
  /** ‖·‖₂ of the rows of gate and up. */
  readonly gates: Float64Array;
  readonly ups: Float64Array;
  /** What each unit's product of gate and up is at most, biases aside. */
  readonly acts: Float64Array;
  readonly gramOf: GramOf;
  /** What of a sum is enough. */
  readonly enough: number;
}

interface Down {
  readonly bound: Bound;
  /** What an input reaches, where that is above the limit. */
  readonly reached?: number;
}

/**
 * The largest row of the down projection. Σⱼ wⱼ|gⱼuⱼ| ≤ Σⱼ wⱼ/2 · (sⱼgⱼ² + uⱼ²/sⱼ) is a quadratic form on the ball: one for the largest
 * weights of all rows; where that does not do, of fewer and fewer rows. Not where an input is found that breaks the limit.
 */
export function downBound(parts: FeedForward): Down {
  const { down, acts } = parts;
  const byUnit = Float64Array.from({ length: down.rows }, (_, row) => magnitudesDot(rowOf(down, row), acts));
  const order = [...byUnit.keys()].sort((a, b) => byUnit[b]! - byUnit[a]!);
  const worst = largestOf(byUnit);
  const all = formBound(parts, order, 1, evenDensity(parts));
  const whole = Math.min(worst.value, all.bound);
  const first = { bound: { value: whole, at: worst.at } };
  if (whole < parts.enough) return first;
  const reached = Math.max(
    ...order.slice(0, ATTACKED).map((row) => reachedBy(parts, row, acts, 2 * LIMITS.accumulator)),
  );
  if (reached > LIMITS.accumulator) return { ...first, reached };
  return { bound: { value: Math.min(whole, parted(parts, order, all)), at: worst.at } };
}

/** How many rows an input is looked for that breaks them. */
const ATTACKED = 2;
/** How often the factors s of a form are set anew for a row alone, and for several together, which is only worth it near the limit. */
const MOST_STEPS = 15;
const SOME_STEPS = 3;
const NEAR = 1.2;

/** A bound of some rows together, and the density of inputs that it came to. */
interface Together {
  readonly bound: number;
  readonly density: Density;
}

/** The largest bound of some rows, the worst first: of all together, or else of the worst and of the others. */
function parted(parts: FeedForward, rows: readonly number[], { bound, density }: Together): number {
  if (bound < parts.enough || rows.length === 1) return bound;
  const worst = Math.ceil(rows.length / 8);
  const of = (some: readonly number[]): number =>
    parted(parts, some, formBound(parts, some, some.length === 1 ? MOST_STEPS : SOME_STEPS, density));
  const first = of(rows.slice(0, worst));
  return first < parts.enough ? Math.max(first, of(rows.slice(worst))) : first;
}

/** A density of inputs: aPa and bPb of each unit, and how many vectors are in it. */
interface Density {
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly vectors: number;
}

/** Every direction alike. */
const evenDensity = ({ gate, up, gates, ups }: FeedForward): Density => ({
  a: gates.map((x) => x ** 2 / gate.columns),
  b: ups.map((x) => x ** 2 / up.columns),
  vectors: 0,
});

/**
 * d · λmax of the form with the largest weights of some rows. The least over all factors s is looked for by Frank and Wolfe's method on the dual,
 * which is a density of inputs: at a density P the best sⱼ² is bⱼPbⱼ / aⱼPaⱼ, and where the form is largest the density grows. Every step is a
 * bound; the density that it came to is a good start for fewer rows.
 */
function formBound(parts: FeedForward, rows: readonly number[], steps: number, start: Density): Together {
  const weights = largestWeights(parts.down, rows);
  let density = start;
  let bound = Number.POSITIVE_INFINITY;
  for (let step = 0; step < steps && !(bound < parts.enough); step++) {
    const largest = largestEigenvalue(formOf(parts, weights, factorsOf(density)), parts.gramOf);
    const own = parts.down.rows * largest.bound;
    bound = Math.min(bound, own);
    density = moved(density, parts, largest.v);
    if (rows.length > 1 && own > NEAR * parts.enough) break;
  }
  return { bound, density };
}

function largestWeights({ columns, data }: Matrix, rows: readonly number[]): Float64Array {
  const most = new Float64Array(columns);
  for (const row of rows)
    for (let unit = 0; unit < columns; unit++)
      most[unit] = Math.max(most[unit]!, Math.abs(data[row * columns + unit]!));
  return most;
}

const factorsOf = ({ a, b }: Density): Float64Array =>
  a.map((x, unit) => (x > 0 && b[unit]! > 0 ? Math.sqrt(b[unit]! / x) : 1));

/** The density with a vector more in it. */
function moved({ a, b, vectors }: Density, { gate, up }: FeedForward, v: Float64Array): Density {
  const share = 2 / (vectors + 3);
  const mixed = (old: Float64Array, matrix: Matrix): Float64Array => {
    const along = timesVector(matrix, v);
    return old.map((x, unit) => (1 - share) * x + share * along[unit]! ** 2);
  };
  return { a: mixed(a, gate), b: mixed(b, up), vectors: vectors + 1 };
}

/** Σⱼ wⱼ/2 · (sⱼ aⱼ⊗aⱼ + bⱼ⊗bⱼ/sⱼ). */
function formOf({ gate, up, gramOf }: FeedForward, weights: Float64Array, s: Float64Array): Form {
  const write = (row: number, to: Float32Array): void => {
    const [unit, isUp] = [row >> 1, row % 2 === 1];
    const factor = Math.sqrt((weights[unit]! / 2) * (isUp ? 1 / s[unit]! : s[unit]!));
    const from = rowOf(isUp ? up : gate, unit);
    for (let k = 0; k < from.length; k++) to[k] = factor * from[k]!;
  };
  return gramOf(2 * gate.rows, gate.columns, write);
}
