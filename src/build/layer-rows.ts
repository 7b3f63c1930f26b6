/** What layers are run on to see what is lost: rows of the embedding, as one block from position 0 on, beside caches of zeros. */
import type { Graph } from "../dsl/graph.ts";
import { sizeOf } from "../dsl/type.ts";
import type { Decoder } from "../models/decoder.ts";
import { blockPositions, fp16Rows, hostRows } from "../models/host.ts";
import type { RawArray } from "../passes/kernels/raw.ts";
import type { WeightStore } from "../weights/store.ts";
import { embeddingSource } from "./embedding.ts";

/** How many tokens, where the vocabulary has as many. */
const TOKENS = 8;

/** Tokens from the middle of the vocabulary. */
export function middleOf({ vocab }: Pick<Decoder, "vocab">): readonly number[] {
  const count = Math.min(TOKENS, vocab);
  return Array.from({ length: count }, (_, t) => Math.floor((vocab - count) / 2) + t);
}

/** Columns [1, d, T, 1] of the embedding, as its file would hold them. @throws UserError for what the store refuses */
export async function embeddedColumns(decoder: Decoder, store: WeightStore, ids: readonly number[]): Promise<RawArray> {
  const { hiddenSize: width } = decoder;
  const data = new Uint16Array(width * ids.length);
  for (const [t, id] of ids.entries()) {
    const source = { ...embeddingSource(decoder), rows: [id, id + 1] as const };
    let at = 0;
    for await (const chunk of store.stream(source, { dtype: "fp16", shape: [1, width] })) {
      const bits = new Uint16Array(chunk.buffer, chunk.byteOffset, chunk.byteLength / 2);
      for (const half of bits) data[at++ * ids.length + t] = half;
    }
  }
  return { dtype: "fp16", shape: [1, width, ids.length, 1], data };
}

/** Everything that a graph of layers is fed: hidden rows x of a block of `tokens`, and what a host of `maxSeq` cache rows gives beside them. */
export function fedBlock(
  graph: Graph,
  decoder: Decoder,
  x: RawArray,
  { tokens, maxSeq }: { readonly tokens: number; readonly maxSeq: number },
): Readonly<Record<string, RawArray>> {
  const positions = blockPositions(0, tokens, maxSeq);
  const inputs = graph.inputs.map(({ name, type }): [string, RawArray] => {
    const rows = hostRows(decoder, name!, positions, maxSeq);
    return [name!, rows ? { ...type, data: fp16Rows(rows) } : x];
  });
  const states = graph.states.map(({ name, entry: { type } }): [string, RawArray] => [
    name,
    { ...type, data: new Uint16Array(sizeOf(type.shape)) },
  ]);
  return Object.fromEntries([...inputs, ...states]);
}
