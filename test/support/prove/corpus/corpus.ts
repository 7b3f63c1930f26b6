/** All small faults, by kind. */
import { ATTRIBUTE } from "./attribute.ts";
import { COMPARISON } from "./comparison.ts";
import { DTYPE } from "./dtype.ts";
import type { Fault, Faults } from "./fault.ts";
import { FUNCTION } from "./function.ts";
import { INDEX } from "./index.ts";
import { MASKED } from "./masked.ts";
import { OFFSET } from "./offset.ts";
import { ORDER } from "./order.ts";
import { ROW } from "./row.ts";
import { SEGMENT } from "./segment.ts";
import { SIGN } from "./sign.ts";
import { STATE } from "./state.ts";
import { TABLE } from "./table.ts";
import { WEIGHT } from "./weight.ts";

/** By kind. */
export const CORPUS: Readonly<Record<string, Faults>> = {
  index: INDEX,
  row: ROW,
  table: TABLE,
  attribute: ATTRIBUTE,
  dtype: DTYPE,
  sign: SIGN,
  order: ORDER,
  offset: OFFSET,
  comparison: COMPARISON,
  function: FUNCTION,
  segment: SEGMENT,
  masked: MASKED,
  state: STATE,
  weight: WEIGHT,
};

/** Every fault with its kind and name. */
export const FAULTS: readonly (readonly [kind: string, name: string, fault: Fault])[] = Object.entries(CORPUS).flatMap(
  ([kind, faults]) => Object.entries(faults).map(([name, fault]) => [kind, name, fault] as const),
);
