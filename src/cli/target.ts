/** What a command works on: the built-in model, an author's graph file, or a package. */
import { basename, extname } from "node:path";
import { type Graph, schedule } from "../dsl/graph.ts";
import type { Model, Size } from "../dsl/model.ts";
import { UserError } from "../dsl/user-error.ts";
import { checkFits, checkLayer, checkSize, PHI4_MINI, windowNotes } from "../models/config.ts";
import { type ReadConfig, readDecoder } from "../models/config-read.ts";
import { checkTensors } from "../models/config-tensors.ts";
import { type Decoder, fewestLayers } from "../models/decoder.ts";
import { decoderLayers } from "../models/layers.ts";
import { smallestOf } from "../models/smallest.ts";
import type { OpenWeights } from "../weights/open.ts";
import type { WeightStore } from "../weights/store.ts";
import { type Card, cardOf } from "./card.ts";
import type { Args } from "./command.ts";
import { loadGraphFile } from "./graph-file.ts";
import type { Io } from "./io.ts";
import { nearest } from "./near-miss.ts";
import { BUILT_IN, isCheckpoint, isGraphFile, type OperandKind } from "./operand-kind.ts";
import type { Options } from "./option.ts";

/** A model that can be built at any size, with the weights that belong to it. */
export interface Subject {
  /** Stem of the package names, such as `phi4-mini.layer0` or `llama.layer0`. */
  readonly name: string;
  readonly build: Model;
  /** Facts for host data, where the model has a configuration. */
  readonly config?: Decoder;
  /** One line that tells where the weights come from. */
  readonly weights: string;
  /** Whether they are somebody's: in a checkpoint, not made from a seed. */
  readonly storedWeights: boolean;
  /** What its checkpoint is, where the model comes from one. */
  readonly card?: Card;
  /** Opens the weights of the graph; the caller closes the store. */
  openWeights(graph: Graph): Promise<WeightStore>;
  /** Holds the weights of graphs against the headers of the checkpoint, if there is one. @throws UserError */
  checkWeights(graphs: readonly Graph[]): Promise<void>;
  /** One layer of the model: the graph itself where it has no layers. */
  oneLayer(size: Size): Graph;
  /** Block and step at the smallest sizes that still show a difference. */
  small(tokens: number): { readonly block: Graph; readonly step: Graph };
}

/** What is built: models and graph files. */
const BUILT = ["model", "checkpoint", "graph"] as const satisfies readonly OperandKind[];
/** What is built from a text, with weights from elsewhere. */
const WITHOUT_WEIGHTS = ["model", "graph"] as const satisfies readonly OperandKind[];
/** What has layers. */
const LAYERED = ["model", "checkpoint"] as const satisfies readonly OperandKind[];

/** Options that choose what to build: every command that builds a model has them. */
export const SIZE_OPTIONS = {
  layer: { kind: "whole", value: "N", min: 0, help: "first layer", default: "0", for: LAYERED },
  layers: { kind: "whole", value: "N", min: 1, help: "how many layers", default: "1", for: LAYERED },
  tokens: { kind: "whole", value: "T", min: 1, help: "tokens in a block", default: "4", for: BUILT },
  "max-seq": { kind: "whole", value: "S", min: 1, help: "rows of the KV cache", default: "2048", for: BUILT },
} as const satisfies Options;

/** `--tokens` of a command that also reads a package of flexible size for T tokens. */
export const TOKENS_OF_PACKAGES = {
  tokens: { ...SIZE_OPTIONS.tokens, for: [...BUILT, "flexible package"] },
} as const satisfies Options;

/** A checkpoint; a command says what it is read for. */
export const CHECKPOINT_OPTION = { kind: "folder", help: "checkpoint: Hugging Face folder or .gguf file" } as const;

/** A checkpoint, for a command that reads its weights. */
export const WEIGHTS_OPTION: Options = {
  weights: {
    ...CHECKPOINT_OPTION,
    help: `${CHECKPOINT_OPTION.help}; generated weights when absent`,
    for: WITHOUT_WEIGHTS,
  },
};

/** The seed of generated weights, for a command that makes nothing else by it. */
export const SEED_OPTION: Options = {
  seed: { kind: "whole", value: "N", min: 0, help: "seed of generated weights", default: "1", for: WITHOUT_WEIGHTS },
};

/** The seed of a command that also makes inputs by it, which packages are fed too. */
export const INPUT_SEED_OPTION: Options = {
  seed: { kind: "whole", value: "N", min: 0, help: "seed of generated weights and inputs", default: "1" },
};

/** The sizes that the options ask for. */
export const requestedSize = (args: Args): Size => ({ tokens: args.whole("tokens"), maxSeq: args.whole("max-seq") });

