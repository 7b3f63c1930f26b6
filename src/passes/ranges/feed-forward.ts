/** Bounds of a gated feed-forward on the ball that a norm leaves: of its units, and of the sums that the down projection makes of them. */
import { downBound } from "./down.ts";
import type { GramOf } from "./eigen.ts";
import type { LayerWeights } from "./layer.ts";
import { ACTIVATION, LIMITS, MARGIN, ROUNDING } from "./limits.ts";
import { columnsTimes, largestOf, magnitudesDot, rowDots, rowLengths, rowOf } from "./matrix.ts";
import { unitsOf } from "./reach.ts";

/** Bounds with `MARGIN` in them, and where the down projection breaks its limit, the units that the worst row is made of. */
export function feedForwardBounds(layer: LayerWeights, gramOf: GramOf) {
  const { mlpNorm, down, biases = {}, sizes } = layer;
  const [gate, up] = [columnsTimes(layer.gate, mlpNorm), columnsTimes(layer.up, mlpNorm)];
  const radius = ROUNDING * MARGIN * Math.sqrt(down.rows);
  const [gates, ups, angles] = [rowLengths(gate), rowLengths(up), rowDots(gate, up)];
  // On the ball |g·u| ≤ d/2 · (‖a‖‖b‖ + |a·b|), and an activation is no larger than its argument.
  const acts = gates.map((length, unit) => (down.rows / 2) * (length * ups[unit]! + Math.abs(angles[unit]!)));
  const added = (part: "gate" | "up" | "down", row: number): number => Math.abs(biases[part]?.[row] ?? 0);
  // What biases add to a product, and what the activation may be above its argument.
  const rests = gates.map((length, unit) => {
    const [a, b] = [added("gate", unit), added("up", unit)];
    return a * radius * ups[unit]! + b * radius * length + a * b + ACTIVATION * (radius * ups[unit]! + b);
  });
  const square = ROUNDING * MARGIN ** 2;
  const more = largestOf(
    Float64Array.from({ length: down.rows }, (_, row) => magnitudesDot(rowOf(down, row), rests) + added("down", row)),
  ).value;
  const enough = (LIMITS.accumulator - ROUNDING * more) / square;
  const activation = sizes.activation ?? "silu";
  const sums = downBound({ gate, up, down, gates, ups, acts, gramOf, enough, activation, biases });
  return {
    bounds: {
      gate: largestOf(gates.map((length, unit) => radius * length + added("gate", unit))),
      up: largestOf(ups.map((length, unit) => radius * length + added("up", unit))),
      // Two factors, each of which may be off.
      act: largestOf(acts.map((act, unit) => square * act + ROUNDING * rests[unit]!)),
      down: { ...sums.bound, value: square * sums.bound.value + ROUNDING * more },
    },
    units: sums.bound.value < enough ? [] : unitsOf(rowOf(down, sums.bound.at), acts),
    ...(sums.reached === undefined ? {} : { reached: sums.reached }),
  };
}
