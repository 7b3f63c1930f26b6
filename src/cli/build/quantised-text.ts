/** Quantising in lines: what it cost, by form and by layer, and what is on record about it on the engine. */
import type { LayerError } from "../../build/layer-errors.ts";
import { formsOf, formWord, type Quantize } from "../../build/quantize.ts";
import { groupBy } from "../../emit/group.ts";
import { bytes } from "../../files/bytes.ts";
import { type Chip, knownOf } from "../../passes/lint/quantised-forms.ts";
import type { QuantisedWeight } from "../../weights/quantise/quantise.ts";
import { table } from "../terminal/table.ts";

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

/** The layer whose output is off most. */
export function layersText(errors: readonly LayerError[]): string {
  const worst = errors.toSorted((a, b) => b.output - a.output)[0]!;
  const mean = errors.reduce((sum, { output }) => sum + output, 0) / errors.length;
  return `layers: outputs off by ${mean.toExponential(1)} of their length in the mean, layer ${worst.layer} by ${worst.output.toExponential(1)} (${worst.added.toExponential(1)} of what it adds)`;
}

/** What is on record about the forms of a build on a chip; undefined where none is asked for. */
export const engineRecord = (quantize: Quantize, chip: string | undefined) =>
  chip === undefined
    ? undefined
    : formsOf(quantize).map((form) => {
        const { onRecord, seen } = knownOf(form, chip as Chip);
        return { form: formWord(form), chip, onRecord, seen: seen.map(({ says, source }) => ({ says, source })) };
      });

/** The same in lines. */
export const engineText = (quantize: Quantize, chip: string | undefined): readonly string[] =>
  (engineRecord(quantize, chip) ?? []).flatMap(({ form, onRecord, seen }) => [
    `${form} on ${chip}'s engine: ${onRecord ? "on record" : "NOT IN THE RECORD"}`,
    ...seen.map(({ says, source }) => `  ${says} [${source}]`),
  ]);
