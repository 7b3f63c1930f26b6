/** Read at positions that another tensor holds. */
import type { Algebra, Index, Read, Scalar } from "../algebra.ts";
import { attr } from "../attr.ts";
import { op } from "../op.ts";
import type { Info } from "../op-spec.ts";
import type { Gather, GatherAlongAxis } from "../shapes/signatures.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, type Shape, sizeOf } from "../type.ts";

/** Positions along an axis: numbers, or an integer tensor. */
export type Indices = number | readonly number[] | Tensor;

const POSITIONS = ["int32", "int16", "uint16", "int8", "uint8"] as const satisfies readonly DType[];
const operands = {
  x: { dtypes: ["fp16", "fp32", ...POSITIONS] },
  indices: { dtypes: POSITIONS },
} as const;

/** x at positions along `axis`: the axes of indices take the place of that axis. */
export const gather = op<Gather>("gather")({
  doc: [
    "y[a…, j…, b…] = x[a…, indices[j…], b…], a the axes before `axis` and b those after it; the first batch_dims axes of",
    "indices run along with those of x; a position outside the axis, one below 0 among them, is an error whatever validate_indices says:",
    "the opset leaves its result undefined (one of iOS 15 or 16 counts positions below 0 from the end: a file in it is read so)",
  ].join(" "),
  operands,
  attrs: { axis: attr("axis", 0), batch_dims: attr("int32", 0), validate_indices: attr("bool", false) },
  rounds: false,
  traits: ["gathers"],
  infer({ x, indices }, { axis, batch_dims: batch }) {
    if (batch < 0 || batch > axis || batch > indices.shape.length)
      return `batch_dims ${batch} must not exceed axis ${axis} nor the rank ${indices.shape.length} of indices`;
    const clash = indices.shape.findIndex((n, a) => a < batch && n !== x.shape[a]);
    if (clash >= 0) return `batch axis ${clash} differs: x has ${x.shape[clash]}, indices ${indices.shape[clash]}`;
    const shape = [...x.shape.slice(0, axis), ...indices.shape.slice(batch), ...x.shape.slice(axis + 1)];
    return checkPositions(indices, x.shape[axis]!) ?? { dtype: x.dtype, shape };
  },
  element: (m, { x, indices }, { axis, batch_dims: batch }) => {
    const inner = indices.shape.length - batch;
    return (ix) => {
      const [before, after] = [ix.slice(0, axis), ix.slice(axis + inner)];
      const at = [...ix.slice(0, batch), ...ix.slice(axis, axis + inner)];
      return atPosition(m, indices, at, x.shape[axis]!, (i) => x.at(...before, i, ...after));
    };
  },
});

/** y[..., j, ...] = x[..., indices[..., j, ...], ...]; indices has the result's shape. */
export const gather_along_axis = op<GatherAlongAxis>("gather_along_axis")({
  doc: "y[…, j, …] = x[…, indices[…, j, …], …], the position along `axis`; one outside the axis is an error, as of gather",
  operands,
  attrs: { axis: attr("axis", 0), validate_indices: attr("bool", false) },
  rounds: false,
  traits: ["gathers"],
  infer: ({ x, indices }, { axis }) =>
    checkAlong(x, indices, axis) ?? checkPositions(indices, x.shape[axis]!) ?? { dtype: x.dtype, shape: indices.shape },
  element:
    (m, { x, indices }, { axis }) =>
    (ix) =>
      atPosition(m, indices, ix, x.shape[axis]!, (i) => x.at(...ix.with(axis, i))),
});

/** Call of gather_nd: the last axis of indices is a place in x. */
export type GatherNd = <D extends DType>(
  x: Tensor<Shape, D>,
  indices: Tensor,
  options?: { batch_dims?: number; validate_indices?: boolean },
) => Tensor<Shape, D>;

