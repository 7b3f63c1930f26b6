/** Elements at other places, padded or repeated by their place. */
import type { Algebra, Index, Scalar } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, FLOATS, type Shape } from "../type.ts";
import { allAxes } from "./reduce.ts";

/** Call of pad: `pad` before and after each of the last axes. */
export type Pad = <D extends DType>(
  x: Tensor<Shape, D>,
  options: { pad: readonly number[]; mode?: "constant" | "reflect" | "replicate"; constant_val?: number },
) => Tensor<Shape, D>;
/** Call of reverse; all axes when absent. */
export type Reverse = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  options?: { axes?: readonly number[] },
) => Tensor<S, D>;
/** Call of reverse_sequence: how many elements of each row. */
export type ReverseSequence = <S extends Shape, D extends DType>(
  x: Tensor<S, D>,
  lengths: Tensor<Shape> | readonly number[],
  options?: { seq_axis?: number; batch_axis?: number },
) => Tensor<S, D>;
/** Call of sliding_windows. */
export type SlidingWindows = <D extends DType>(
  x: Tensor<Shape, D>,
  options: { axis: number; size: number; stride?: number },
) => Tensor<Shape, D>;

const MOVED = ["fp16", "fp32", "int32", "bool"] as const satisfies readonly DType[];

/** x with more elements around it, along its last axes. */
export const pad = op<Pad>("pad")({
  doc: [
    "y = x with pad[2a] elements before and pad[2a + 1] behind those of each of its last axes. constant: constant_val;",
    "replicate: the element at the edge; reflect: x mirrored at the edge, which is not repeated",
  ].join(" "),
  operands: { x: { dtypes: FLOATS } },
  attrs: {
    pad: attr("int32[]"),
    mode: attr("string", "constant", { oneOf: ["constant", "reflect", "replicate"] }),
    constant_val: attr("float", 0),
  },
  rounds: false,
  infer({ x }, { pad, mode }) {
    const axes = pad.length / 2;
    if (!Number.isInteger(axes) || axes < 1 || axes > x.shape.length)
      return `pad has ${pad.length} numbers; x has rank ${x.shape.length}, and each axis takes two`;
    if (pad.some((n) => n < 0)) return `pad [${pad.join(",")}] is below 0`;
    const first = x.shape.length - axes;
    const far = pad.findIndex((n, i) => mode === "reflect" && n >= x.shape[first + (i >> 1)]!);
    if (far >= 0)
      return `pad ${pad[far]} mirrors more than axis ${first + (far >> 1)} of size ${x.shape[first + (far >> 1)]} has`;
    const added = (axis: number) => (axis < first ? 0 : pad[2 * (axis - first)]! + pad[2 * (axis - first) + 1]!);
    return { dtype: x.dtype, shape: x.shape.map((n, axis) => n + added(axis)) };
  },
  element: (m, { x }, { pad, mode, constant_val }) => {
    const first = x.shape.length - pad.length / 2;
    const from = (axis: number, ix: readonly Index[]): Scalar => {
      if (axis === x.shape.length) return x.at(...ix);
      const [before, after] = [pad[2 * (axis - first)]!, pad[2 * (axis - first) + 1]!];
      const further = (i: Index) => from(axis + 1, ix.with(axis, i));
      if (before === 0 && after === 0) return further(ix[axis]!);
      const size = x.shape[axis]!;
      if (mode === "constant") return m.within(ix[axis]!, m.index(before), size, 1, further, () => m.num(constant_val));
      const mirrored = (edge: number) => (rest: Index) => m.plus(m.index(edge), m.times(rest, -1));
      const parts: readonly (readonly [number, (rest: Index) => Index])[] = [
        [before, mode === "reflect" ? mirrored(before) : () => m.index(0)],
        [size, (rest) => rest],
        [after, mode === "reflect" ? mirrored(size - 2) : () => m.index(size - 1)],
      ];
      const some = parts.filter(([n]) => n > 0);
      return m.piece(
        ix[axis]!,
        some.map(([n]) => n),
        (n, rest) => further(some[n]![1](rest)),
      );
    };
    return (ix) => from(first, ix);
  },
});

