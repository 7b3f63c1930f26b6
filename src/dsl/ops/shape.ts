/** The same elements under another shape, another order of axes, or repeated. */
import type { Index } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { ExpandDims, Reshape, Squeeze, Tile, Transpose } from "../shapes/signatures.ts";
import type { Tensor } from "../tensor.ts";
import { DTYPES, type DType, type Shape, sizeOf, type TensorType } from "../type.ts";

/** The same elements in row-major order under another shape; one size may be −1. */
export const reshape = op<Reshape>("reshape")({
  doc: "y = the elements of x in row-major order, as `shape`; one size may be −1 and is worked out",
  operands: { x: { dtypes: DTYPES } },
  attrs: { shape: attr("int32[]") },
  rounds: false,
  traits: ["moves", "view"],
  shorthand({ shape, ...given }, { x }) {
    const sizes = shape as Shape;
    if (!Array.isArray(shape) || !sizes.includes(-1)) return { shape, ...given };
    const open = sizes.indexOf(-1);
    if (sizes.lastIndexOf(-1) !== open) return `[${sizes.join(",")}] leaves more than one size open`;
    const rest = sizeOf(x.shape) / sizeOf(sizes.toSpliced(open, 1));
    if (Number.isInteger(rest)) return { shape: sizes.with(open, rest), ...given };
    return `[${x.shape.join(",")}] has ${sizeOf(x.shape)} elements, [${sizes.join(",")}] leaves no whole size`;
  },
  infer: ({ x }, { shape }) =>
    sizeOf(x.shape) === sizeOf(shape)
      ? { dtype: x.dtype, shape }
      : `[${x.shape.join(",")}] has ${sizeOf(x.shape)} elements, [${shape.join(",")}] has ${sizeOf(shape)}`,
  element:
    (m, { x }, { shape }) =>
    (ix) =>
      x.at(...m.reindex(ix, shape, x.shape)),
});

/** Axis a of the result is axis perm[a] of x. */
export const transpose = op<Transpose>("transpose")({
  doc: "axis a of y is axis perm[a] of x",
  operands: { x: { dtypes: DTYPES } },
  attrs: { perm: attr("axes") },
  rounds: false,
  traits: ["moves"],
  infer: ({ x }, { perm }) =>
    perm.length === x.shape.length
      ? { dtype: x.dtype, shape: perm.map((axis) => x.shape[axis]!) }
      : `perm [${perm.join(",")}] names ${perm.length} axes, x has ${x.shape.length}`,
  element:
    (_, { x }, { perm }) =>
    (ix) =>
      x.at(...x.shape.map((_, axis) => ix[perm.indexOf(axis)]!)),
});

/** x with an axis of size 1 at each of `axes`, counted in the result. */
export const expand_dims = op<ExpandDims>("expand_dims")({
  doc: "y = x with an axis of size 1 at each of `axes`, counted in y",
  operands: { x: { dtypes: DTYPES } },
  attrs: { axes: attr("int32[]") },
  rounds: false,
  traits: ["moves", "view"],
  shorthand({ axes, ...given }, { x }) {
    if (!Array.isArray(axes)) return { axes, ...given };
    const rank = x.shape.length + axes.length;
    return { axes: (axes as readonly number[]).map((axis) => (axis < 0 ? axis + rank : axis)), ...given };
  },
  infer({ x }, { axes }) {
    const rank = x.shape.length + axes.length;
    if (axes.length === 0) return "names no axis";
    if (axes.some((axis) => axis < 0 || axis >= rank)) return `axes [${axes.join(",")}] are outside rank ${rank}`;
    if (new Set(axes).size !== axes.length) return `axes [${axes.join(",")}] names an axis twice`;
    const kept = x.shape.values();
    const shape = Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : kept.next().value!));
    return { dtype: x.dtype, shape };
  },
  element:
    (_, { x }, { axes }) =>
    (ix) =>
      x.at(...ix.filter((_, axis) => !axes.includes(axis))),
});

const onesOf = (x: TensorType): readonly number[] => x.shape.flatMap((n, axis) => (n === 1 ? [axis] : []));

/** x without the axes of size 1 that `axes` names, all of them when absent. */
export const squeeze = op<Squeeze>("squeeze")({
  doc: "y = x without the axes of size 1 that `axes` names (all such axes when it is not given)",
  operands: { x: { dtypes: DTYPES } },
  attrs: { axes: attr("axes", (infos) => onesOf(infos.x as TensorType), { says: "all of size 1" }) },
  rounds: false,
  traits: ["moves", "view"],
  infer({ x }, { axes }) {
    if (axes.length === 0) return `[${x.shape.join(",")}] has no axis of size 1`;
    const wrong = axes.find((axis) => x.shape[axis] !== 1);
    if (wrong !== undefined) return `axis ${wrong} has size ${x.shape[wrong]}, not 1`;
    return { dtype: x.dtype, shape: x.shape.filter((_, axis) => !axes.includes(axis)) };
  },
  element: (m, { x }, { axes }) => {
    const zero = m.index(0);
    return (ix) => {
      const kept = ix.values();
      return x.at(...x.shape.map((_, axis) => (axes.includes(axis) ? zero : (kept.next().value as Index))));
    };
  },
});

/** x repeated reps[a] times along each axis a. */
export const tile = op<Tile>("tile")({
  doc: "y = x repeated reps[a] times along each axis a",
  operands: { x: { dtypes: ["fp16", "fp32", "int32", "bool"] } },
  attrs: { reps: attr("int32[]") },
  rounds: false,
  traits: ["moves"],
  infer({ x }, { reps }) {
    if (reps.length !== x.shape.length) return `reps has ${reps.length} numbers, x has rank ${x.shape.length}`;
    if (reps.some((n) => n < 1)) return `reps [${reps.join(",")}] must be positive`;
    return { dtype: x.dtype, shape: x.shape.map((n, axis) => n * reps[axis]!) };
  },
  element:
    (m, { x }, { reps }) =>
    (ix) => {
      const within = (i: Index, n: number, axis: number) => m.reindex([i], [n * reps[axis]!], [reps[axis]!, n])[1]!;
      return x.at(...x.shape.map((n, axis) => (reps[axis] === 1 ? ix[axis]! : within(ix[axis]!, n, axis))));
    },
});

/** Call of flatten2d; the first axis alone when none is given. */
export type Flatten2d = <D extends DType>(x: Tensor<Shape, D>, options?: { axis?: number }) => Tensor<Shape, D>;

/** The same elements as a matrix. */
export const flatten2d = op<Flatten2d>("flatten2d")({
  doc: "y = the elements of x in row-major order as a matrix: its rows are the axes before `axis`, its columns those from there on",
  operands: { x: { dtypes: ["fp16", "fp32", "int32", "bool"] } },
  attrs: { axis: attr("int32", 1) },
  rounds: false,
  traits: ["moves", "view"],
  infer({ x }, { axis }) {
    const rank = x.shape.length;
    if (Math.abs(axis) > rank) return `axis ${axis} is outside rank ${rank}`;
    return { dtype: x.dtype, shape: [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))] };
  },
  element:
    (m, { x }, _, { shape }) =>
    (ix) =>
      x.at(...m.reindex(ix, shape, x.shape)),
});
