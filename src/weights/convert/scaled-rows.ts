/** Conversion of a chunk of which some rows have a factor (`RowScale`) and others have none. */
import type { RowScale } from "../../dsl/weight-source.ts";
import type { Converter, Losses } from "./convert.ts";
import { areaOf, type Rectangle, widthOf } from "./rectangle.ts";
import type { Slab } from "./slab.ts";

/** Converts a rectangle that lies row by row in a slab. */
export type RectangleConverter = (slab: Slab, area: Rectangle, losses: Losses) => void;

/** All rows by the one converter. */
export const wholeConverter =
  (plain: Converter): RectangleConverter =>
  (slab, area, losses) =>
    plain(slab, 0, areaOf(area), losses);

/** Rows that have the factor by `times`, the others by `plain`, in runs. */
export const runsConverter =
  (scaled: RowScale, plain: Converter, times: Converter): RectangleConverter =>
  (slab, { rows, columns }, losses) => {
    const width = widthOf(columns);
    for (let row = rows[0]; row < rows[1]; ) {
      const end = Math.min(endOfRun(scaled, row), rows[1]);
      const convert = isScaled(scaled, row) ? times : plain;
      convert(slab, (row - rows[0]) * width, (end - rows[0]) * width, losses);
      row = end;
    }
  };

/** Whether a row of the stored matrix has the factor. */
export const isScaled = ({ period, count, below }: RowScale, row: number): boolean =>
  row < below && row % period < count;

/** The first row behind `row` that may be of the other kind. */
function endOfRun(scaled: RowScale, row: number): number {
  if (row >= scaled.below) return Number.POSITIVE_INFINITY;
  const begin = row - (row % scaled.period);
  const edge = isScaled(scaled, row) ? begin + scaled.count : begin + scaled.period;
  return Math.min(edge, scaled.below);
}
