/** Arrays as the engine computes them. */
import type { Shape } from "../../dsl/type.ts";
import { type NDArray, stridesOf } from "../interpret/array.ts";
import type { Spread } from "./spread.ts";

/** A tensor's points, and the ends between which the engine's numbers lie where its bits are not known; without them they are. */
export interface Estimate extends NDArray {
  readonly low?: Float64Array;
  readonly high?: Float64Array;
}

/** What is known of a value's bits. */
export type Knowledge = "exact" | "bounded" | "open";

/** The least that is known of any element. */
export function knowledgeOf({ low, high }: Estimate): Knowledge {
  if (!low || !high) return "exact";
  return low.some((x, k) => x === Number.NEGATIVE_INFINITY && high[k] !== x) ||
    high.some((x, k) => x === Number.POSITIVE_INFINITY && low[k] !== x)
    ? "open"
    : "bounded";
}

/** Collects spreads in row-major order; the ends are kept only where one differs from its point. */
export function estimateOf(type: Pick<NDArray, "dtype" | "shape">, size: number, at: (k: number) => Spread): Estimate {
  const [data, low, high] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  let exact = true;
  for (let k = 0; k < size; k++) {
    const spread = at(k);
    data[k] = spread.point;
    low[k] = spread.low;
    high[k] = spread.high;
    exact &&= Object.is(spread.low, spread.high) && Object.is(spread.low, spread.point);
  }
  return { dtype: type.dtype, shape: type.shape, data, ...(exact ? {} : { low, high }) };
}

/** The spread of an element. */
export const spreadAt = ({ data, low, high }: Estimate, k: number): Spread => ({
  point: data[k]!,
  low: low ? low[k]! : data[k]!,
  high: high ? high[k]! : data[k]!,
});

/** The place of an element in row-major order. */
export function placeOf(shape: Shape): (ix: readonly number[]) => number {
  const strides = stridesOf(shape);
  return (ix) => {
    let flat = 0;
    for (let axis = 0; axis < ix.length; axis++) flat += ix[axis]! * strides[axis]!;
    return flat;
  };
}

/** The index of each element in row-major order, one after the other; the array is used again. */
export function* indicesOf(shape: Shape): Generator<number[]> {
  const ix = shape.map(() => 0);
  for (let left = shape.reduce((a, n) => a * n, 1); left > 0; left--) {
    yield ix;
    for (let axis = ix.length - 1; axis >= 0; axis--) {
      ix[axis]! += 1;
      if (ix[axis]! < shape[axis]!) break;
      ix[axis] = 0;
    }
  }
}
