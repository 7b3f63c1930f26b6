/** Writing the rows of a block into a KV cache [1, kvHeads, maxSeq, headDim]. */
import {
  add,
  concat,
  greater,
  matmul,
  mul,
  reduce_sum,
  reshape,
  scatter,
  scatter_along_axis,
  select,
  slice_update,
  sub,
  tile,
} from "../ops/index.ts";
import { constant, type Tensor } from "../tensor.ts";
import type { Shape } from "../type.ts";

type Value = Tensor<Shape, "fp16">;
type Positions = Tensor<Shape, "int32">;

/** How the rows of a block enter the cache, with the input that says where. */
export type Slot =
  /** `mask` [1, 1, maxSeq, T]: column t is one-hot at the row of token t. */
  | { readonly write: "blend" | "select"; readonly mask: Value }
  /** `position`: the row of each token [T]; for slice_update of the first one [1], the others follow it. */
  | { readonly write: "slice_update" | "scatter" | "scatter_along_axis"; readonly position: Positions };

/** The cache with the block's rows [1, kvHeads, T, headDim] in their places, and everything else as it was. */
export function writeRows(cache: Value, rows: Value, slot: Slot): Value {
  switch (slot.write) {
    case "blend":
      return blend(cache, rows, slot.mask);
    case "select":
      return select(greater(written(slot.mask), 0.5), matmul(slot.mask, rows), cache);
    case "slice_update":
      return writeBox(cache, rows, slot.position);
    case "scatter":
      return scatter(cache, slot.position, rows, { axis: 2, mode: "update" });
    case "scatter_along_axis":
      return scatter_along_axis(cache, everywhere(slot.position, rows), rows, { axis: 2, mode: "update" });
  }
}

/** cache · (1 − Σₜ mask) + mask · rows. Exact in fp16: every factor is 0 or 1. */
export function blend<S extends Shape>(cache: Tensor<S, "fp16">, rows: Value, mask: Value): Tensor<S, "fp16"> {
  const kept: Value = mul(cache, sub(1, written(mask)));
  return add(kept, matmul(mask, rows)) as Tensor<S, "fp16">;
}

/** 1 for each cache row that some token writes, else 0: [1, 1, maxSeq, 1]. */
const written = (mask: Value): Value => reduce_sum(mask, { axes: [3], keep_dims: true });

function writeBox(cache: Value, rows: Value, position: Positions): Value {
  const [, heads, tokens, dim] = rows.type.shape as readonly [number, number, number, number];
  const corner = (before: readonly number[], row: Positions, after: number): Positions =>
    concat([constant(before, [2], "int32"), row, constant([after], [1], "int32")], { axis: 0 });
  return slice_update(cache, rows, corner([0, 0], position, 0), corner([1, heads], add(position, tokens), dim));
}

/** The row of each token, repeated for every head and dim. */
function everywhere(position: Positions, rows: Value): Positions {
  const [, heads, tokens, dim] = rows.type.shape as readonly [number, number, number, number];
  return tile(reshape(position, { shape: [1, 1, tokens, 1] }), { reps: [1, heads, 1, dim] });
}
