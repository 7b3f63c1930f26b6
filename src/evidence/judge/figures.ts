/** What figures of a row against a reference must keep between them, whatever the numbers were: arithmetic holds for a device as well. */
import type { Figures } from "../format/figures.ts";
import type { MeasuredRow } from "../format/parity.ts";

/** In double precision a sum of n products is off by no more than n roundings of 2^-53 relative to the sum of their sizes. */
const ROUNDING = 2 ** -52;

/**
 * The first contradiction in the figures of one row of `size` elements: with e = ‖a−b‖ / ‖b‖ and w = max|aᵢ−bᵢ| / (‖b‖ / √n), e ≤ w ≤ √n · e;
 * and where e ≤ 1 the angle's sine is at most e, so that 1 − cos ≤ e².
 */
export function figuresProblem(
  { relativeL2: e, worstOverRms: w, oneMinusCosine: c }: Figures,
  size: number,
): string | undefined {
  if (typeof e !== "number" || typeof w !== "number" || typeof c !== "number") return undefined;
  const slack = 1 + size * ROUNDING;
  if (e > w * slack) return `relative L2 ${e} is above worst/rms ${w}`;
  if (w > Math.sqrt(size) * e * slack) return `worst/rms ${w} is above √${size} times relative L2 ${e}`;
  if (e <= 1 && c > e * e * slack + size * ROUNDING) return `1-cos ${c} is above the square of relative L2 ${e}`;
  return undefined;
}

/** All three comparisons of one row of one value. */
export interface RowTriple {
  readonly blockSteps?: MeasuredRow;
  readonly blockExact?: MeasuredRow;
  readonly stepsExact?: MeasuredRow;
}

/**
 * The first contradiction between them. With b the block's row, s the step's and x the fp64 answer, ‖b−s‖ ≤ ‖b−x‖ + ‖s−x‖ and so round, and the
 * three relative figures are of ‖s‖, ‖x‖ and ‖x‖, of which ‖x‖ (1 − e) ≤ ‖s‖ ≤ ‖x‖ (1 + e) with e that of s.
 */
export function tripleProblem({ blockSteps, blockExact, stepsExact }: RowTriple): string | undefined {
  if (blockSteps && blockSteps.equalBits !== (blockSteps.figures.relativeL2 === 0))
    return `block and step have ${blockSteps.equalBits ? "equal" : "other"} bits, and relative L2 ${blockSteps.figures.relativeL2}`;
  const [bs, bx, sx] = [blockSteps, blockExact, stepsExact].map((row) => row?.figures.relativeL2);
  if (typeof bs !== "number" || typeof bx !== "number" || typeof sx !== "number" || sx >= 1) return undefined;
  // Norms of differences are as exact as their terms; what is left of a difference of equal numbers is not looked at.
  const above = (x: number, y: number) => x > y * (1 + 2 ** -20) + 2 ** -40;
  const apart = bs * (1 + sx);
  if (above(bs * (1 - sx), bx + sx))
    return `block and step are further apart (${bs}) than both are from fp64 (${bx}, ${sx})`;
  if (above(bx, sx + apart) || above(sx, bx + apart))
    return `block and step (${bs}) are too near each other for figures against fp64 of ${bx} and ${sx}`;
  return undefined;
}

/** Rows of equal bits have equal figures against one and the same row. */
export function twinProblem({ blockSteps, blockExact, stepsExact }: RowTriple): string | undefined {
  if (!blockSteps?.equalBits || !blockExact || !stepsExact) return undefined;
  const other = RATIOS.find((name) => blockExact.figures[name] !== stepsExact.figures[name]);
  return (
    other &&
    `block and step have equal bits, and ${other} of ${blockExact.figures[other]} and ${stepsExact.figures[other]}`
  );
}

const RATIOS = ["relativeL2", "oneMinusCosine", "worstOverRms"] as const;
