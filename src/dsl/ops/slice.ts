/** Take a box of elements out of a tensor, or put one in. */
import type { Algebra, Index, Read, Scalar } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { OperandSpec } from "../op-spec.ts";
import type { SliceByIndex, SliceBySize } from "../shapes/signatures.ts";
import type { SliceOptions } from "../shapes/slice.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, type Shape, sameShape } from "../type.ts";
import { STANDARD } from "./cast.ts";
import { checkEnds, type Extent, extentsOf, sliceAttrs, startOf } from "./extent.ts";

/** A position per axis: numbers, or a run-time int32 tensor. */
type Position = readonly number[] | Tensor<Shape, "int32">;

/** Call of slice_update: the shape is that of x. */
export type SliceUpdate = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  update: Tensor<Shape, D>,
  begin: Position,
  end: Position,
  options?: SliceOptions,
) => Tensor<S, D>;

// int32 alone: MIL wants begin, end and stride to share a type, and stride is stored as int32.
const position = { dtypes: ["int32"] } as const satisfies OperandSpec;

/** x[begin : end : stride] per axis; negative bounds count from the end. */
export const slice_by_index = op<SliceByIndex>("slice_by_index")({
  doc: [
    "y = x[begin : end : stride] per axis as in numpy, negative begin and end counted from the end, an end beyond the axis its edge",
    "(x[3 : −size − 1 : −1] runs to the first element; coremltools 9.0 infers one element less there, and a file that declares that is refused);",
    "begin_mask and end_mask stand for the axis' own edge, squeeze_mask takes x[begin] and drops the axis",
  ].join(" "),
  operands: { x: { dtypes: STANDARD }, begin: position, end: position },
  attrs: sliceAttrs,
  rounds: false,
  traits: ["moves"],
  infer({ x, begin, end }, slice) {
    const extents = extentsOf(x.shape, begin, end, slice);
    if (typeof extents === "string") return extents;
    return { dtype: x.dtype, shape: extents.filter((e) => !e.squeezed).map((e) => e.size) };
  },
  element: (m, { x, begin, end }, slice) => {
    const extents = extentsOf(x.shape, begin, end, slice) as readonly Extent[];
    const starts = extents.map((extent, axis) => startOf(m, extent, begin, axis));
    return (ix) => {
      const kept = ix.values();
      const at = extents.map(({ squeezed, step }, axis) =>
        squeezed ? starts[axis]! : m.plus(starts[axis]!, m.times(kept.next().value as Index, step)),
      );
      return checkEnds(m, extents, begin, end, () => x.at(...at));
    };
  },
});

/** `size` elements from `begin` on, per axis; begin may be known only at run time, −1 reaches to the end. */
export const slice_by_size = op<SliceBySize>("slice_by_size")({
  doc: "y = the `size` elements of x from `begin` on, per axis; a size of −1 reaches to the end",
  operands: { x: { dtypes: STANDARD }, begin: position },
  attrs: { size: attr("int32[]") },
  rounds: false,
  traits: ["moves"],
  shorthand({ size, ...given }, { x, begin }) {
    if (!Array.isArray(size) || !size.includes(-1)) return { size, ...given };
    if (!begin.values) return "a size of −1 needs a begin that is known at compile time";
    const rest = (axis: number) => x.shape[axis]! - begin.values![axis]!;
    return { size: (size as number[]).map((n, axis) => (n === -1 ? rest(axis) : n)), ...given };
  },
  infer({ x, begin }, { size }) {
    const rank = x.shape.length;
    if (!sameShape(begin.shape, [rank])) return `begin is [${begin.shape.join(",")}]; it must be [${rank}]`;
    if (size.length !== rank) return `size has ${size.length} numbers, x has rank ${rank}`;
    for (const [axis, of] of x.shape.entries()) {
      const start = begin.values?.[axis] ?? 0;
      if (start < 0 || start + size[axis]! > of)
        return `axis ${axis}: ${size[axis]} elements from ${start} on do not fit into size ${of}`;
    }
    return { dtype: x.dtype, shape: size };
  },
  element: (m, { x, begin }, { size }) => {
    const starts = x.shape.map((of, axis) => {
      const start = begin.values?.[axis];
      return start === undefined ? m.indexOf(begin.at(m.index(axis)), of - size[axis]! + 1) : m.index(start);
    });
    return (ix) => x.at(...ix.map((i, axis) => m.plus(starts[axis]!, i)));
  },
});

/** x with x[begin : end : stride] replaced by update. */
export const slice_update = op<SliceUpdate>("slice_update")({
  doc: [
    "y = x with x[begin : end : stride] replaced by update, the slice as in slice_by_index;",
    "where begin or end is known only at run time the slice has the update's size, and is NaN unless end = begin + size",
  ].join(" "),
  operands: { x: { dtypes: STANDARD }, update: { dtypes: STANDARD, like: "x" }, begin: position, end: position },
  attrs: sliceAttrs,
  rounds: false,
  infer({ x, update, begin, end }, slice) {
    if (update.shape.length === 0) return "update must not be a scalar";
    const extents = extentsOf(x.shape, begin, end, slice, update.shape);
    if (typeof extents === "string") return extents;
    const sizes = extents.filter((e) => !e.squeezed).map((e) => e.size);
    if (!sameShape(sizes, update.shape))
      return `the slice is [${sizes.join(",")}], the update is [${update.shape.join(",")}]`;
    const axis = extents.findIndex(({ start = 0, size, step, of }) => step === 1 && start + size > of);
    if (axis >= 0) return `axis ${axis}: the update of size ${extents[axis]!.size} does not fit into ${x.shape[axis]}`;
    return x;
  },
  element: (m, { x, update, begin, end }, slice) => {
    const extents = extentsOf(x.shape, begin, end, slice, update.shape) as readonly Extent[];
    return (ix) =>
      checkEnds(m, extents, begin, end, () =>
        inBox(
          m,
          extents,
          begin,
          ix,
          (at) => update.at(...at),
          () => x.at(...ix),
        ),
      );
  },
});

/** `inside` at the place in the slice of index `ix`, `outside` when it is not in it. */
function inBox(
  m: Algebra,
  extents: readonly Extent[],
  begin: Read,
  ix: readonly Index[],
  inside: (at: readonly Index[]) => Scalar,
  outside: () => Scalar,
): Scalar {
  const axisOf = (axis: number, at: readonly Index[]): Scalar => {
    const extent = extents[axis];
    if (!extent) return inside(at);
    const { start, step, size, of, squeezed } = extent;
    const next = (k: Index) => axisOf(axis + 1, squeezed ? at : [...at, k]);
    if (start === 0 && step === 1 && size === of) return next(ix[axis]!);
    const first = startOf(m, extent, begin, axis);
    if (step > 0) return m.within(ix[axis]!, first, size, step, next, outside);
    // Counted from the other end, a falling slice is a rising one.
    const last = m.plus(first, m.index(step * (size - 1)));
    const mirrored = (k: Index) => next(m.plus(m.index(size - 1), m.times(k, -1)));
    return m.within(ix[axis]!, last, size, -step, mirrored, outside);
  };
  return axisOf(0, []);
}
