/** Small stacks of residual layers. */
import { named } from "../../../src/dsl/tensor.ts";
import { type Fault, type Feeds, op, type Value } from "./corpus/fault.ts";

/** From the rows before it to the rows after it, which bear its name. */
export type Layer = (h: Value, f: Feeds) => Value;

/** Equal to the last bit. */
export const exact =
  (name: string, scale = 2): Layer =>
  (h) =>
    named(name, op.add(h, op.mul(op.exp(h), scale)));
/** Equal over the reals alone. */
export const reals =
  (name: string): Layer =>
  (h, f) =>
    named(name, f.tokens === 1 ? op.add(op.add(h, h), op.exp(h)) : op.add(op.add(h, op.exp(h)), h));
/** Not equal. */
export const wrong =
  (name: string): Layer =>
  (h, f) =>
    named(name, op.add(h, op.mul(op.exp(h), f.tokens)));
/** One after the other over `x`. */
export const stack = (...layers: readonly Layer[]): Fault => ({
  make: (f) => op.tanh(layers.reduce((h, layer) => layer(h, f), f.x)),
});
