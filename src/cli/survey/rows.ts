/** What `graphc survey` feeds: host data for a few blocks that share their cache, and rows of the embedding. */

import { twinsOf } from "../../dsl/host/twins.ts";
import { fp16Bits, fp16Value, roundFp16 } from "../../dsl/number.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { Decoder } from "../../models/decoder.ts";
import { wholeName } from "../../models/tensor-names.ts";
import { feed } from "../../passes/parity/feeds.ts";
import type { Rows } from "../../passes/survey/norms.ts";
import type { Arrays } from "../../weights/safetensors/arrays.ts";
import type { WeightStore } from "../../weights/store.ts";
import type { Args } from "../options/command.ts";
import type { OpenPair } from "../subject/pair.ts";

/** How many blocks are run. */
export const BLOCKS = 4;
/** Elements of the embedding in memory at a time. */
const BATCH = 2 ** 20;

type Sizes = Pick<Decoder, "vocab" | "hiddenSize" | "embeddingMultiplier" | "postNorms">;

/** The input that is fed rows of the embedding. */
export const EMBEDDED = "x";

/** What inputs are made for. */
export type FedPair = Pick<OpenPair, "block" | "step" | "given" | "config" | "storedWeights">;

/** Whether the rows are embeddings: the first layer of a model whose checkpoint is given. */
export const isEmbedded = (pair: FedPair, args: Args): boolean =>
  pair.config !== undefined && pair.storedWeights && args.whole("layer") === 0;

/** Ids of the tokens whose embeddings the blocks are fed, in their order, spread evenly over the vocabulary. */
export function sampledTokens(pair: FedPair, args: Args): readonly number[] {
  const all = BLOCKS * args.whole("tokens");
  return Array.from({ length: all }, (_, n) => Math.floor(((n + 0.5) * pair.config!.vocab) / all));
}

/** Zeros for every state of the block. */
export const zeroStates = ({ block }: OpenPair): Arrays =>
  Object.fromEntries(
    block.states.map(({ name, entry: { type } }) => [
      name,
      { ...type, data: new Uint16Array(type.shape.reduce((n, size) => n * size, 1)) },
    ]),
  );

/** What every input of the block is fed at call number `block` of `blocks`. @throws UserError when the cache is too small */
export async function blockInputs(
  pair: FedPair,
  store: WeightStore,
  args: Args,
  block: number,
  blocks = BLOCKS,
): Promise<Arrays> {
  const { roles, slots: maxSeq = Number.MAX_SAFE_INTEGER } = twinsOf(pair.block, pair.step, pair.given);
  const tokens = args.whole("tokens");
  if (tokens * blocks > maxSeq)
    throw new UserError(`${blocks} blocks of ${tokens} tokens do not fit --max-seq ${maxSeq}`);
  const first = block * tokens;
  const source = { seed: args.whole("seed"), roles, maxSeq, ...(pair.config ? { config: pair.config } : {}) };
  const inputs = feed(pair.block, source, {
    rows: Array.from({ length: tokens }, (_, t) => first + t),
    committed: new Set(Array.from({ length: first }, (_, row) => row)),
    stream: first,
  });
  if (!isEmbedded(pair, args)) return inputs;
  const ids = sampledTokens(pair, args).slice(first, first + tokens);
  return { ...inputs, [EMBEDDED]: await embeddings(pair.config!, store, ids) };
}

/** The whole embedding in the order of the tokens' ids, as many rows at a time as have `batch` elements, at least one. */
export async function* vocabulary(config: Sizes, store: WeightStore, batch = BATCH): AsyncGenerator<Rows> {
  const { vocab, hiddenSize: d } = config;
  const most = Math.max(1, Math.floor(batch / d));
  for (let first = 0; first < vocab; first += most) {
    const count = Math.min(most, vocab - first);
    const data = new Uint16Array(d * count);
    await readRows({ config, store, first, count }, (row, channel, bits) => {
      data[channel * count + row] = bits;
    });
    yield { dtype: "fp16", shape: [1, d, count, 1], data };
  }
}

/** The embeddings of some tokens as x [1, d, T, 1]. */
async function embeddings(config: Sizes, store: WeightStore, ids: readonly number[]): Promise<Rows> {
  const d = config.hiddenSize;
  const data = new Uint16Array(d * ids.length);
  for (const [t, first] of ids.entries())
    await readRows({ config, store, first, count: 1 }, (_, channel, bits) => {
      data[channel * ids.length + t] = bits;
    });
  return { dtype: "fp16", shape: [1, d, ids.length, 1], data };
}

interface RowRange {
  readonly config: Sizes;
  readonly store: WeightStore;
  readonly first: number;
  readonly count: number;
}

/** Hands out every element of some rows of the embedding, as the first layer is fed it. A chunk of the store holds whole elements. */
async function readRows(
  { config, store, first, count }: RowRange,
  take: (row: number, channel: number, bits: number) => void,
): Promise<void> {
  const d = config.hiddenSize;
  const source = { from: "checkpoint", tensor: wholeName(config, "embedding"), rows: [first, first + count] } as const;
  const { embeddingMultiplier: factor } = config;
  const fed = (bits: number): number => (factor === 1 ? bits : fp16Bits(roundFp16(fp16Value(bits) * factor)));
  let n = 0;
  for await (const chunk of store.stream(source, { dtype: "fp16", shape: [count, d] })) {
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let i = 0; i < chunk.byteLength; i += 2, n++) take(Math.floor(n / d), n % d, fed(view.getUint16(i, true)));
  }
}
