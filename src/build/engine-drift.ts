/** What exponents cost under the engine's arithmetic: layers with and without them beside the same in fp64, one layer in memory at a time. */
import { fp16Value } from "../dsl/number.ts";
import type { Decoder } from "../models/decoder.ts";
import { residualOf } from "../models/exponents.ts";
import { headGraph } from "../models/head.ts";
import { decoderLayers } from "../models/layers.ts";
import type { Arithmetic } from "../passes/kernels/arithmetic.ts";
import type { Tally } from "../passes/kernels/engine/tally.ts";
import type { RawArray } from "../passes/kernels/raw.ts";
import { planOf } from "../passes/run/plan.ts";
import { prepare } from "../passes/run/run.ts";
import type { WeightStore } from "../weights/store.ts";
import { divergenceOf } from "./host/drift.ts";
import { embeddedColumns, fedBlock, middleOf } from "./layer-rows.ts";

/** What is run. */
export interface EngineDriftJob {
  /** With its exponents. */
  readonly decoder: Decoder;
  readonly store: WeightStore;
  /** Layers [first, first + count). */
  readonly first: number;
  readonly count: number;
  /** Whether the head follows, and its logits are compared too. */
  readonly head: boolean;
  /** The tokens of the one block; some from the middle of the vocabulary when absent. */
  readonly ids?: readonly number[];
  readonly signal?: AbortSignal;
  onProgress?(done: number, total: number): void;
  /** Is told what became of the products of each decoder in its layers. */
  tally?(decoder: Decoder, tally: Tally): void;
}

/** How far the engine is from fp64 on the same weights. */
export interface EngineDrift {
  readonly tokens: number;
  readonly plain: Drifted;
  readonly safe: Drifted;
}

/** One of both ways. */
export interface Drifted {
  /** ‖engine − fp64‖ / ‖fp64‖ of the hidden rows behind the last layer; no finite number where the engine's are none. */
  readonly hidden: number;
  /** KL(fp64 ‖ engine) of the logits in the mean and behind each token, in nats, and at how many tokens both find the same likeliest; with the head alone. */
  readonly logits?: { readonly kl: number; readonly same: number; readonly each: readonly number[] };
}

/** Rows of the head are run so many elements at a time. */
const AT_ONCE = 2 ** 24;

interface Way {
  readonly decoder: Decoder;
  readonly precision: Arithmetic;
  x: RawArray;
  readonly logits: Float64Array[];
}

/** Rows of the embedding go through the layers, at positions from 0 on. @throws UserError for what the store refuses */
export async function engineDrift(job: EngineDriftJob): Promise<EngineDrift> {
  const { exponents: _, ...without } = job.decoder;
  const { tokens, drifts } = await engineDrifts(job, [without, job.decoder]);
  const [plain, safe] = drifts as readonly [Drifted, Drifted];
  return { tokens, plain, safe };
}

/** The same of any decoders that differ from the job's in their exponents alone, each beside fp64 without. @throws UserError for what the store refuses */
export async function engineDrifts(
  job: EngineDriftJob,
  decoders: readonly Decoder[],
): Promise<{ readonly tokens: number; readonly drifts: readonly Drifted[] }> {
  const { decoder, store, first, count, signal, onProgress } = job;
  const { exponents: _, ...plain } = decoder;
  const ids = job.ids ?? middleOf(decoder);
  const tokens = ids.length;
  const way = async (of: Decoder, precision: Arithmetic): Promise<Way> => ({
    decoder: of,
    precision,
    x: await embeddedColumns(of, store, ids),
    logits: Array.from({ length: tokens }, () => new Float64Array(decoder.vocab)),
  });
  const ways = [await way(plain, "fp64")];
  for (const one of decoders) ways.push(await way(one, "engine"));
  const step = Math.max(1, Math.floor(AT_ONCE / decoder.hiddenSize));
  const heads = job.head ? Math.ceil(decoder.vocab / step) : 0;
  for (let k = 0; k < count; k++) {
    signal?.throwIfAborted();
    await throughLayer(ways, job, first + k, tokens);
    onProgress?.(k + 1, count + heads);
  }
  for (let k = 0; k < heads; k++) {
    signal?.throwIfAborted();
    const range = { begin: k * step, end: Math.min((k + 1) * step, decoder.vocab) };
    await throughHead(ways, store, range, tokens);
    onProgress?.(count + k + 1, count + heads);
  }
  const [reference, ...engines] = ways;
  return { tokens, drifts: engines.map((one) => drifted(reference!, one, job.head)) };
}

async function throughLayer(
  ways: readonly Way[],
  { store, tally }: EngineDriftJob,
  layer: number,
  tokens: number,
): Promise<void> {
  const maxSeq = tokens + 1;
  const graphs = ways.map(({ decoder }) => decoderLayers(decoder, { tokens, maxSeq }, { first: layer }));
  const plans = graphs.map((graph, k) => {
    const { decoder, precision } = ways[k]!;
    return planOf(graph, { precision, ...(tally ? { tally: (_, own) => tally(decoder, own) } : {}) });
  });
  const executor = await prepare(plans, store.stream);
  try {
    for (const [k, way] of ways.entries())
      way.x = executor.run(plans[k]!, fedBlock(graphs[k]!, way.decoder, way.x, { tokens, maxSeq })).outputs.hidden!;
  } finally {
    await executor.close();
  }
}

async function throughHead(
  ways: readonly Way[],
  store: WeightStore,
  range: { readonly begin: number; readonly end: number },
  tokens: number,
): Promise<void> {
  const plans = ways.map(({ decoder, precision }) => planOf(headGraph(decoder, range), { precision }));
  const executor = await prepare(plans, store.stream);
  try {
    for (const [k, { x, logits }] of ways.entries())
      for (let t = 0; t < tokens; t++) {
        const data = x.data.filter((_, at) => at % tokens === t);
        const hidden: RawArray = { dtype: "fp16", shape: [1, data.length, 1, 1], data };
        logits[t]!.set(numbersOf(executor.run(plans[k]!, { hidden }).outputs.logits!), range.begin);
      }
  } finally {
    await executor.close();
  }
}

const numbersOf = ({ data }: RawArray): Float64Array =>
  data instanceof Uint16Array ? Float64Array.from(data, fp16Value) : Float64Array.from(data);

function drifted(reference: Way, engine: Way, head: boolean): Drifted {
  const [exact, held] = [numbersOf(reference.x), numbersOf(engine.x)];
  const large = 2 ** residualOf(engine.decoder);
  const [off, all] = [
    exact.reduce((sum, x, k) => sum + (held[k]! * large - x) ** 2, 0),
    exact.reduce((sum, x) => sum + x ** 2, 0),
  ];
  const hidden = Math.sqrt(off / all);
  if (!head) return { hidden };
  const each = reference.logits.map((row, t) => divergenceOf(row, engine.logits[t]!));
  return {
    hidden,
    logits: {
      kl: each.reduce((sum, { kl }) => sum + kl, 0) / each.length,
      same: each.filter(({ same }) => same).length,
      each: each.map(({ kl }) => kl),
    },
  };
}
