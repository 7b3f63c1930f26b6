/** Ops that work on every element by itself. */
import type { Shape } from "../../../dsl/type.ts";
import type { Lengths, Region } from "./region.ts";

/** What an element lies in. */
export type Interval = readonly [low: number, high: number];
/** What an op makes of intervals. */
export type Each = (...xs: readonly Interval[]) => Interval;

/** A region for every element of a larger shape, as broadcasting gives it. */
export function spread(region: Region, shape: Shape): Region {
  const own = [...new Array<number>(shape.length - region.shape.length).fill(1), ...region.shape];
  if (own.every((n, axis) => n === shape[axis]))
    return { ...region, shape, lengths: region.shape.length === shape.length ? region.lengths : [] };
  const steps = own.map((n, axis) => (n === 1 ? 0 : own.slice(axis + 1).reduce((all, k) => all * k, 1)));
  const size = shape.reduce((all, n) => all * n, 1);
  const places = new Int32Array(size);
  for (let at = 0; at < size; at++) {
    let rest = at;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      places[at]! += (rest % shape[axis]!) * steps[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
  }
  const take = (from: Region["low"]): Float64Array => Float64Array.from(places, (at) => from[at]!);
  return { shape, low: take(region.low), high: take(region.high), lengths: [] };
}

/** An op of every element of regions of one shape; what is no number may be any. */
export function elementwise(shape: Shape, regions: readonly Region[], each: Each, lengths: readonly Lengths[]): Region {
  const size = shape.reduce((all, n) => all * n, 1);
  const [low, high] = [new Float64Array(size), new Float64Array(size)];
  for (let at = 0; at < size; at++) {
    const [least, most] = each(...regions.map((x): Interval => [x.low[at]!, x.high[at]!]));
    low[at] = Number.isNaN(least) ? Number.NEGATIVE_INFINITY : least;
    high[at] = Number.isNaN(most) ? Number.POSITIVE_INFINITY : most;
  }
  return { shape, low, high, lengths };
}
