/** `--engine-safe`: the exponents with which a checkpoint holds every limit for every sequence of tokens. */
import { UserError } from "../../dsl/user-error.ts";
import type { Decoder } from "../../models/decoder.ts";
import type { Clampable } from "../../models/exponents.ts";
import { type Bounded, type Chosen, chooseExponents } from "../../passes/ranges/exponents/choose.ts";
import { clampable, clampLimits } from "../../passes/ranges/exponents/full-size.ts";
import { networkBounds } from "../../passes/ranges/network.ts";
import type { OpenWeights } from "../../weights/open.ts";
import type { Args } from "../options/command.ts";
import type { Io } from "../terminal/io.ts";
import { boundedLayers } from "./bounded-layers.ts";
import { calibratedBeside, promptIds } from "./calibration.ts";
import { marginOf } from "./clamp-options.ts";
import type { BoundedLayer } from "./report.ts";
import { unmendedText } from "./safe-text.ts";
import { endsOf, inexactElements } from "./vocabulary.ts";

/** What was chosen for a model, and what its embedding is. */
export interface SafeModel extends Chosen {
  readonly embedding: EmbeddedRows;
}

/** The rows that hosts begin with. */
export interface EmbeddedRows {
  /** The largest element at full size. */
  readonly most: number;
  /** Elements that lose bits at the residual's exponent, of so many. */
  readonly inexact: number;
  readonly elements: number;
}

/**
 * Bounds every layer, and chooses. Clamps are of the values of the decoder as it is built: RoPE's factor may be in its weights.
 * @throws UserError for a decoder that ranges knows no bounds of, for what the weights refuse, and for clamps that have no use, no prompt or no place
 */
export async function safeModel(
  decoder: Decoder,
  store: OpenWeights,
  io: Io,
  args?: Args,
  built = decoder,
): Promise<SafeModel> {
  const clampsIn = args && (await clampsOf(built, store, args, io));
  const wanted = Array.from({ length: decoder.layers }, (_, layer) => layer);
  const bounded = await boundedLayers(decoder, store, wanted, io);
  const layers = bounded.map(({ found }) => found);
  const { eps, logitCap } = decoder;
  const network = networkBounds(layers, await endsOf(decoder, store, io));
  const clamps = await clampsIn?.(bounded);
  const cap = logitCap === undefined ? {} : { logitCap };
  const chosen = chooseExponents({ layers, network, eps, ...cap, ...(clamps ? { clamps } : {}) });
  checkClamps(chosen);
  const inexact = await inexactElements(decoder, store, chosen.exponents.residual);
  const embedding = { most: network.embedded.value, elements: decoder.vocab * decoder.hiddenSize, inexact };
  return { ...chosen, embedding };
}

/** What values that no exponent keeps below their limit reach on the prompt, if clamps are asked for. @throws UserError */
async function clampsOf(decoder: Decoder, store: OpenWeights, args: Args, io: Io) {
  const margin = marginOf(args);
  const [operand = ""] = args.operands;
  const ids = await promptIds(operand, args, io);
  if (margin === undefined) {
    if (ids) throw new UserError("a prompt does nothing beside --engine-safe without --clamp", "give --clamp 4 too");
    return undefined;
  }
  if (!ids)
    throw new UserError(
      "--clamp clips values of a checkpoint at what they reach on a prompt, and none is given",
      "give --prompt TEXT, or --prompt-ids 1,2,3",
    );
  return async (bounded: readonly BoundedLayer[]): Promise<Bounded["clamps"]> => {
    const loud = bounded.filter(({ found }) => clampable(found).length > 0);
    if (loud.length === 0)
      throw new UserError(
        `--clamp does nothing for ${operand}: exponents keep all of it within its limits`,
        "leave it out",
      );
    const { tokens, layers } = await calibratedBeside(decoder, store, ids, loud, io);
    return { margin, tokens, reached: new Map(layers.map(({ layer, values }) => [layer, values])) };
  };
}

/** @throws UserError for a clamp beyond the limit that it is there for, or one that lets nothing through */
function checkClamps({ exponents: { layers }, layers: bounds }: Chosen): void {
  for (const [layer, { clamps = {}, rows }] of layers.entries())
    for (const part of Object.keys(clamps) as Clampable[]) {
      const { most, reached } = clamps[part]!;
      const below = clampLimits(bounds[layer]!, rows?.attn)[part];
      if (!(most > 0 && most < below))
        throw new UserError(
          `--clamp would clip ${part} of layer ${layer} at ${most}, for the prompt reaches ${reached.toPrecision(4)}, and only above 0 and below ${Math.floor(below)} ${WHY[part]}`,
          "give another --clamp, or another prompt",
        );
    }
}

const WHY: Readonly<Record<Clampable, string>> = {
  q: "does fp16 hold it, as small as it is there",
  k: "does the engine's accumulator hold it, turned too",
  v: "does the engine's accumulator hold it",
  scores: "is the weight of a masked row 0 (P8)",
  gate: "does fp16 hold it",
};

/** The same, where it keeps every limit. @throws UserError where no exponents do */
export function madeSafe(safe: SafeModel): SafeModel {
  const [first] = safe.unmended;
  if (first)
    throw new UserError(
      `--engine-safe cannot make this model safe: ${unmendedText(first)}`,
      "graphc ranges --engine-safe shows all of its bounds",
    );
  return safe;
}