/**
 * The model that an operand names; what its configuration leaves to defaults is told on standard error.
 * @throws UserError when it is neither the built-in model nor a graph file, or its checkpoint breaks the contract.
 */
export async function subjectOf(operand: string, args: Args, io: Io): Promise<Subject> {
  if (operand === BUILT_IN) return decoderSubject(args, io, args.text("weights"));
  if (isCheckpoint(operand)) return decoderSubject(args, io, operand);
  if (!isGraphFile(operand)) {
    const what = `"${operand}" is neither ${BUILT_IN} nor a checkpoint (a folder or .gguf) nor a graph file (.ts) nor a package (.mlpackage)`;
    throw new UserError(what, nearest(operand, [BUILT_IN]) && `did you mean ${BUILT_IN}?`);
  }
  const model = await loadGraphFile(operand);
  const build: Model = (size) => {
    checkFits(size);
    return model(size);
  };
  const weights = args.text("weights");
  return {
    name: basename(operand, extname(operand)),
    build,
    oneLayer: build,
    small: smallPair(build),
    weights: weights ?? generatedLabel(args),
    storedWeights: weights !== undefined,
    openWeights: (graph) => (weights === undefined ? generated(graph, args) : openFolder(weights)),
    checkWeights: async (graphs) => (weights === undefined ? undefined : checkFolder(weights, graphs)),
  };
}

async function decoderSubject(args: Args, io: Io, folder: string | undefined): Promise<Subject> {
  const [first, count] = [args.whole("layer"), args.whole("layers")];
  const { decoder: config, notes, card } = folder === undefined ? BUILT_IN_CONFIG : await configOf(folder);
  for (let layer = first; layer < first + count; layer++) checkLayer(config, layer);
  for (const note of [...notes, ...windowNotes(config, args.whole("max-seq"))]) io.err(`note: ${note}`);
  const few = fewestLayers(config, first, count);
  const range = count === 1 ? `layer${first}` : `layers${first}-${first + count - 1}`;
  return {
    name: `${stemOf(config)}.${range}`,
    config,
    weights: folder ?? generatedLabel(args),
    storedWeights: folder !== undefined,
    ...(card ? { card } : {}),
    oneLayer: (size) => decoderLayers(config, size),
    // Layers of a kind are renamings of one another.
    small: smallPair((size) => decoderLayers(smallestOf(config), size, { first, count: few })),
    build: (size) => {
      checkSize(config, size);
      return decoderLayers(config, size, { first, count });
    },
    openWeights: (graph) => (folder === undefined ? generated(graph, args) : openFolder(folder)),
    // Its tensors were held against config.json when the folder was opened, and the graph is built from that.
    checkWeights: async () => {},
  };
}

const BUILT_IN_CONFIG: ReadConfig & { readonly card?: Card } = { decoder: PHI4_MINI, notes: [] };

/** Packages are called by the architecture; phi3 has been known here as the model that came first. */
const stemOf = ({ architecture }: Decoder): string => (architecture === "phi3" ? BUILT_IN : architecture);

const smallPair = (build: Model) => (tokens: number) => {
  const maxSeq = tokens + 1;
  return { block: build({ tokens, maxSeq }), step: build({ tokens: 1, maxSeq }) };
};

const generatedLabel = (args: Args): string => `generated (seed ${args.text("seed")})`;

/** Reads config.json and holds the checkpoint's headers against it. */
async function configOf(folder: string): Promise<ReadConfig & { readonly card: Card }> {
  const checkpoint = await openFolder(folder);
  try {
    const { decoder, notes } = readDecoder(checkpoint.config, checkpoint.configPath);
    const found = checkTensors(decoder, checkpoint.tensors.values(), folder);
    return { decoder, notes: [...checkpoint.notes, ...notes, ...found], card: cardOf(decoder, checkpoint) };
  } finally {
    await checkpoint.close();
  }
}

async function checkFolder(folder: string, graphs: readonly Graph[]): Promise<void> {
  const { checkWeights } = await import("../weights/check-weights.ts");
  const checkpoint = await openFolder(folder);
  try {
    checkWeights(graphs.flatMap(schedule), checkpoint.tensors, folder);
  } finally {
    await checkpoint.close();
  }
}

async function openFolder(path: string): Promise<OpenWeights> {
  return (await import("../weights/open.ts")).openWeights(path);
}

async function generated(graph: Graph, args: Args): Promise<WeightStore> {
  const { generatedStore, storedShapes } = await import("../weights/generated.ts");
  return generatedStore(storedShapes(schedule(graph)), args.whole("seed"));
}
