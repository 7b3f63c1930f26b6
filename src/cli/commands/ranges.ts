/** `graphc ranges`: what a checkpoint's weights guarantee for every input. */
import { UserError } from "../../dsl/user-error.ts";
import { readDecoder } from "../../models/config-read.ts";
import { checkTensors } from "../../models/config-tensors.ts";
import { broken, QUANTITIES } from "../../passes/ranges/layer.ts";
import { GIVEN, LIMITS } from "../../passes/ranges/limits.ts";
import type { Command } from "../command.ts";
import { isCheckpoint } from "../operand-kind.ts";
import { boundedLayers } from "../ranges/bounded-layers.ts";
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
      const wanted = args.given("layer") ? [args.whole("layer")] : Array.from({ length: decoder.layers }, (_, n) => n);
      const layers = await boundedLayers(decoder, store, wanted, io);
      io.out(args.flag("json") ? JSON.stringify(layers.map(plain), null, 2) : rangesText(operand, layers));
      return layers.every((one) => broken(one.found) === undefined) ? 0 : 1;
    } finally {
      await store.close();
    }
  },
};

const plain = ({ layer, found }: BoundedLayer) => ({
  layer,
  holds: broken(found) === undefined,
  ...found,
  given: GIVEN,
  limits: Object.fromEntries(Object.entries(QUANTITIES).map(([name, limit]) => [name, LIMITS[limit]])),
  inputUpTo: inputUpTo(found),
});
