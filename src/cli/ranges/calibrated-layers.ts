/** The layers of a checkpoint run one after another on a prompt, in double precision, and what their numbers reach. */

import { checkMemory } from "../../api/memory.ts";
import { type Graph, schedule } from "../../dsl/graph.ts";
import { roundFp16 } from "../../dsl/number.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { sizeOf } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { Decoder } from "../../models/decoder.ts";
import { blockPositions, hostRows } from "../../models/host.ts";
import { decoderLayers } from "../../models/layers.ts";
import { wholeName } from "../../models/tensor-names.ts";
import type { RawArray } from "../../passes/kernels/raw.ts";
import { calibrate, type Reached } from "../../passes/ranges/calibrate.ts";
import { planOf } from "../../passes/run/plan.ts";
import { prepare } from "../../passes/run/run.ts";
import type { WeightStore } from "../../weights/store.ts";
import type { Io } from "../terminal/io.ts";
import { layerWeights, readMatrix } from "./layer-weights.ts";

/** What a layer reached. */
export interface CalibratedLayer extends Reached {
  readonly layer: number;
}

/**
 * The first `count` layers on the tokens of a prompt as one block, whose rows are all in double precision: nothing overflows on the way.
 * @throws UserError for ids outside the vocabulary, a prompt that is too long or a machine that is too small
 */
export async function calibratedLayers(
  decoder: Decoder,
  store: WeightStore,
  ids: readonly number[],
  count: number,
  io: Io,
): Promise<readonly CalibratedLayer[]> {
  const outside = ids.find((id) => id >= decoder.vocab);
  if (outside !== undefined)
    throw new UserError(`token ${outside} of the prompt is outside the vocabulary of ${decoder.vocab}`);
  const progress = io.progress("running the prompt");
  try {
    const layers: CalibratedLayer[] = [];
    let x = await embedded(decoder, store, ids);
    for (let layer = 0; layer < count; layer++) {
      progress.update(layer, count);
      io.signal.throwIfAborted();
      const seen = await runLayer(decoder, store, layer, x, ids.length);
      const found = calibrate(await layerWeights(decoder, layer, store), seen, ids.length);
      layers.push({ layer, ...found });
      x = seen.get("hidden")!;
    }
    return layers;
  } finally {
    progress.end();
  }
}

/** Rows of the embedding as the first layer is fed them, [d, tokens]. */
async function embedded(
  { hiddenSize: d, embeddingMultiplier: factor, ...decoder }: Decoder,
  store: WeightStore,
  ids: readonly number[],
): Promise<Float64Array> {
  const x = new Float64Array(d * ids.length);
  for (const [t, id] of ids.entries()) {
    const { data } = await readMatrix(store, wholeName(decoder, "embedding"), { rows: 1, columns: d, from: id });
    for (const [channel, value] of data.entries())
      x[channel * ids.length + t] = factor === 1 ? value : roundFp16(value * factor);
  }
  return x;
}

/** Every value of the layer's graph that has a name. */
async function runLayer(
  decoder: Decoder,
  store: WeightStore,
  layer: number,
  x: Float64Array,
  tokens: number,
): Promise<ReadonlyMap<string, Float64Array>> {
  const built = decoderLayers(decoder, { tokens, maxSeq: tokens }, { first: layer });
  const plan = planOf(built, { precision: "fp64" });
  checkMemory([plan], "running the prompt");
  const names = namesOf(built, plan.owners);
  const seen = new Map<string, Float64Array>();
  const executor = await prepare([plan], store.stream);
  try {
    executor.run(plan, inputsOf(built, decoder, x, tokens), (value, { data }) => {
      for (const name of names.get(value) ?? []) seen.set(name, Float64Array.from(data));
    });
    return seen;
  } finally {
    await executor.close();
  }
}

/** The names of values by what is computed: some only show another's elements. */
function namesOf(built: Graph, owners: ReadonlyMap<Tensor, Tensor>): ReadonlyMap<Tensor, readonly string[]> {
  const names = new Map<Tensor, string[]>();
  for (const value of schedule(built)) {
    if (value.name === undefined) continue;
    const owner = owners.get(value) ?? value;
    names.set(owner, [...(names.get(owner) ?? []), value.name]);
  }
  return names;
}

/** All tokens from position 0 on, and empty caches. */
function inputsOf(built: Graph, decoder: Decoder, x: Float64Array, tokens: number): Readonly<Record<string, RawArray>> {
  const positions = blockPositions(0, tokens, tokens);
  const inputs = built.inputs.map(({ name = "", type }): readonly [string, RawArray] => {
    const rows = name === "x" ? x : hostRows(decoder, name, positions, tokens)?.data.map(roundFp16);
    if (!rows) throw new Error(`ranges: nothing is known of input "${name}"`);
    return [name, { ...type, data: rows }];
  });
  const states = built.states.map(({ name, entry: { type } }): readonly [string, RawArray] => [
    name,
    { ...type, data: new Float64Array(sizeOf(type.shape)) },
  ]);
  return Object.fromEntries([...inputs, ...states]);
}
