/** Whether stored weights are finite, which a proof assumes (P7): looked at where the weights are at hand. */
import { type Graph, schedule } from "../dsl/graph.ts";
import type { DType } from "../dsl/type.ts";
import { sourceName } from "../dsl/weight-source.ts";
import type { WeightStore } from "./store.ts";

/** A weight with values that are not finite. */
export interface NotFinite {
  /** The author's name or the tensor's; of a package the op's value. */
  readonly name: string;
  /** How many of its values are NaN or infinite. */
  readonly count: number;
}

/** Streams every weight of the graph once. @throws UserError where a weight cannot be read */
export async function notFiniteWeights(graph: Graph, store: WeightStore): Promise<readonly NotFinite[]> {
  const found: NotFinite[] = [];
  for (const { def, type, name } of schedule(graph)) {
    if (def.kind !== "weight" || (type.dtype !== "fp16" && type.dtype !== "fp32")) continue;
    let count = 0;
    for await (const chunk of store.stream(def.source, type)) count += countNotFinite(type.dtype, chunk);
    const own = def.source.from === "checkpoint" ? sourceName(def.source) : `the weight at ${def.source.offset}`;
    if (count > 0) found.push({ name: name ?? own, count });
  }
  return found;
}

/** Values of little-endian fp16 or fp32 whose exponent is all ones. A chunk holds whole elements. */
function countNotFinite(dtype: DType, chunk: Uint8Array): number {
  const [bytes, high] = dtype === "fp16" ? [2, 0x7c] : [4, 0x7f];
  let count = 0;
  for (let k = bytes - 1; k < chunk.length; k += bytes) {
    // The exponent lies in the last byte, and of fp32 in one bit of the byte before.
    if ((chunk[k]! & high) === high && (bytes === 2 || (chunk[k - 1]! & 0x80) !== 0)) count++;
  }
  return count;
}
