/** What inputs reach, and what a sum that breaks its limit is made of. */
import { dot, largestOf, lengthOf, type Matrix, rowOf } from "./matrix.ts";

/** A gated feed-forward with the gain of its norm in the columns of gate and up. */
export interface Gated {
  readonly gate: Matrix;
  readonly up: Matrix;
  readonly down: Matrix;
}

/** A unit of the feed-forward, and its share of the bound of a row. */
export interface Unit {
  readonly unit: number;
  readonly share: number;
}

const CLIMBS = 40;

/**
 * What Σⱼ |wⱼ · silu(gⱼ) · uⱼ| of a row reaches on the ball of radius √d, climbing along the gradient of Σⱼ |wⱼgⱼuⱼ| until it is
 * `enough`. `acts` are bounds of the units, of which the climb begins at the heaviest.
 */
export function reachedBy({ gate, up, down }: Gated, row: number, acts: Float64Array, enough: number): number {
  const weights = rowOf(down, row);
  const first = largestOf(acts.map((act, unit) => act * Math.abs(weights[unit]!))).at;
  let x = onBall(sum(rowOf(gate, first), rowOf(up, first)), down.rows);
  let most = 0;
  for (let climb = 0; climb < CLIMBS && most < enough; climb++) {
    const next = new Float64Array(x.length);
    let reached = 0;
    for (let unit = 0; unit < gate.rows; unit++) {
      const [a, b, w] = [rowOf(gate, unit), rowOf(up, unit), Math.abs(weights[unit]!)];
      const [g, u] = [dot(a, x), dot(b, x)];
      reached += w * Math.abs((g / (1 + Math.exp(-g))) * u);
      const sign = Math.sign(g * u) * w;
      for (let k = 0; k < x.length; k++) next[k]! += sign * (u * a[k]! + g * b[k]!);
    }
    most = Math.max(most, reached);
    x = onBall(next, down.rows);
  }
  return most;
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
