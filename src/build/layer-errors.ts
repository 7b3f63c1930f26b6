/** What quantising costs each layer: its output in fewer bits against its output in fp16, on the same rows, one layer in memory at a time. */
import type { Graph } from "../dsl/graph.ts";
import { fp16Value } from "../dsl/number.ts";
import { decoderLayers } from "../models/layers.ts";
import type { RawArray } from "../passes/kernels/raw.ts";
import { planOf } from "../passes/run/plan.ts";
import { prepare } from "../passes/run/run.ts";
import type { WeightStore } from "../weights/store.ts";
import { embeddedColumns, fedBlock, middleOf } from "./layer-rows.ts";
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

/**
 * Each layer is fed what the fp16 layers before it made of rows of the embedding, from the middle of the vocabulary.
 * @throws UserError for what the store refuses
 */
export async function layerErrors(job: LayerErrorJob): Promise<readonly LayerError[]> {
  const { plan, store, signal, onProgress } = job;
  const { decoder, settings } = plan;
  const ids = middleOf(decoder);
  const sizes = { tokens: ids.length, maxSeq: ids.length + 1 };
  let x = await embeddedColumns(decoder, store, ids);
  const errors: LayerError[] = [];
  for (let layer = 0; layer < decoder.layers; layer++) {
    signal?.throwIfAborted();
    const graph = decoderLayers(decoder, sizes, { first: layer, count: 1 });
    const fed = fedBlock(graph, decoder, x, sizes);
    const plain = await outputOf(graph, fed, store);
    const packed = await outputOf(storedAs(settings.quantize, graph), fed, store);
    const off = distance(packed, plain);
    errors.push({ layer, output: share(off, distance(plain)), added: share(off, distance(plain, x)) });
    x = plain;
    onProgress?.(layer + 1, decoder.layers);
  }
  return errors;
}

/** Its memory is given back. */
async function outputOf(graph: Graph, fed: Readonly<Record<string, RawArray>>, store: WeightStore): Promise<RawArray> {
  const plan = planOf(graph);
  const executor = await prepare([plan], store.stream);
  try {
    return executor.run(plan, fed).outputs.hidden!;
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
