/** The bounds of a row: flat ones, or, where the fixtures predict what the device's engine computes, wider by what they predict. */
import type { Evidence } from "../format/evidence.ts";
import type { FixtureManifest } from "../format/fixtures-shape.ts";
import type { MeasuredRow } from "../format/parity.ts";
import type { PredictedChip } from "../format/predicted-chips.ts";

/** The most that each figure of a row may be. */
export interface Bounds {
  readonly relativeL2: number;
  readonly oneMinusCosine: number;
  readonly worstOverRms: number;
}

/**
 * Bounds per token on hidden − x and on state rows: three to ten times the noise of fp16 partial sums in different
 * chunks, a tenth or less of what the mildest known fault does (tools/README.md, "Tolerances").
 */
export const FLAT: Bounds = { relativeL2: 1e-2, oneMinusCosine: 1e-4, worstOverRms: 5e-2 };

/**
 * How far bounds are widened at most. A device that is off by b shows a fault of f by f − b at least, which is above b where b is below f / 2:
 * half of the mildest known fault (relative L2 0.17), and half of its angle (1 − cos 1.5e-2, of which a quarter is below that of half the angle).
 */
const MOST: Bounds = { relativeL2: 0.17 / 2, oneMinusCosine: 1.5e-2 / 4, worstOverRms: Number.POSITIVE_INFINITY };

/**
 * Where the prediction p is `expected` from the fp64 answer x, a device d that keeps the flat bounds from p keeps these from x: differences and angles
 * obey the triangle's inequality, ‖d − x‖ ≤ ‖p − x‖ + ‖d − p‖. What is not on record of the device is the order of fp16 sums, which is what the flat bounds are for.
 */
export function widened(expected: Bounds): Bounds {
  const sum = summed(expected);
  if (!sum) return FLAT;
  const at = (name: keyof Bounds) => Math.max(FLAT[name], Math.min(sum[name], MOST[name]));
  return {
    relativeL2: at("relativeL2"),
    oneMinusCosine: at("oneMinusCosine"),
    worstOverRms: at("worstOverRms"),
  };
}

/** Whether a device that keeps the flat bounds from what is so far from fp64 keeps the bounds that are widened by it. */
export function isCovered(expected: Bounds): boolean {
  const sum = summed(expected);
  return sum !== undefined && FIGURES.every((name) => sum[name] <= MOST[name]);
}

const FIGURES = ["relativeL2", "oneMinusCosine", "worstOverRms"] as const;

/** The sides of the triangle; undefined where one is not finite. */
function summed({ relativeL2, oneMinusCosine, worstOverRms }: Bounds): Bounds | undefined {
  if (![relativeL2, oneMinusCosine, worstOverRms].every(Number.isFinite)) return undefined;
  const [a, b] = [Math.max(0, oneMinusCosine), FLAT.oneMinusCosine];
  return {
    relativeL2: relativeL2 + FLAT.relativeL2,
    oneMinusCosine: a + b - a * b + Math.sqrt(a * (2 - a) * b * (2 - b)),
    worstOverRms: worstOverRms + FLAT.worstOverRms,
  };
}

/** As the machine tells a chip's name. Of a Pro, Max or Ultra nothing was measured. */
export const chipName = (chip: PredictedChip): string => `Apple ${chip.toUpperCase()}`;

/** The chip whose prediction widens the bounds for this evidence; undefined where they are flat. */
export const predictedFor = ({ predicted }: FixtureManifest, { system }: Evidence): PredictedChip | undefined =>
  predicted && system.chip === chipName(predicted.chip) ? predicted.chip : undefined;

/** Whether the figures of a row keep the bounds. */
export function within({ figures }: Pick<MeasuredRow, "figures">, bounds: Bounds = FLAT): boolean {
  const keeps = (name: keyof Bounds) => {
    const x = figures[name];
    return typeof x === "number" && x >= 0 && x <= bounds[name];
  };
  return figures.finite && keeps("relativeL2") && keeps("oneMinusCosine") && keeps("worstOverRms");
}
