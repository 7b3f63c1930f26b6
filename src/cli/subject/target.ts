/** What a command works on: the built-in model, an author's graph file, or a package. */
import { basename, extname } from "node:path";
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { Model, ModelInput, Size, SizedModel } from "../../dsl/model.ts";
import { UserError } from "../../dsl/user-error.ts";
import { checkFits } from "../../models/config.ts";
import type { Args } from "../options/command.ts";
import { nearest } from "../options/near-miss.ts";
import { BUILT_IN, isCheckpoint, isGraphFile, type OperandKind } from "../options/operand-kind.ts";
import type { Option, Options } from "../options/option.ts";
import type { Io } from "../terminal/io.ts";
import { decoderSubject } from "./decoder-subject.ts";
import { loadGraphFile } from "./graph-file.ts";
import { generated, generatedLabel, openFolder, type Subject, smallPair } from "./subject.ts";

/** What is built: models and graph files. */
const BUILT = ["model", "checkpoint", "graph"] as const satisfies readonly OperandKind[];
/** What is built from a text, with weights from elsewhere. */
const WITHOUT_WEIGHTS = ["model", "graph"] as const satisfies readonly OperandKind[];
/** What has layers. */
const LAYERED = ["model", "checkpoint"] as const satisfies readonly OperandKind[];

/** Who keeps the KV cache. */
export const CACHE_OPTION = {
  kind: "choice",
  values: ["state", "io"],
  help: "the KV cache as Core ML states, or as inputs whose new rows are outputs",
  default: "state",
} as const;

/** Numbers held at powers of two, for commands that write what is chosen. */
export const ENGINE_SAFE_OPTION = {
  kind: "flag",
  help: "hold numbers at powers of two, so that no token sequence overflows fp16 or the engine's accumulator (docs/ranges.md)",
  for: ["checkpoint"],
} as const satisfies Option;

/** Options that choose what to build: every command that builds a model has them. */
export const SIZE_OPTIONS = {
  layer: { kind: "whole", value: "N", min: 0, help: "first layer", default: "0", for: BUILT },
  layers: { kind: "whole", value: "N", min: 1, help: "how many layers", default: "1", for: LAYERED },
  tokens: { kind: "whole", value: "T", min: 1, help: "tokens in a block", default: "4", for: BUILT },
  "max-seq": { kind: "whole", value: "S", min: 1, help: "rows of the KV cache", default: "2048", for: BUILT },
  cache: { ...CACHE_OPTION, for: LAYERED },
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

/** Which of LongRoPE's lists RoPE rows are made with, for a command that makes them. */
export const ROPE_LIST_OPTION = {
  "rope-list": {
    kind: "choice",
    values: ["short", "long"],
    help: "LongRoPE's list of factors (docs/rope.md); by --max-seq when absent",
    for: LAYERED,
  },
} as const satisfies Options;

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
  const weights = args.text("weights");
  const build = sizedModel(operand, await loadGraphFile(operand), args, weights && (await configOf(weights)));
  const layer = args.given("layer") ? `.layer${args.whole("layer")}` : "";
  return {
    name: basename(operand, extname(operand)) + layer,
    build,
    kinds: (size) => [{ graph: build(size), layers: [] }],
    small: smallPair(build),
    weights: weights ?? generatedLabel(args),
    storedWeights: weights !== undefined,
    openWeights: (graph) => (weights === undefined ? generated(graph, args) : openFolder(weights)),
    checkWeights: async (graphs) => (weights === undefined ? undefined : checkFolder(weights, graphs)),
  };
}

/** An author's model at the layer that is asked for. @throws UserError where one is asked for and the model does not look */
function sizedModel(path: string, model: Model, args: Args, config: unknown): SizedModel {
  return (size) => {
    checkFits(size);
    let looked = false;
    const layer = {
      get layer(): number {
        looked = true;
        return args.whole("layer");
      },
    };
    const given = config && typeof config === "object" ? { config: config as NonNullable<ModelInput["config"]> } : {};
    const built = model(Object.assign(layer, size, given));
    if (args.given("layer") && !looked)
      throw new UserError(
        `${path} builds the same whatever --layer says: its model does not read \`layer\``,
        "leave the option out",
      );
    return built;
  };
}

async function configOf(folder: string): Promise<unknown> {
  const checkpoint = await openFolder(folder);
  await checkpoint.close();
  return checkpoint.config;
}

async function checkFolder(folder: string, graphs: readonly Graph[]): Promise<void> {
  const { checkWeights } = await import("../../weights/check-weights.ts");
  const checkpoint = await openFolder(folder);
  try {
    checkWeights(graphs.flatMap(schedule), checkpoint.tensors, folder);
  } finally {
    await checkpoint.close();
  }
}
