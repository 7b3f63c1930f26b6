/** `--engine-safe`: the exponents with which a checkpoint holds every limit for every sequence of tokens. */
import { UserError } from "../../dsl/user-error.ts";
import type { Decoder } from "../../models/decoder.ts";
import { type Chosen, chooseExponents } from "../../passes/ranges/exponents.ts";
import { networkBounds } from "../../passes/ranges/network.ts";
import type { OpenWeights } from "../../weights/open.ts";
import type { Io } from "../io.ts";
import { boundedLayers } from "./bounded-layers.ts";
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

/** Bounds every layer, and chooses. @throws UserError for a decoder that ranges knows no bounds of, or for what the weights refuse */
export async function safeModel(decoder: Decoder, store: OpenWeights, io: Io): Promise<SafeModel> {
  const wanted = Array.from({ length: decoder.layers }, (_, layer) => layer);
  const layers = (await boundedLayers(decoder, store, wanted, io)).map(({ found }) => found);
  const { queryScale = decoder.headDim ** -0.5, eps } = decoder;
  const network = networkBounds(layers, await endsOf(decoder, store, io));
  const chosen = chooseExponents({ layers, network, queryScale, eps });
  const inexact = await inexactElements(decoder, store, chosen.exponents.residual);
  const embedding = { most: network.embedded.value, elements: decoder.vocab * decoder.hiddenSize, inexact };
  return { ...chosen, embedding };
}

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
