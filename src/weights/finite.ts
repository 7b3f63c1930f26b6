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

/** Streams every weight of the graphs, equal bytes of two packages once. @throws UserError where a weight cannot be read */
export async function notFiniteWeights(graphs: readonly Graph[], store: WeightStore): Promise<readonly NotFinite[]> {
  const found: NotFinite[] = [];
  const looked = new Set<string>();
  for (const { def, type, name } of graphs.flatMap(schedule)) {
    if (def.kind !== "weight" || (type.dtype !== "fp16" && type.dtype !== "fp32")) continue;
    if (def.source.from === "package") {
      const contents = `${type.dtype} ${def.source.sha256}`;
      if (looked.has(contents)) continue;
      looked.add(contents);
    }
    let count = 0;
    for await (const chunk of store.stream(def.source, type)) count += countNotFinite(type.dtype, chunk);
    const own = def.source.from === "checkpoint" ? sourceName(def.source) : `the weight at ${def.source.offset}`;
    if (count > 0) found.push({ name: name ?? own, count });
  }
  return found;
}

/** Values of little-endian fp16 or fp32 whose exponent is all ones. A chunk holds whole elements. */
function countNotFinite(dtype: DType, chunk: Uint8Array): number {
  if (dtype === "fp16" && areFiniteHalves(chunk)) return 0;
  const [bytes, high] = dtype === "fp16" ? [2, 0x7c] : [4, 0x7f];
  let count = 0;
  for (let k = bytes - 1; k < chunk.length; k += bytes) {
    // The exponent lies in the last byte, and of fp32 in one bit of the byte before.
    if ((chunk[k]! & high) === high && (bytes === 2 || (chunk[k - 1]! & 0x80) !== 0)) count++;
  }
  return count;
}

/** Whether all are finite fp16 numbers, two at a time; false also where the bytes do not lie so that they can be read in twos. */
function areFiniteHalves(chunk: Uint8Array): boolean {
  if (chunk.byteOffset % 4 !== 0 || chunk.length % 4 !== 0) return false;
  const pairs = new Uint32Array(chunk.buffer, chunk.byteOffset, chunk.length / 4);
  let carried = 0;
  // An exponent of all ones, and no other, carries one into the place of its sign.
  for (let k = 0; k < pairs.length; k++) carried |= (pairs[k]! & 0x7c007c00) + 0x04000400;
  return (carried & 0x80008000) === 0;
}
