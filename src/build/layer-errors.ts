/** What quantising costs each layer: its output in fewer bits against its output in fp16, on the same rows, one layer in memory at a time. */
import type { Graph } from "../dsl/graph.ts";
import { fp16Value } from "../dsl/number.ts";
import { sizeOf } from "../dsl/type.ts";
import { decoderLayers } from "../models/layers.ts";
import type { RawArray } from "../passes/kernels/raw.ts";
import { planOf } from "../passes/run/plan.ts";
import { prepare } from "../passes/run/run.ts";
import type { WeightStore } from "../weights/store.ts";
import { embeddingSource } from "./embedding.ts";
import { columnsOf, feedsOf } from "./host/feeds.ts";
import type { BuildPlan } from "./plan.ts";
import { storedAs } from "./quantize.ts";

/** Lengths are over all rows that were fed. */
export interface LayerError {
  readonly layer: number;
  /** ‖quantised − fp16‖ / ‖fp16‖ of the output. */
  readonly output: number;
  /** The same difference relative to what the layer adds to its input, which the output is mostly. */
  readonly added: number;
}

/** What layers are run with. */
export interface LayerErrorJob {
  readonly plan: BuildPlan;
  /** It gives the parts of quantised weights. */
  readonly store: WeightStore;
  readonly signal?: AbortSignal;
  onProgress?(done: number, total: number): void;
}

/** Tokens of the one block, at positions from 0 on. */
const TOKENS = 8;

/**
 * Each layer is fed what the fp16 layers before it made of rows of the embedding, from the middle of the vocabulary.
 * @throws UserError for what the store refuses
 */
export async function layerErrors(job: LayerErrorJob): Promise<readonly LayerError[]> {
  const { plan, store, signal, onProgress } = job;
  const { decoder, settings } = plan;
  const [tokens, maxSeq] = [Math.min(TOKENS, decoder.vocab), TOKENS + 1];
  const { hiddenSize: width, rotaryDims: ropeDims, ropeTheta: ropeBase } = decoder;
  const sizes = { block: tokens, width, maxSeq, ropeDims, ropeBase };
  const feeds = feedsOf(sizes, tokens, 0);
  let x = columnsOf(sizes, await embeddingRows(job, tokens));
  const errors: LayerError[] = [];
  for (let layer = 0; layer < decoder.layers; layer++) {
    signal?.throwIfAborted();
    const graph = decoderLayers(decoder, { tokens, maxSeq }, { first: layer, count: 1 });
    const plain = await outputOf(graph, { ...feeds, x }, store);
    const packed = await outputOf(storedAs(settings.quantize, graph), { ...feeds, x }, store);
    const off = distance(packed, plain);
    errors.push({ layer, output: share(off, distance(plain)), added: share(off, distance(plain, x)) });
    x = plain;
    onProgress?.(layer + 1, decoder.layers);
  }
  return errors;
}

async function embeddingRows({ plan, store }: LayerErrorJob, count: number): Promise<readonly Uint16Array[]> {
  const { vocab, hiddenSize: width } = plan.decoder;
  const begin = Math.floor((vocab - count) / 2);
  const source = { ...embeddingSource(plan.decoder), rows: [begin, begin + count] as const };
  const bytes: Uint8Array[] = [];
  for await (const chunk of store.stream(source, { dtype: "fp16", shape: [count, width] })) bytes.push(chunk.slice());
  const all = new Uint16Array(new Uint8Array(Buffer.concat(bytes)).buffer);
  return Array.from({ length: count }, (_, t) => all.subarray(t * width, (t + 1) * width));
}

/** With caches of zeros; its memory is given back. */
async function outputOf(
  graph: Graph,
  feeds: Readonly<Record<string, RawArray>>,
  store: WeightStore,
): Promise<RawArray> {
  const plan = planOf(graph);
  const executor = await prepare([plan], store.stream);
  try {
    const states = graph.states.map(({ name, entry: { type } }): [string, RawArray] => [
      name,
      { ...type, data: new Uint16Array(sizeOf(type.shape)) },
    ]);
    return executor.run(plan, { ...feeds, ...Object.fromEntries(states) }).outputs.hidden!;
  } finally {
    await executor.close();
  }
}

/** ‖a − b‖, or ‖a‖. */
const distance = (a: RawArray, b?: RawArray): number =>
  Math.sqrt(
    Array.from(a.data, (x, i) => fp16Value(x) - (b ? fp16Value(b.data[i]!) : 0)).reduce((s, d) => s + d * d, 0),
  );

const share = (off: number, whole: number): number => (off === 0 ? 0 : off / whole);
