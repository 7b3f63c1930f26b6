/** The built-in model or a checkpoint as something to build: its record, its layers by kind, and the host data that it asks for. */

import { type PlainTwin, plainTwinOf } from "../../build/plain-twin.ts";
import type { Size } from "../../dsl/model.ts";
import { UserError } from "../../dsl/user-error.ts";
import { assumedList } from "../../evidence/assumed-list.ts";
import { checkLayer, checkSize, PHI4_MINI, windowNotes } from "../../models/config.ts";
import { type ReadConfig, readDecoder } from "../../models/config-read.ts";
import { checkTensors } from "../../models/config-tensors.ts";
import { type Decoder, type FactorList, fewestLayers } from "../../models/decoder.ts";
import { type KindOfLayers, kindsIn, kindsNote, kindText } from "../../models/kinds.ts";
import type { CacheKeeping } from "../../models/layer/parts.ts";
import { decoderLayers, type LayerOptions } from "../../models/layers.ts";
import { longRopeOf, withFactorList } from "../../models/rope-list.ts";
import { smallestOf } from "../../models/smallest.ts";
import type { Args } from "../options/command.ts";
import { BUILT_IN } from "../options/operand-kind.ts";
import type { SafeModel } from "../ranges/engine-safe.ts";
import type { Io } from "../terminal/io.ts";
import { type Card, cardOf } from "./card.ts";
import {
  generated,
  generatedLabel,
  type KindGraph,
  type ModelKinds,
  openFolder,
  type Subject,
  smallPair,
} from "./subject.ts";

/**
 * The built-in model, with the weights of a checkpoint or without, or a checkpoint's own; what its configuration leaves to defaults is told
 * on standard error.
 * @throws UserError when the checkpoint breaks the contract, or an option asks for what the model does not have
 */
export async function decoderSubject(args: Args, io: Io, folder: string | undefined): Promise<Subject> {
  const [first, count, maxSeq] = [args.whole("layer"), args.whole("layers"), args.whole("max-seq")];
  const { decoder, notes, card } = folder === undefined ? BUILT_IN_CONFIG : await configOf(folder, maxSeq);
  for (let layer = first; layer < first + count; layer++) checkLayer(decoder, layer);
  const layers = Array.from({ length: count }, (_, i) => first + i);
  const listed = withChosenList(decoder, layers, args, folder ?? BUILT_IN);
  const ropeList = assumedList(listed, layers, maxSeq);
  // Clamps are where a prompt leads whose rows are turned as the host will turn them.
  const fed = ropeList ? withFactorList(listed, ropeList.list) : listed;
  const safe = args.flag("engine-safe") && folder !== undefined ? await safeIn(folder, fed, args, io) : undefined;
  const config = safe ? { ...listed, exponents: safe.exponents } : listed;
  const cache = args.text("cache") as CacheKeeping;
  for (const note of [...notes, ...windowNotes(config, maxSeq)]) io.err(`note: ${note}`);
  const few = fewestLayers(config, first, count);
  const range = count === 1 ? `layer${first}` : `layers${first}-${first + count - 1}`;
  return {
    name: `${stemOf(config)}.${range}${cache === "io" ? ".io" : ""}`,
    config,
    model: modelKinds(config, first, count),
    layers,
    ...(ropeList ? { ropeList } : {}),
    weights: folder ?? generatedLabel(args),
    storedWeights: folder !== undefined,
    ...(card ? { card } : {}),
    ...(safe ? { safe, plain: (size: Size) => plainLayers(config, size, { first, count, cache, few }) } : {}),
    kinds: (size) => kindsIn(config, first, count).map((kind) => kindGraph(config, kind, size, cache)),
    // Layers of a kind are renamings of one another.
    small: smallPair((size) => decoderLayers(smallestOf(config), size, { first, count: few, cache })),
    ...(few === count
      ? {}
      : { smallWhole: smallPair((size) => decoderLayers(smallestOf(config), size, { first, count, cache })) }),
    build: (size) => {
      checkSize(config, size);
      return decoderLayers(config, size, { first, count, cache });
    },
    openWeights: (graph) => (folder === undefined ? generated(graph, args) : openFolder(folder)),
    // Its tensors were held against config.json when the folder was opened, and the graph is built from that.
    checkWeights: async () => {},
  };
}

/** @throws UserError where no exponents keep every limit */
async function safeIn(folder: string, decoder: Decoder, args: Args, io: Io): Promise<SafeModel> {
  const { madeSafe, safeModel } = await import("../ranges/engine-safe.ts");
  const store = await openFolder(folder);
  try {
    return madeSafe(await safeModel(decoder, store, io, args));
  } finally {
    await store.close();
  }
}

interface PlainOptions extends Required<Pick<LayerOptions, "first" | "count" | "cache">> {
  /** How many layers show every kind. */
  readonly few: number;
}

/** The layers without the exponents that the decoder has. */
const plainLayers = (config: Decoder, size: Size, { few, ...layers }: PlainOptions): PlainTwin =>
  plainTwinOf(
    config,
    (decoder) => decoderLayers(decoder, size, layers),
    (smallest) => decoderLayers(smallest, { tokens: 1, maxSeq: 2 }, { ...layers, count: few }),
  )!;

function modelKinds(config: Decoder, first: number, count: number): ModelKinds {
  const note = kindsNote(config, first, count);
  const kinds = kindsIn(config, 0, config.layers).map((kind) => ({
    layers: kind.layers,
    says: kindText(config, kind),
  }));
  return { kinds, ...(note === undefined ? {} : { note }) };
}

/** The list of factors that `--rope-list` asks for. @throws UserError where the layers have no use for one */
function withChosenList(decoder: Decoder, layers: readonly number[], args: Args, operand: string): Decoder {
  const list = args.text("rope-list");
  if (list === undefined) return decoder;
  if (longRopeOf(decoder, layers)) return withFactorList(decoder, list as FactorList);
  const { type } = decoder.rope;
  const why = type === "longrope" ? "RoPE turns none of these layers by its lists" : `its RoPE is of type "${type}"`;
  throw new UserError(`--rope-list does nothing for ${operand}: ${why}`, "it is for models with LongRoPE");
}

/** Names of layer 0 and no other kind beside it: then it is the same graph for every layer of the kind. */
export const kindGraph = (
  config: Decoder,
  { kind, layers }: KindOfLayers,
  size: Size,
  cache: CacheKeeping = "state",
): KindGraph => ({
  graph: decoderLayers({ ...config, pattern: [kind] }, size, { cache }),
  layers,
});

const BUILT_IN_CONFIG: ReadConfig & { readonly card?: Card } = { decoder: PHI4_MINI, notes: [] };

/** Packages are called by the architecture; phi3 has been known here as the model that came first. */
const stemOf = ({ architecture }: Decoder): string => (architecture === "phi3" ? BUILT_IN : architecture);

/** Reads config.json and holds the checkpoint's headers against it. */
async function configOf(folder: string, maxSeq: number): Promise<ReadConfig & { readonly card: Card }> {
  const checkpoint = await openFolder(folder);
  try {
    const { decoder, notes } = readDecoder(checkpoint.config, checkpoint.configPath);
    const found = checkTensors(decoder, checkpoint.tensors.values(), folder);
    return { decoder, notes: [...checkpoint.notes, ...notes, ...found], card: cardOf(decoder, maxSeq, checkpoint) };
  } finally {
    await checkpoint.close();
  }
}
