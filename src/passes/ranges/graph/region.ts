/** What is known of every element of a value, and of its rows: an interval each, and lengths along axes. Everything is rounded outward. */
import type { Shape } from "../../../dsl/type.ts";
import { type Made, roundedMade } from "./made.ts";
import type { Numbers } from "./numbers.ts";

/** A length of every row along an axis: Σ|x| (p = 1) or √Σx² (p = 2). Rows are counted in row-major order of the other axes. */
export interface Lengths {
  readonly p: 1 | 2;
  readonly axis: number;
  readonly most: Numbers;
}

/** Element by element low ≤ x ≤ high, in row-major order, and what is known of lengths beyond that. */
export interface Region {
  readonly shape: Shape;
  readonly low: Numbers;
  readonly high: Numbers;
  readonly lengths: readonly Lengths[];
  /** What its elements are made of, where that is known. */
  readonly made?: Made | undefined;
}

/** How rows lie along an axis: `outer` times `n` elements, `inner` apart. */
export interface Strides {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
}

const product = (sizes: readonly number[]): number => sizes.reduce((all, n) => all * n, 1);

/** Of the rows along an axis of a shape. */
export const stridesAlong = (shape: Shape, axis: number): Strides => ({
  outer: product(shape.slice(0, axis)),
  n: shape[axis]!,
  inner: product(shape.slice(axis + 1)),
});

/** A number for every element of a shape. */
export const evenly = (shape: Shape, low: number, high: number): Region => ({
  shape,
  low: new Float64Array(product(shape)).fill(low),
  high: new Float64Array(product(shape)).fill(high),
  lengths: [],
});

/** What is known exactly. */
export const exactly = (shape: Shape, numbers: Numbers): Region => ({
  shape,
  low: numbers,
  high: numbers,
  lengths: [],
});

/** Largest |x| of every element; what is not a number may be any. */
export function magnitudes({ low, high }: Region): Float64Array {
  const most = new Float64Array(low.length);
  for (let k = 0; k < most.length; k++) {
    const x = Math.max(Math.abs(low[k]!), Math.abs(high[k]!));
    most[k] = Number.isNaN(x) ? Number.POSITIVE_INFINITY : x;
  }
  return most;
}

/** What our own sums in double precision may lose. */
const OUTWARD = 1 + 2 ** -40;

/** Of every row along an axis: the least of what is stored and of what its elements make. */
export function lengthsAlong(region: Region, p: 1 | 2, axis: number): Float64Array {
  const { outer, n, inner } = stridesAlong(region.shape, axis);
  const sizes = magnitudes(region);
  const found = new Float64Array(outer * inner);
  for (let o = 0; o < outer; o++)
    for (let k = 0; k < n; k++)
      for (let i = 0; i < inner; i++) {
        const x = sizes[(o * n + k) * inner + i]!;
        found[o * inner + i]! += p === 1 ? x : x * x;
      }
  const stored = region.lengths.filter((one) => one.p === p && one.axis === axis);
  return found.map((sum, row) =>
    Math.min((p === 1 ? sum : Math.sqrt(sum)) * OUTWARD, ...stored.map(({ most }) => most[row]!)),
  );
}

/** The largest |x| of every row along an axis. */
export function largestAlong(region: Region, axis: number): Float64Array {
  const { outer, n, inner } = stridesAlong(region.shape, axis);
  const sizes = magnitudes(region);
  const found = new Float64Array(outer * inner);
  for (let o = 0; o < outer; o++)
    for (let k = 0; k < n; k++)
      for (let i = 0; i < inner; i++)
        found[o * inner + i] = Math.max(found[o * inner + i]!, sizes[(o * n + k) * inner + i]!);
  return found;
}

/** No element of a row is larger than the row is long. */
export function tightened(region: Region): Region {
  if (region.lengths.length === 0) return region;
  const [low, high] = [Float64Array.from(region.low), Float64Array.from(region.high)];
  for (const { axis, most } of region.lengths) {
    const { outer, n, inner } = stridesAlong(region.shape, axis);
    for (let o = 0; o < outer; o++)
      for (let k = 0; k < n; k++)
        for (let i = 0; i < inner; i++) {
          const [at, length] = [(o * n + k) * inner + i, most[o * inner + i]!];
          if (length < high[at]!) high[at] = length;
          if (-length > low[at]!) low[at] = -length;
        }
  }
  return { ...region, low, high };
}

/** fp16 rounds by half a unit of 11 bits, below its normal numbers by half of 2^−24. */
export const [RELATIVE, LEAST] = [2 ** -11, 2 ** -25] as const;

const up = (x: number): number =>
  Number.isNaN(x) ? Number.POSITIVE_INFINITY : x + Math.abs(x) * RELATIVE * OUTWARD + LEAST;

/** What an op leaves once its result is rounded to its dtype; truth values and whole numbers are not rounded. */
export function rounded(region: Region): Region {
  const { shape, low, high, lengths } = region;
  // A 0 stays one, and so does a sign.
  const below = Float64Array.from(low, (x) => (x >= 0 ? Math.max(0, -up(-x)) : -up(-x)));
  const above = Float64Array.from(high, (x) => (x <= 0 ? Math.min(0, up(x)) : up(x)));
  const longer = lengths.map(({ p, axis, most }) => {
    const n = shape[axis]!;
    return { p, axis, most: Float64Array.from(most, (x) => x * (1 + RELATIVE) * OUTWARD + n ** (1 / p) * LEAST) };
  });
  const { made } = region;
  return tightened({
    ...{ shape, low: below, high: above, lengths: longer },
    ...(made ? { made: roundedMade(made, RELATIVE * OUTWARD, LEAST) } : {}),
  });
}

/** Both, element by element, and as long along axes of which either knows a length. */
export const hull = (a: Region, b: Region): Region => ({
  shape: a.shape,
  low: Float64Array.from(a.low, (x, k) => Math.min(x, b.low[k]!)),
  high: Float64Array.from(a.high, (x, k) => Math.max(x, b.high[k]!)),
  lengths: [...a.lengths, ...b.lengths].map(({ p, axis }) => {
    const [x, y] = [lengthsAlong(a, p, axis), lengthsAlong(b, p, axis)];
    return { p, axis, most: x.map((length, row) => Math.max(length, y[row]!)) };
  }),
});

/** Whether all of `a` lies in `b`, element by element, and no row of it is longer. */
export const within = (a: Region, b: Region): boolean =>
  a.low.every((x, k) => x >= b.low[k]!) &&
  a.high.every((x, k) => x <= b.high[k]!) &&
  b.lengths.every(({ p, axis, most }) => lengthsAlong(a, p, axis).every((length, row) => length <= most[row]!));