/** x in the opposite order along `axes`. */
export const reverse = op<Reverse>("reverse")({
  doc: "y = x in the opposite order along each of `axes`",
  operands: { x: { dtypes: MOVED } },
  attrs: { axes: allAxes },
  rounds: false,
  traits: ["moves"],
  infer: ({ x }) => x,
  element:
    (m, { x }, { axes }) =>
    (ix) =>
      x.at(
        ...x.shape.map((n, axis) => (axes.includes(axis) ? m.plus(m.index(n - 1), m.times(ix[axis]!, -1)) : ix[axis]!)),
      ),
});

/** The first elements of each row in the opposite order. */
export const reverse_sequence = op<ReverseSequence>("reverse_sequence")({
  doc: [
    "y = x with the first lengths[b] elements along `seq_axis` in the opposite order, b the place along `batch_axis`;",
    "a length outside the axis is an error",
  ].join(" "),
  operands: {
    x: { dtypes: [...MOVED, "int16", "uint16", "int8", "uint8"] },
    lengths: { dtypes: ["int32", "int16", "int8"] },
  },
  attrs: { seq_axis: attr("axis", 0), batch_axis: attr("axis", 0) },
  rounds: false,
  infer({ x, lengths }, { seq_axis, batch_axis }) {
    if (seq_axis === batch_axis) return `seq_axis and batch_axis are both ${seq_axis}`;
    if (lengths.shape.length !== 1 || lengths.shape[0] !== x.shape[batch_axis])
      return `lengths are [${lengths.shape.join(",")}]; axis ${batch_axis} has size ${x.shape[batch_axis]}`;
    const far = lengths.values && Array.from(lengths.values).find((n) => n < 0 || n > x.shape[seq_axis]!);
    return far === undefined ? x : `length ${far} is outside axis ${seq_axis} of size ${x.shape[seq_axis]}`;
  },
  element:
    (m, { x, lengths }, { seq_axis, batch_axis }) =>
    (ix) => {
      const turned = (length: number) =>
        reversedTo(m, length, x.shape[seq_axis]!, ix[seq_axis]!, (k) => x.at(...ix.with(seq_axis, k)));
      const known = lengths.values;
      if (known)
        return m.piece(
          ix[batch_axis]!,
          Array.from(known, () => 1),
          (b) => turned(known[b]!),
        );
      const [i, length] = [m.scalar(ix[seq_axis]!), lengths.at(ix[batch_axis]!)];
      const from = m.select(
        m.compare("less", i, length),
        () => m.sub(m.sub(length, m.num(1)), i),
        () => i,
      );
      return x.at(...ix.with(seq_axis, m.indexOf(from, x.shape[seq_axis]!)));
    },
});

/** The element at a place of an axis whose first `length` elements are in the opposite order. */
function reversedTo(m: Algebra, length: number, size: number, i: Index, at: (i: Index) => Scalar): Scalar {
  const back = (k: Index) => at(m.plus(m.index(length - 1), m.times(k, -1)));
  if (length === 0 || length === size) return length === 0 ? at(i) : back(i);
  return m.piece(i, [length, size - length], (n, rest) => (n === 0 ? back(rest) : at(m.plus(rest, m.index(length)))));
}

/** Every `size` neighbours along an axis, `stride` apart from the next such window. */
export const sliding_windows = op<SlidingWindows>("sliding_windows")({
  doc: "y[…, w, k, …] = x[…, stride · w + k, …]: the axis gives way to one of windows and one of the `size` places in each",
  operands: { x: { dtypes: MOVED } },
  attrs: { axis: attr("axis"), size: attr("int32"), stride: attr("int32", 1) },
  rounds: false,
  traits: ["moves"],
  infer({ x }, { axis, size, stride }) {
    const n = x.shape[axis]!;
    if (size < 1 || stride < 1 || size > n)
      return `windows of ${size} every ${stride} do not fit in an axis of size ${n}`;
    return { dtype: x.dtype, shape: x.shape.toSpliced(axis, 1, Math.floor((n - size) / stride) + 1, size) };
  },
  element:
    (m, { x }, { axis, stride }) =>
    (ix) =>
      x.at(...ix.toSpliced(axis, 2, m.plus(m.times(ix[axis]!, stride), ix[axis + 1]!))),
});
