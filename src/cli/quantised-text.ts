/** What quantising cost, in lines: each form, and the matrices that lost most. */
import { formWord } from "../build/quantize.ts";
import { groupBy } from "../emit/group.ts";
import type { QuantisedWeight } from "../weights/quantise.ts";
import { bytes, table } from "./table.ts";

/** Matrices of a form that are named. */
const NAMED = 3;

/** Nothing is said of parts that stood already. */
export function quantisedText(weights: readonly QuantisedWeight[]): readonly string[] {
  return [...groupBy(weights, ({ how }) => how)].flatMap(([how, list]) => {
    const sorted = list.toSorted((a, b) => b.error - a.error);
    const size = list.reduce((sum, one) => sum + one.bytes, 0);
    const plain = list.reduce((sum, one) => sum + 2 * one.elements, 0);
    const rows = sorted.slice(0, NAMED).map(({ name, error, worstRow, row, bytes: own }) => {
      return [name, error.toExponential(1), `${worstRow.toExponential(1)} (row ${row})`, bytes(own)];
    });
    const what = how === "nearest" || how === "coremltools" ? `int8 (${how})` : formWord(how);
    const first = `${what}: ${list.length} matrices in ${bytes(size)} of ${bytes(plain)} in fp16; those off most, relative to their length:`;
    return [first, table(["matrix", "off by", "worst row", "size"], rows)];
  });
}
