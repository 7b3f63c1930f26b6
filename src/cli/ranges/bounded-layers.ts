/** Bounds of a checkpoint's layers, one after another. */
import { availableParallelism } from "node:os";
import { checkLayer } from "../../models/config.ts";
import type { Decoder } from "../../models/decoder.ts";
import { gramMachine } from "../../passes/kernels/gram-run.ts";
import type { GramOf } from "../../passes/ranges/eigen.ts";
import { layerBounds } from "../../passes/ranges/layer.ts";
import type { WeightStore } from "../../weights/store.ts";
import type { Io } from "../terminal/io.ts";
import { layerWeights } from "./layer-weights.ts";
import type { BoundedLayer } from "./report.ts";

/** The layers that are wanted. @throws UserError for one that is not there, and for what the weights refuse */
export async function boundedLayers(
  decoder: Decoder,
  store: WeightStore,
  wanted: readonly number[],
  io: Io,
): Promise<readonly BoundedLayer[]> {
  for (const layer of wanted) checkLayer(decoder, layer);
  const columns = Math.max(decoder.hiddenSize, decoder.headDim);
  const machine = gramMachine(columns, Math.min(2, availableParallelism()));
  const gramOf: GramOf = (rows, columns, write) => ({
    n: columns,
    data: machine.gram(rows, columns, write),
    error: machine.error(rows),
  });
  const progress = io.progress("bounding layers");
  try {
    const layers: BoundedLayer[] = [];
    for (const layer of wanted) {
      progress.update(layers.length, wanted.length);
      io.signal.throwIfAborted();
      layers.push({ layer, found: layerBounds(await layerWeights(decoder, layer, store), gramOf) });
    }
    return layers;
  } finally {
    progress.end();
    await machine.close();
  }
}
