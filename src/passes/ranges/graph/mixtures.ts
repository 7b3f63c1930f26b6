/** Mixtures of rows, as attention makes them: no longer than their weights say. */
import type { OpDef, Tensor } from "../../../dsl/tensor.ts";
import type { Shape } from "../../../dsl/type.ts";
import { type LengthReading, lengthsOfValue } from "./lengths.ts";
import { lengthsAlong, type Region } from "./region.ts";
import { slack } from "./weighted.ts";

/** What bounds of sums of products are reckoned with: without a reading of lengths, elements and rows alone. */
export interface Summing {
  regionOf(x: Tensor): Region;
  readonly reading?: LengthReading | undefined;
}

/** Σₛ pₛ vₛ is no longer than Σ|pₛ| times the longest v: of mixtures of rows. */
export function mixedLengths(
  def: OpDef,
  sums: Region,
  x: Region,
  rows: Tensor,
  { regionOf, reading }: Summing,
): Region {
  const { attrs } = def;
  if (def.op !== "matmul" || attrs.transpose_x === true || attrs.transpose_y === true) return sums;
  const [axis, last] = [x.shape.length - 1, rows.type.shape.length - 1];
  if (!x.lengths.some((one) => one.p === 1 && one.axis === axis)) return sums;
  const y = regionOf(rows);
  const own = reading && lengthsOfValue(rows, last, reading);
  const lengths = lengthsAlong(own ? { ...y, lengths: [...y.lengths, { p: 2, axis: last, most: own }] } : y, 2, last);
  const weights = lengthsAlong(x, 1, axis);
  const batchOf = batchesOf(rows.type.shape.slice(0, -2), sums.shape.slice(0, -2));
  const xBatchOf = batchesOf(x.shape.slice(0, -2), sums.shape.slice(0, -2));
  const [n, count, dim] = [x.shape[axis]!, sums.shape.at(-2)!, sums.shape.at(-1)!];
  const most = new Float64Array(sums.high.length / dim);
  for (let at = 0; at < most.length; at++) {
    const [b, r] = [Math.floor(at / count), at % count];
    let longest = 0;
    for (let s = 0; s < n; s++) longest = Math.max(longest, lengths[batchOf(b) * n + s]!);
    const own = weights[xBatchOf(b) * count + r]! * longest;
    most[at] = slack(own, n) + Math.sqrt(dim) * n * 2 ** -17;
  }
  return { ...sums, lengths: [...sums.lengths, { p: 2, axis: sums.shape.length - 1, most }] };
}

/** Which batch of an operand meets batch `b` of the result, with leading axes broadcast. */
export function batchesOf(own: Shape, result: Shape): (b: number) => number {
  const sizes = [...new Array<number>(result.length - own.length).fill(1), ...own];
  return (b) => {
    let [rest, at, stride] = [b, 0, 1];
    for (let axis = result.length - 1; axis >= 0; axis--) {
      const i = rest % result[axis]!;
      rest = Math.floor(rest / result[axis]!);
      if (sizes[axis] !== 1) at += i * stride;
      stride *= sizes[axis]!;
    }
    return at;
  };
}
