/** Slices whose bounds are computed: where their ends are so many elements behind their beginnings, their sizes are known. */
import { makeOp } from "../../../dsl/op.ts";
import type { Given } from "../../../dsl/op-spec.ts";
import { opTable } from "../../../dsl/ops/index.ts";
import { nowhere } from "../../../dsl/site.ts";
import { constantOf, type Tensor } from "../../../dsl/tensor.ts";
import { elementIn, type Known } from "./known-sums.ts";

/** What an axis of a slice takes: what the numbers of the file say, or `size` elements from a computed position on. */
type AxisSlice =
  | { readonly kind: "fixed"; readonly begin: number; readonly end: number }
  | { readonly kind: "moving"; readonly size: number };

/**
 * A slice_by_index of computed bounds as a slice_by_size, and a slice of fixed bounds where axes are cut or dropped besides; undefined where
 * a size is not certain, or all are without this.
 */
export function sizedSlice(op: string, given: Given): Tensor | undefined {
  const { x, begin, end } = given as Readonly<Record<string, Tensor | undefined>>;
  if (op !== "slice_by_index" || !x || !begin || !end) return undefined;
  const { shape } = x.type;
  if (begin.def.kind === "const" && end.def.kind === "const") return undefined;
  if ([begin, end].some(({ type }) => type.shape.length !== 1 || type.shape[0] !== shape.length)) return undefined;
  const axes = shape.map((of, axis) => axisOf(of, axis, given, elementIn(begin, axis), elementIn(end, axis)));
  if (!axes.every((axis) => axis !== undefined)) return undefined;
  // What both masks name whole, and what is dropped, needs no size.
  const isOpen = axes.some(
    (_, n) =>
      shape[n]! > 1 && !flag(given, "squeeze_mask", n) && !(flag(given, "begin_mask", n) && flag(given, "end_mask", n)),
  );
  return isOpen ? sliced(x, begin, axes, given) : undefined;
}

const flag = (given: Given, mask: "begin_mask" | "end_mask" | "squeeze_mask", axis: number): boolean =>
  (given[mask] as readonly boolean[] | undefined)?.[axis] ?? false;

function axisOf(of: number, axis: number, given: Given, begin: Known, end: Known): AxisSlice | undefined {
  const [fromEdge, toEdge] = [flag(given, "begin_mask", axis), flag(given, "end_mask", axis)];
  const isSqueezed = flag(given, "squeeze_mask", axis);
  if (fromEdge || begin.base === undefined)
    return toEdge || isSqueezed || end.base === undefined
      ? { kind: "fixed", begin: begin.plus, end: end.plus }
      : undefined;
  if (isSqueezed) return { kind: "moving", size: 1 };
  const isStraight = ((given.stride as readonly number[] | undefined)?.[axis] ?? 1) === 1;
  if (toEdge || !isStraight || end.base !== begin.base || end.at !== begin.at) return undefined;
  const size = end.plus - begin.plus;
  return size > 0 && size <= of ? { kind: "moving", size } : undefined;
}

function sliced(x: Tensor, begin: Tensor, axes: readonly AxisSlice[], given: Given): Tensor {
  const { shape } = x.type;
  const starts = axes.map(({ kind }, n) =>
    kind === "moving" ? make("slice_by_index", { x: begin, begin: places(n), end: places(n + 1) }) : places(0),
  );
  const size = axes.map((axis, n) => (axis.kind === "moving" ? axis.size : shape[n]!));
  const moved = make("slice_by_size", { x, begin: make("concat", { values: starts, axis: 0 }), size });
  const isWhole = axes.every(({ kind }, n) => kind === "moving" && !flag(given, "squeeze_mask", n));
  return isWhole ? moved : fixed(moved, axes, given);
}

/** What is left to do with the axes of which the file says all, and with those that are dropped. */
function fixed(x: Tensor, axes: readonly AxisSlice[], given: Given): Tensor {
  const { shape } = x.type;
  const within = (mask: "begin_mask" | "end_mask") =>
    axes.map(({ kind }, n) => kind === "fixed" && flag(given, mask, n));
  const stride = axes.map(({ kind }, n) => (kind === "moving" ? 1 : ((given.stride as readonly number[])?.[n] ?? 1)));
  return make("slice_by_index", {
    x,
    begin: places(...axes.map((axis) => (axis.kind === "moving" ? 0 : axis.begin))),
    end: places(...axes.map((axis, n) => (axis.kind === "moving" ? shape[n]! : axis.end))),
    stride,
    begin_mask: within("begin_mask"),
    end_mask: within("end_mask"),
    squeeze_mask: axes.map((_, n) => flag(given, "squeeze_mask", n)),
  });
}

const make = (op: string, given: Given): Tensor => [makeOp(opTable.get(op)!, given, nowhere)].flat()[0]!;

const places = (...at: readonly number[]): Tensor => constantOf(at, { dtype: "int32", shape: [at.length] });
