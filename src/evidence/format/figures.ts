/** The shape of the figures of a row against a reference, as an evidence.json has them (docs/evidence.md). */
import { either, type Of, oneOf, onlyFields, optional } from "../../files/json-shape.ts";

/** A ratio; JSON has no number for an infinite one. */
const FIGURE = either("number", oneOf("Infinity", "-Infinity", "NaN"));

/** The ratios are absent where the row is not finite. */
export const FIGURES = onlyFields({
  relativeL2: optional(FIGURE),
  oneMinusCosine: optional(FIGURE),
  worstOverRms: optional(FIGURE),
  finite: "boolean",
});

/** Those of one row. */
export type Figures = Of<typeof FIGURES>;
