/** Writing the rows of a block into a KV cache [1, kvHeads, maxSeq, headDim]. */
import { refuseAt, tensorGiven } from "../../dsl/given/tensors.ts";
import { choiceGiven, fieldsGiven, type Refuse, wholeGiven } from "../../dsl/given/values.ts";
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

/** What a slot of each write holds besides. */
const HELD = {
  blend: ["mask", "kept"],
  select: ["mask", "written"],
  slice_update: ["begin", "end"],
  scatter: ["position"],
  scatter_along_axis: ["position"],
} as const satisfies Readonly<Record<Slot["write"], readonly string[]>>;
const WRITES = Object.keys(HELD) as readonly Slot["write"][];

/** Sizes of one cache [1, kvHeads, maxSeq, headDim] and of the block of `tokens` rows that enters it. */
export interface CacheSizes {
  readonly tokens: number;
  readonly maxSeq: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** The graph input that says where the rows go, and what the writes need of it. @throws GraphError for no such write, or no sizes */
export function declareSlot(write: Slot["write"], sizes: CacheSizes): { readonly place: Tensor; readonly slot: Slot } {
  const no = refuseAt("declareSlot", declareSlot);
  choiceGiven(write, "the write", WRITES, no);
  const given = fieldsGiven(sizes, "the sizes", no);
  for (const size of ["tokens", "maxSeq", "kvHeads", "headDim"]) wholeGiven(given[size], size, 1, undefined, no);
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

/**
 * The cache with the block's rows [1, kvHeads, T, headDim] in their places, and everything else as it was.
 * @throws GraphError where one of them is no such value, or the slot none
 */
export function writeRows(cache: Value, rows: Value, slot: Slot): Value {
  checkWrite(cache, rows, slot, refuseAt("writeRows", writeRows));
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

function checkWrite(cache: unknown, rows: unknown, slot: unknown, no: Refuse): void {
  tensorGiven(cache, "the cache", no, { dtype: "fp16", rank: 4 });
  tensorGiven(rows, "the rows", no, { dtype: "fp16", rank: 4 });
  const given = fieldsGiven(slot, "the slot", no);
  const write = choiceGiven(given.write, "the write of the slot", WRITES, no);
  for (const part of HELD[write]) tensorGiven(given[part], `${part} of the slot`, no);
}
