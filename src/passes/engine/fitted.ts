/**
 * Tables of which the knots themselves are not on record. The recipe here reproduces the recorded worst errors of gelu and silu and most
 * of their zeros, not every knot: what is computed by it is told as a point within bounds, never as the engine's bits.
 * Source of the figures: 751K/Apple-Neural-Engine-Microarchitecture-Study-M6, data/06_numerics/f3_lut_m6.txt (M6, macOS 27).
 */
import { fp16Value } from "../../dsl/number.ts";
import { halfAway } from "./half-away.ts";
import type { Table } from "./tables.ts";

/** A table by least squares over every normal fp16 within ±`to`, each value of the same weight, knots rounded to fp16. */
export function fittedTable(f: (x: number) => number, to: number, pieces = 32): Table {
  const step = (2 * to) / pieces;
  const [main, beside, right] = [zeros(pieces + 1), zeros(pieces), zeros(pieces + 1)];
  for (const x of normals(to)) {
    const place = (x + to) / step;
    const k = Math.min(Math.floor(place), pieces - 1);
    const [a, b] = [1 - (place - k), place - k];
    main[k]! += a * a;
    main[k + 1]! += b * b;
    beside[k]! += a * b;
    right[k]! += a * f(x);
    right[k + 1]! += b * f(x);
  }
  return { from: -to, step, knots: solved(main, beside, right).map(halfAway) };
}

const zeros = (n: number): number[] => new Array<number>(n).fill(0);

function* normals(to: number): Generator<number> {
  for (let bits = 0x0400; bits < 0x7c00; bits++) {
    const x = fp16Value(bits);
    if (x > to) return;
    yield x;
    yield -x;
  }
}

/** Solves a symmetric system of three diagonals, by elimination from the first row on. */
function solved(main: readonly number[], beside: readonly number[], right: readonly number[]): number[] {
  const [pivots, values] = [[...main], [...right]];
  for (let k = 1; k < pivots.length; k++) {
    const factor = beside[k - 1]! / pivots[k - 1]!;
    pivots[k]! -= factor * beside[k - 1]!;
    values[k]! -= factor * values[k - 1]!;
  }
  for (let k = pivots.length - 1; k >= 0; k--) {
    const later = k + 1 < pivots.length ? beside[k]! * values[k + 1]! : 0;
    values[k] = (values[k]! - later) / pivots[k]!;
  }
  return values;
}
