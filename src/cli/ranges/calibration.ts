/** What a prompt reaches beside the bounds, which it cannot pass. */

import { UserError } from "../../dsl/user-error.ts";
import { statOf } from "../../files/regular.ts";
import type { Decoder } from "../../models/decoder.ts";
import { QUANTITIES, type Quantity } from "../../passes/ranges/layer.ts";
import type { WeightStore } from "../../weights/store.ts";
import { promptIn } from "../generate/prompt.ts";
import type { Args } from "../options/command.ts";
import type { Io } from "../terminal/io.ts";
import { type CalibratedLayer, calibratedLayers } from "./calibrated-layers.ts";
import type { BoundedLayer } from "./report.ts";

/** A prompt, and what the layers that were bounded reached on it. */
export interface Calibration {
  readonly tokens: number;
  readonly layers: readonly CalibratedLayer[];
}

/** The tokens of the prompt, if one was given. @throws UserError for an empty one, or a text where there is no tokenizer */
export async function promptIds(operand: string, args: Args, io: Io): Promise<readonly number[] | undefined> {
  if (!args.given("prompt") && !args.given("prompt-ids")) return undefined;
  if (args.given("prompt") && !args.given("tokenizer") && !(await statOf(operand))?.isDirectory())
    throw new UserError(
      `${operand} is a single file, of which graphc reads no tokenizer`,
      "give --prompt-ids 1,2,3, or --tokenizer DIR with a folder that has a tokenizer.json",
    );
  const { ids, note } = await promptIn(operand, args);
  if (note !== undefined) io.err(`note: ${note}`);
  if (ids.length === 0) throw new UserError("the prompt has no tokens", "give --prompt with a text that has some");
  return ids;
}

/** Runs the layers up to the last that was bounded. @throws Error where one passes its bound: a bound that is none is a fault of graphc */
export async function calibratedBeside(
  decoder: Decoder,
  store: WeightStore,
  ids: readonly number[],
  bounded: readonly BoundedLayer[],
  io: Io,
): Promise<Calibration> {
  const count = Math.max(...bounded.map(({ layer }) => layer)) + 1;
  const all = await calibratedLayers(decoder, store, ids, count, io);
  const layers = bounded.map(({ layer }) => all[layer]!);
  for (const [n, { layer, reached }] of layers.entries())
    for (const name of Object.keys(QUANTITIES) as Quantity[]) {
      const bound = bounded[n]!.found.bounds[name].value;
      if (reached[name] > bound)
        throw new Error(
          `ranges: ${name} of layer ${layer} reaches ${reached[name]} on the prompt, above its bound ${bound}`,
        );
    }
  return { tokens: ids.length, layers };
}
