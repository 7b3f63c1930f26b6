/** `graphc ranges`: what a checkpoint's weights guarantee for every input. */
import { availableParallelism } from "node:os";
import { UserError } from "../../dsl/user-error.ts";
import { checkLayer } from "../../models/config.ts";
import { readDecoder } from "../../models/config-read.ts";
import { checkTensors } from "../../models/config-tensors.ts";
import type { Decoder } from "../../models/decoder.ts";
import { gramMachine } from "../../passes/kernels/gram-run.ts";
import type { GramOf } from "../../passes/ranges/eigen.ts";
import { broken, layerBounds, QUANTITIES } from "../../passes/ranges/layer.ts";
import { GIVEN, LIMITS } from "../../passes/ranges/limits.ts";
import type { OpenWeights } from "../../weights/open.ts";
import type { Args, Command } from "../command.ts";
import type { Io } from "../io.ts";
import { isCheckpoint } from "../operand-kind.ts";
import { checkBounded, layerWeights } from "../ranges/layer-weights.ts";
import { type BoundedLayer, inputUpTo, rangesText } from "../ranges/text.ts";
import { openFolder } from "../subject.ts";

/** Bounds of every layer, or of one; a limit that may be broken is a no. */
export const rangesCommand: Command = {
  name: "ranges",
  operands: "CHECKPOINT",
  arity: [1, 1],
  needs: "a checkpoint (a Hugging Face folder or a .gguf file)",
  example: "model.gguf",
  options: {
    layer: { kind: "whole", value: "N", min: 0, help: "one layer; all when absent" },
  },
  notes: [
    "Behind an RMSNorm a row lies within a ball, whatever the input is: its products are bounded by the weights.",
    "Held against the engine's accumulator (32768), fp16 (65504) and the scores of P8; docs/ranges.md.",
    "Exit code 1 when a layer may break a limit.",
  ],
  async run(args, io) {
    const [operand] = args.operands as [string];
    if (!isCheckpoint(operand))
      throw new UserError(`ranges needs a checkpoint, not "${operand}"`, "give a Hugging Face folder or a .gguf file");
    const store = await openFolder(operand);
    try {
      const { decoder, notes } = readDecoder(store.config, store.configPath);
      const found = checkTensors(decoder, store.tensors.values(), operand);
      for (const note of [...store.notes, ...notes, ...found]) io.err(`note: ${note}`);
      checkBounded(decoder);
      const layers = await boundedLayers(decoder, store, args, io);
      io.out(args.flag("json") ? JSON.stringify(layers.map(plain), null, 2) : rangesText(operand, layers));
      return layers.every((one) => broken(one.found) === undefined) ? 0 : 1;
    } finally {
      await store.close();
    }
  },
};

async function boundedLayers(
  decoder: Decoder,
  store: OpenWeights,
  args: Args,
  io: Io,
): Promise<readonly BoundedLayer[]> {
  const wanted = args.given("layer") ? [args.whole("layer")] : Array.from({ length: decoder.layers }, (_, n) => n);
  for (const layer of wanted) checkLayer(decoder, layer);
  const [rows, columns] = [
    Math.max(2 * decoder.ffnSize, decoder.hiddenSize),
    Math.max(decoder.hiddenSize, decoder.headDim),
  ];
  const machine = gramMachine(rows, columns, Math.min(2, availableParallelism()));
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
      layers.push({ layer, found: layerBounds(await layerWeights(decoder, layer, store), gramOf) });
    }
    return layers;
  } finally {
    progress.end();
    await machine.close();
  }
}

const plain = ({ layer, found }: BoundedLayer) => ({
  layer,
  holds: broken(found) === undefined,
  ...found,
  given: GIVEN,
  limits: Object.fromEntries(Object.entries(QUANTITIES).map(([name, limit]) => [name, LIMITS[limit]])),
  inputUpTo: inputUpTo(found),
});
