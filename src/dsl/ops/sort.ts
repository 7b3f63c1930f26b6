/** Rows in order: the largest or smallest elements, and where they are. */
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, NUMBERS, type Shape } from "../type.ts";

/** Options of topk; the largest one along the last axis when none are given. */
export interface TopkOptions {
  /** How many; −1 for all. */
  readonly k?: number;
  readonly axis?: number;
  readonly ascending?: boolean;
  readonly sort?: boolean;
  readonly return_indices?: boolean;
  readonly output_indices_dtype?: "int32" | "uint16";
}
/** Call of topk: the elements, then their places unless return_indices is false. */
export type Topk = <D extends DType>(
  x: Tensor<Shape, D>,
  options?: TopkOptions,
) => readonly [Tensor<Shape, D>, Tensor<Shape, "int32" | "uint16">];
/** Call of argsort; falling, along the last axis when nothing is said. */
export type Argsort = <S extends Shape>(
  x: Tensor<S>,
  options?: { axis?: number; ascending?: boolean },
) => Tensor<S, "int32">;

const ORDER = "NaN last; places of equal elements rise (MIL leaves open which)";

/** The k largest or smallest elements along an axis, and their places. */
export const topk = op<Topk>("topk")({
  doc: [
    "y₀ = the k largest elements of x along `axis`, the smallest where ascending, k = −1 for all; y₁ = their places, where return_indices.",
    `In order, ${ORDER}; with sort false no order is promised, and this one is taken`,
  ].join(" "),
  operands: { x: { dtypes: [...NUMBERS, "int16", "uint16", "int8", "uint8"] } },
  attrs: {
    k: attr("int32", 1),
    axis: attr("axis", -1),
    ascending: attr("bool", false),
    sort: attr("bool", true),
    return_indices: attr("bool", true),
    // A file may not name it where there are no places.
    output_indices_dtype: attr("string", "int32", {
      oneOf: ["int32", "uint16"],
      unsaid: (_, { return_indices }) => return_indices === false,
    }),
  },
  rounds: false,
  traits: ["jumps", "ranks"],
  shorthand: (given, { x }) => (given.k === -1 ? { ...given, k: x.shape.at((given.axis ?? -1) as number) } : given),
  parts: (_, { return_indices }) => (return_indices ? 2 : 1),
  infer({ x }, { k, axis, output_indices_dtype, return_indices }, part) {
    const size = x.shape[axis]!;
    if (k < 1 || k > size) return `k is ${k}; axis ${axis} has ${size} elements`;
    if (!return_indices && output_indices_dtype !== "int32") return "output_indices_dtype needs return_indices";
    if (output_indices_dtype === "uint16" && size > 2 ** 16)
      return `axis ${axis} of size ${size} has places that are no uint16`;
    return { dtype: part === 0 ? x.dtype : (output_indices_dtype as DType), shape: x.shape.with(axis, k) };
  },
  element: (m, { x }, { k, axis, ascending, sort }, { part }) => {
    const own = `topk of ${k}${sort ? "" : " without order"}`;
    // Which elements are the largest is no choice, and neither is their order.
    const name = sort && part === 0 ? "sorted" : own;
    const how = { op: name, descending: !ascending, gives: part === 0 ? "element" : "place" } as const;
    return (ix) => m.sorted(how, x.shape[axis]!, ix[axis]!, (i) => x.at(...ix.with(axis, i)));
  },
});

/** The places of the elements along an axis, in their order. */
export const argsort = op<Argsort>("argsort")({
  doc: `y[…, j, …] = the place of the j-th largest element of x along \`axis\`, of the j-th smallest where ascending; ${ORDER}`,
  operands: { x: { dtypes: NUMBERS } },
  attrs: { axis: attr("axis", -1), ascending: attr("bool", false) },
  rounds: false,
  traits: ["jumps", "ranks", "floors", "caps"],
  infer: ({ x }) => ({ dtype: "int32", shape: x.shape }),
  element: (m, { x }, { axis, ascending }) => {
    const how = { op: "argsort", descending: !ascending, gives: "place" } as const;
    return (ix) => m.sorted(how, x.shape[axis]!, ix[axis]!, (i) => x.at(...ix.with(axis, i)));
  },
});
