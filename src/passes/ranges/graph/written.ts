/** Rows that a write mask places in a cache. */
import { type OpDef, operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { sizeOf } from "../../../dsl/type.ts";
import { axesOf, both, eitherWay, isOp } from "./patterns.ts";
import { type Lengths, lengthsAlong, magnitudes, type Region } from "./region.ts";

type RegionOf = (x: Tensor) => Region;
/** What rows along an axis of a value are no longer than, beyond what its region says. */
type LengthsOf = (x: Tensor, axis: number) => Float64Array | undefined;

/** Whether an input is a write mask, of which every row of the cache and every token has one 1 at most. */
const isWriteMask = (x: Tensor, regionOf: RegionOf): boolean =>
  x.def.kind === "input" &&
  regionOf(x).lengths.filter(({ p, most }) => p === 1 && most.every((n) => n <= 1)).length === 2;

/** cache · (1 − Σ slot) + slot · rows: a row stays as it was or is a new one, to the bit, as all factors are 0 or 1. */
export function written(value: Tensor, regionOf: RegionOf, lengthsOf: LengthsOf): Region | undefined {
  for (const [left, right] of eitherWay(value, "add")) {
    const rows = both(right, "matmul");
    if (!rows || !isWriteMask(rows[0], regionOf)) continue;
    const def = right.def as OpDef;
    if (def.attrs.transpose_x === true || def.attrs.transpose_y === true) continue;
    for (const [cache, kept] of eitherWay(left, "mul")) {
      const rest = both(kept, "sub");
      const sum = rest && isOp(rest[1], "reduce_sum");
      const isRest =
        rest &&
        isOne(rest[0]) &&
        sum &&
        operandsOf(sum)[0] === rows[0] &&
        axisOf1(sum) === rows[0].type.shape.length - 1;
      const isSame = cache.type.shape.every((n, axis) => n === value.type.shape[axis]);
      if (isRest && isSame) return keptOrNew(value, regionOf(cache), rows[1], { regionOf, lengthsOf });
    }
  }
  return undefined;
}

const isOne = ({ def, type }: Tensor): boolean => def.kind === "const" && sizeOf(type.shape) === 1 && def.data[0] === 1;

/** The axis of a reduction that keeps it, of size 1 or not. */
const axisOf1 = (def: OpDef): number | undefined =>
  def.attrs.keep_dims === true && axesOf(def).length === 1 ? axesOf(def)[0] : undefined;

/** Rows [.., T, dim] may come to any row of a cache [.., S, dim]. */
function keptOrNew(
  { type: { shape } }: Tensor,
  cache: Region,
  made: Tensor,
  { regionOf, lengthsOf }: { readonly regionOf: RegionOf; readonly lengthsOf: LengthsOf },
): Region | undefined {
  const rows = regionOf(made);
  const dim = shape.at(-1)!;
  const [slots, tokens] = [shape.at(-2)!, rows.shape.at(-2)!];
  const batches = sizeOf(shape) / (slots * dim);
  if (rows.shape.length !== shape.length || magnitudes(rows).length !== batches * tokens * dim) return undefined;
  const [low, high] = [Float64Array.from(cache.low), Float64Array.from(cache.high)];
  for (let b = 0; b < batches; b++)
    for (let i = 0; i < dim; i++) {
      let [least, most] = [0, 0];
      for (let t = 0; t < tokens; t++) {
        const at = (b * tokens + t) * dim + i;
        [least, most] = [Math.min(least, rows.low[at]!), Math.max(most, rows.high[at]!)];
      }
      for (let s = 0; s < slots; s++) {
        const at = (b * slots + s) * dim + i;
        [low[at], high[at]] = [Math.min(low[at]!, least), Math.max(high[at]!, most)];
      }
    }
  const more = lengthsOf(made, shape.length - 1);
  return { shape, low, high, lengths: more ? [longerOf(cache, rows, more, tokens)] : [] };
}

/** A row of a cache is as long as it was, or as the longest new one of its head. */
function longerOf(cache: Region, rows: Region, more: Float64Array, tokens: number): Lengths {
  const axis = cache.shape.length - 1;
  const slots = cache.shape[axis - 1]!;
  const fresh = lengthsAlong({ ...rows, lengths: [...rows.lengths, { p: 2, axis, most: more }] }, 2, axis);
  const most = lengthsAlong(cache, 2, axis);
  for (let row = 0; row < most.length; row++) {
    const head = Math.floor(row / slots);
    for (let t = 0; t < tokens; t++) most[row] = Math.max(most[row]!, fresh[head * tokens + t]!);
  }
  return { p: 2, axis, most };
}