/** x at the places that the last axis of indices holds. */
export const gather_nd = op<GatherNd>("gather_nd")({
  doc: [
    "y[a…, j…, b…] = x[a…, indices[a…, j…, :], b…]: each vector of indices is a place in the first axes of x behind its first",
    "batch_dims; one outside an axis is an error, as of gather",
  ].join(" "),
  operands,
  attrs: { batch_dims: attr("int32", 0), validate_indices: attr("bool", false) },
  rounds: false,
  traits: ["gathers"],
  infer({ x, indices }, { batch_dims: batch }) {
    const [depth, rank] = [indices.shape.at(-1), indices.shape.length];
    if (depth === undefined || batch < 0 || batch >= rank || depth + batch > x.shape.length)
      return `indices [${indices.shape.join(",")}] with batch_dims ${batch} hold no places of [${x.shape.join(",")}]`;
    const clash = indices.shape.findIndex((n, a) => a < batch && n !== x.shape[a]);
    if (clash >= 0) return `batch axis ${clash} differs: x has ${x.shape[clash]}, indices ${indices.shape[clash]}`;
    const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(batch + depth)];
    return checkPlaces(indices, x.shape.slice(batch)) ?? { dtype: x.dtype, shape };
  },
  element: (m, { x, indices }, { batch_dims: batch }) => {
    const [depth, outer] = [indices.shape.at(-1)!, indices.shape.length - 1];
    return (ix) => {
      const at = ix.slice(0, outer);
      const places = Array.from({ length: depth }, (_, n) =>
        m.indexOf(indices.at(...at, m.index(n)), x.shape[batch + n]!),
      );
      return x.at(...ix.slice(0, batch), ...places, ...ix.slice(outer));
    };
  },
});

/** Positions run along an axis of x and match it in every other axis. */
export function checkAlong(x: Info, indices: Info, axis: number): string | undefined {
  const clash = indices.shape.some((n, a) => a !== axis && n !== x.shape[a]);
  return clash || indices.shape.length !== x.shape.length
    ? `indices [${indices.shape.join(",")}] and [${x.shape.join(",")}] differ outside axis ${axis}`
    : undefined;
}

/** Known places, one in each vector of the last axis of indices, lie in the first axes of a shape. */
export function checkPlaces({ shape: own, values = [] }: Info, shape: Shape): string | undefined {
  const sizeAt = (n: number): number => shape[n % own.at(-1)!]!;
  const wrong = Array.from(values).findIndex((i, n) => !(i >= 0 && i < sizeAt(n)));
  return wrong < 0 ? undefined : `position ${values[wrong]} is outside an axis of size ${sizeAt(wrong)}`;
}

/** Known positions lie in the axis. */
export function checkPositions({ values }: Info, size: number): string | undefined {
  const wrong = values && Array.from(values).find((i) => i < 0 || i >= size);
  return wrong === undefined ? undefined : `position ${wrong} is outside an axis of size ${size}`;
}

/**
 * `read` at the position that `indices` holds at `at`. Known positions become a case distinction on runs of equal
 * step, which a symbolic reading can follow where a look-up in a table would stop it.
 */
function atPosition(m: Algebra, indices: Read, at: readonly Index[], size: number, read: (i: Index) => Scalar): Scalar {
  if (!indices.values) return read(m.indexOf(indices.at(...at), size));
  const runs = runsOf(indices.values);
  const [flat] = m.reindex(at, indices.shape, [sizeOf(indices.shape)]) as readonly [Index];
  return m.piece(
    flat,
    runs.map((run) => run.length),
    (n, rest) => read(m.plus(m.index(runs[n]!.start), m.times(rest, runs[n]!.step))),
  );
}

interface GatherRun {
  readonly start: number;
  readonly step: number;
  readonly length: number;
}

/** A list of whole numbers as arithmetic progressions, each as long as it goes. */
function runsOf(values: ArrayLike<number>): readonly GatherRun[] {
  const runs: GatherRun[] = [];
  for (let begin = 0; begin < values.length; ) {
    const start = values[begin]!;
    const step = (values[begin + 1] ?? start) - start;
    let length = 1;
    while (values[begin + length] === start + length * step) length++;
    runs.push({ start, step, length });
    begin += length;
  }
  return runs;
}
