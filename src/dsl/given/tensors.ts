/** Values of a graph, their names, shapes and types, as an author gives them. Mistakes are told at the author's line. */
import { GraphError } from "../error.ts";
import { siteOf } from "../site.ts";
import type { Tensor } from "../tensor.ts";
import { DTYPES, type DType, type Shape, show } from "../type.ts";
import { choiceGiven, nameGiven, type Refuse, shown } from "./values.ts";

/** A mistake in a graph, where the caller of `callee` stands; `name` is what that one calls it. */
export const refuseAt =
  (name: string, callee: (...args: never[]) => unknown): Refuse =>
  (says, mend) => {
    throw new GraphError(`${name}: ${says}`, siteOf(callee), [], mend);
  };

/** Whether a value is one of a graph. A graph that is given whole is looked at in depth (graphs.ts). */
export const isTensor = (x: unknown): x is Tensor => {
  const { type, def, site } = (x ?? {}) as Partial<Tensor>;
  return Array.isArray(type?.shape) && typeof def?.kind === "string" && typeof site?.frames === "function";
};

/** A value of a graph; with `type` of that element type and rank. */
export function tensorGiven(
  value: unknown,
  what: string,
  no: Refuse,
  { dtype, rank }: { readonly dtype?: DType; readonly rank?: number } = {},
): Tensor {
  if (!isTensor(value)) return no(`${what} must be a value of a graph, not ${shown(value)}`);
  if (dtype !== undefined && value.type.dtype !== dtype) no(`${what} must be ${dtype}, and is ${show(value.type)}`);
  if (rank !== undefined && value.type.shape.length !== rank)
    no(`${what} must have ${rank} axes, and is ${show(value.type)}`);
  return value;
}

/** Sizes of axes. */
export function shapeGiven(value: unknown, no: Refuse): Shape {
  if (!Array.isArray(value)) return no(`the shape must be an array of sizes, not ${shown(value)}`);
  const odd = value.findIndex((n) => !(Number.isSafeInteger(n) && n > 0));
  return odd < 0 ? value : no(`axis ${odd} of the shape must be a whole number from 1, not ${shown(value[odd])}`);
}

/** What every value with a name of its own begins with: its name, its shape and its element type. */
export function namedTypeGiven(name: unknown, shape: unknown, dtype: unknown, no: Refuse): void {
  nameGiven(name, "the name", no);
  shapeGiven(shape, no);
  choiceGiven(dtype, "the element type", DTYPES, no);
}
