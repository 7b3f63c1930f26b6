/** Which elements a slice takes: begin, end, stride and masks worked out per axis. */
import type { Algebra, Index, Read, Scalar } from "../algebra.ts";
import { attr } from "../attr.ts";
import type { SliceOptions } from "../shapes/slice.ts";
import type { Shape, TensorType } from "../type.ts";

const repeat =
  <X>(value: X) =>
  (infos: Readonly<Record<string, unknown>>) =>
    new Array<X>((infos.x as TensorType).shape.length).fill(value);

/**
 * The attributes that slices share. Negative begin and end count from the end of the axis, so that −1 as an end is its last element and
 * a falling slice reaches the first one by end_mask or by an end of −size − 1 or less.
 */
export const sliceAttrs = {
  stride: attr("int32[]", repeat(1), { says: "all 1" }),
  begin_mask: attr("bool[]", repeat(false), { says: "all false" }),
  end_mask: attr("bool[]", repeat(false), { says: "all false" }),
  squeeze_mask: attr("bool[]", repeat(false), { says: "all false" }),
};

/** The elements start, start + step, … of one axis, `size` of them. */
export interface Extent {
  /** Absent when it is known only at run time. */
  readonly start?: number;
  /** Where it ends, exclusively; absent when it is known only at run time. */
  readonly stop?: number;
  readonly step: number;
  readonly size: number;
  /** Size of the axis that is sliced. */
  readonly of: number;
  /** The axis is left out of the slice. */
  readonly squeezed: boolean;
  /** Only at run time can one see that it ends at start + size. */
  readonly checksEnd: boolean;
}

type Slice = { readonly [K in keyof SliceOptions]-?: NonNullable<SliceOptions[K]> };
interface Bound {
  readonly shape: Shape;
  readonly values?: ArrayLike<number>;
}

/**
 * The extents of a slice of `shape`, or a sentence that says what is wrong. `sizes` are the sizes of the slice where
 * something else fixes them (the update of slice_update); without them a run-time bound is an error.
 */
export function extentsOf(
  shape: Shape,
  begin: Bound,
  end: Bound,
  slice: Slice,
  sizes?: Shape,
): readonly Extent[] | string {
  const rank = shape.length;
  for (const [key, list] of Object.entries(slice)) {
    if (list.length !== rank) return `${key} has ${list.length} entries, x has rank ${rank}`;
  }
  for (const [key, { shape: own }] of Object.entries({ begin, end })) {
    if (own.length !== 1 || own[0] !== rank) return `${key} is [${own.join(",")}]; it must be [${rank}]`;
  }
  const kept = sizes?.values();
  const extents: Extent[] = [];
  for (const [axis, of] of shape.entries()) {
    const squeezed = slice.squeeze_mask[axis]!;
    const given = squeezed ? 1 : kept?.next().value;
    const extent = extentOf(of, begin.values?.[axis], end.values?.[axis], maskedAt(slice, axis), given);
    if (typeof extent === "string") return `axis ${axis}: ${extent}`;
    extents.push(extent);
  }
  return extents;
}

interface AxisSlice {
  readonly step: number;
  readonly fromEdge: boolean;
  readonly toEdge: boolean;
  readonly squeezed: boolean;
}

const maskedAt = (slice: Slice, axis: number): AxisSlice => ({
  step: slice.squeeze_mask[axis] ? 1 : slice.stride[axis]!,
  fromEdge: slice.begin_mask[axis]!,
  toEdge: slice.end_mask[axis]!,
  squeezed: slice.squeeze_mask[axis]!,
});

function extentOf(
  of: number,
  begin: number | undefined,
  end: number | undefined,
  { step, fromEdge, toEdge, squeezed }: AxisSlice,
  given: number | undefined,
): Extent | string {
  if (step === 0) return "stride is 0";
  const start = fromEdge ? (step > 0 ? 0 : of - 1) : fromFront(begin, of);
  if (start !== undefined && (start < 0 || start >= of)) return `begin ${begin} is outside size ${of}`;
  const from = { step, of, squeezed, ...(start === undefined ? {} : { start }) };
  if (squeezed) return { ...from, size: 1, checksEnd: false };
  const stop = stopOf(of, end, step, toEdge);
  if (stop === "outside") return `end ${end} is outside size ${of}`;
  const known = { ...from, ...(stop === undefined ? {} : { stop }) };
  if (start !== undefined && stop !== undefined) {
    const size = Math.ceil((Math.min(stop, of) - start) / step);
    return size > 0 ? { ...known, size, checksEnd: false } : `begin ${begin} to end ${end} holds no element`;
  }
  // As in MIL, a slice of an axis of size 1 holds its one element.
  const size = of === 1 ? 1 : given;
  if (size === undefined)
    return "the size depends on run-time values; use slice_by_size, or squeeze_mask for one element";
  if (step !== 1) return `stride is ${step}; begin and end known only at run time need stride 1`;
  return { ...known, size, checksEnd: true };
}

/** Where an axis ends, exclusively: a falling slice whose end lies before the axis runs to its first element, as in numpy. */
function stopOf(of: number, end: number | undefined, step: number, toEdge: boolean): number | undefined | "outside" {
  if (toEdge) return step > 0 ? of : -1;
  const stop = fromFront(end, of);
  if (stop === undefined || stop >= 0) return stop;
  return step > 0 ? "outside" : -1;
}

const fromFront = (bound: number | undefined, of: number) => (bound !== undefined && bound < 0 ? bound + of : bound);

/** Where an extent starts, as an index. */
export function startOf(m: Algebra, { start, of, size }: Extent, begin: Read, axis: number): Index {
  return start === undefined ? m.indexOf(begin.at(m.index(axis)), of - size + 1) : m.index(start);
}

/** `value` where every extent ends where its size says, NaN where the run-time bounds disagree with it. */
export function checkEnds(m: Algebra, extents: readonly Extent[], begin: Read, end: Read, value: () => Scalar): Scalar {
  return extents.reduce<() => Scalar>((inner, { start, stop, checksEnd, size }, axis) => {
    if (!checksEnd) return inner;
    const at = m.index(axis);
    const wanted = start === undefined ? m.round("int32", m.add(begin.at(at), m.num(size))) : m.num(start + size);
    const actual = stop === undefined ? end.at(at) : m.num(stop);
    return () => m.select(m.compare("equal", actual, wanted), inner, () => m.num(Number.NaN));
  }, value)();
}
