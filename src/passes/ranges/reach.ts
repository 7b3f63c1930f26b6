/** What inputs reach, and what a sum that breaks its limit is made of. */
import { largestOf, lengthOf, type Matrix, rowOf, timesVector } from "./matrix.ts";

/** A gated feed-forward with the gain of its norm in the columns of gate and up. */
export interface Gated {
  readonly gate: Matrix;
  readonly up: Matrix;
  readonly down: Matrix;
  readonly biases: Readonly<Partial<Record<string, Matrix["data"]>>>;
  readonly activation: "silu" | "gelu" | "gelu_tanh";
}

/** A unit of the feed-forward, and its share of the bound of a row. */
export interface Unit {
  readonly unit: number;
  readonly share: number;
}

const CLIMBS = 40;
/** A climb that adds no more than this is over, but for the first ones, which may lead down. */
const SETTLED = 1.001;
const FEWEST = 8;

/**
 * What Σⱼ |wⱼ · act(gⱼ) · uⱼ| of a row reaches on the ball of radius √d, climbing along the gradient of Σⱼ |wⱼgⱼuⱼ| until it is
 * `enough`. `acts` are bounds of the units, of which the climb begins at the heaviest.
 */
export function reachedBy(
  { gate, up, down, biases, activation }: Gated,
  row: number,
  acts: Float64Array,
  enough: number,
): number {
  const weights = rowOf(down, row);
  const first = largestOf(acts.map((act, unit) => act * Math.abs(weights[unit]!))).at;
  let x = onBall(sum(rowOf(gate, first), rowOf(up, first)), down.rows);
  let most = 0;
  const activated = ACTIVATIONS[activation];
  for (let climb = 0; climb < CLIMBS && most < enough; climb++) {
    const next = new Float64Array(x.length);
    const [gates, ups] = [plus(timesVector(gate, x), biases.gate), plus(timesVector(up, x), biases.up)];
    let reached = 0;
    for (let unit = 0; unit < gate.rows; unit++) {
      const [g, u, w] = [gates[unit]!, ups[unit]!, Math.abs(weights[unit]!)];
      reached += w * Math.abs(activated(g) * u);
      const sign = Math.sign(g * u) * w;
      addTimes(next, rowOf(gate, unit), sign * u);
      addTimes(next, rowOf(up, unit), sign * g);
    }
    if (climb > FEWEST && reached < most * SETTLED) break;
    most = Math.max(most, reached);
    x = onBall(next, down.rows);
  }
  return most;
}

const plus = (x: Float64Array, bias: ArrayLike<number> | undefined): Float64Array =>
  bias ? x.map((y, k) => y + bias[k]!) : x;

const geluTanh = (x: number): number => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** The approximation by tanh is off by less than a thousandth where it matters: what is reached is told less that. */
const ACTIVATIONS = {
  silu: (x: number): number => x / (1 + Math.exp(-x)),
  gelu: (x: number): number => 0.999 * geluTanh(x),
  gelu_tanh: geluTanh,
};

function addTimes(to: Float64Array, row: ArrayLike<number>, factor: number): void {
  for (let k = 0; k < to.length; k++) to[k]! += factor * row[k]!;
}

const sum = (x: ArrayLike<number>, y: ArrayLike<number>): Float64Array => Float64Array.from(x, (a, k) => a + y[k]!);

function onBall(x: Float64Array, squares: number): Float64Array {
  const length = lengthOf(x);
  return length === 0 ? x : x.map((y) => (y * Math.sqrt(squares)) / length);
}

/** The units that the bound of a row is made of, largest first, until they are half of it. */
export function unitsOf(row: ArrayLike<number>, acts: Float64Array): readonly Unit[] {
  const shares = Float64Array.from(row, Math.abs).map((x, unit) => x * acts[unit]!);
  const all = shares.reduce((a, x) => a + x, 0);
  const order = [...shares.keys()].sort((a, b) => shares[b]! - shares[a]!);
  const found: Unit[] = [];
  let so = 0;
  for (const unit of order) {
    if (so >= all / 2 || found.length === MOST_UNITS) break;
    found.push({ unit, share: shares[unit]! / all });
    so += shares[unit]!;
  }
  return found;
}

const MOST_UNITS = 8;
