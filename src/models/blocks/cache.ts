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
} from "../../dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../dsl/tensor.ts";
import type { Shape } from "../../dsl/type.ts";

type Value = Tensor<Shape, "fp16">;
type Whole = Tensor<Shape, "int32">;

/** Where the rows of a block go, ready for the caches of all layers. */
export type Slot =
  | { readonly write: "blend"; readonly mask: Value; readonly kept: Value }
  | { readonly write: "select"; readonly mask: Value; readonly written: Tensor<Shape, "bool"> }
  | { readonly write: "slice_update"; readonly begin: Whole; readonly end: Whole }
  | { readonly write: "scatter" | "scatter_along_axis"; readonly position: Whole };

/** Sizes of one cache [1, kvHeads, maxSeq, headDim] and of the block of `tokens` rows that enters it. */
export interface CacheSizes {
  readonly tokens: number;
  readonly maxSeq: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** The graph input that says where the rows go, and what the writes need of it. */
export function declareSlot(write: Slot["write"], sizes: CacheSizes): { readonly place: Tensor; readonly slot: Slot } {
  if (write === "blend" || write === "select") return slotByMask(write, sizes);
  return slotByPosition(write, sizes);
}

/** `kv_write_mask` [1, 1, maxSeq, T]: the column of each token is 1 at its row and 0 elsewhere. */
function slotByMask(write: "blend" | "select", { tokens, maxSeq }: CacheSizes) {
  const mask: Value = input("kv_write_mask", [1, 1, maxSeq, tokens], "fp16", { role: "write_mask" });
  const count: Value = reduce_sum(mask, { axes: [3], keep_dims: true });
  const slot: Slot =
    write === "blend" ? { write, mask, kept: sub(1, count) } : { write, mask, written: greater(count, 0.5) };
  return { place: mask, slot };
}

/** `position`, int32: the row of each token [T]; for slice_update that of the first one [1], the others follow it. */
function slotByPosition(write: Exclude<Slot["write"], "blend" | "select">, sizes: CacheSizes) {
  const { tokens, kvHeads, headDim } = sizes;
  const position: Whole = input("position", [write === "slice_update" ? 1 : tokens], "int32", { role: "position" });
  if (write === "scatter") return { place: position, slot: { write, position } };
  if (write === "scatter_along_axis") {
    const column = reshape(position, { shape: [1, 1, tokens, 1] });
    return { place: position, slot: { write, position: tile(column, { reps: [1, kvHeads, 1, headDim] }) as Whole } };
  }
  const corner = (before: readonly number[], row: Whole, after: number): Whole =>
    concat([constant(before, [2], "int32"), row, constant([after], [1], "int32")], { axis: 0 });
  const end = corner([1, kvHeads], add(position, tokens), headDim);
  return { place: position, slot: { write, begin: corner([0, 0], position, 0), end } };
}

/** The cache with the block's rows [1, kvHeads, T, headDim] in their places, and everything else as it was. */
export function writeRows(cache: Value, rows: Value, slot: Slot): Value {
  switch (slot.write) {
    case "blend": // exact in fp16: every factor is 0 or 1
      return add(mul(cache, slot.kept), matmul(slot.mask, rows));
    case "select":
      return select(slot.written, matmul(slot.mask, rows), cache);
    case "slice_update":
      return slice_update(cache, rows, slot.begin, slot.end);
    case "scatter":
      return scatter(cache, slot.position, rows, { axis: 2, mode: "update" });
    case "scatter_along_axis":
      return scatter_along_axis(cache, slot.position, rows, { axis: 2, mode: "update" });
  }
}
