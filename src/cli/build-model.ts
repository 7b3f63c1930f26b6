/** The model that `build` and `plan` work on, with its settings from the options. */
import { resolve } from "node:path";
import type { StopIds } from "../build/manifest.ts";
import {
  type BuildPlan,
  type BuildSettings,
  type BuiltModel,
  planBuild,
  type Quantize,
  type TokenRange,
} from "../build/plan.ts";
import type { BuildState } from "../build/state.ts";
import { stopIds } from "../build/stops.ts";
import type { TargetHost } from "../build/target-host.ts";
import { UserError } from "../dsl/user-error.ts";
import { PHI4_MINI, windowNotes } from "../models/config.ts";
import { readDecoder } from "../models/config-read.ts";
import { checkTensors, modelTensors } from "../models/config-tensors.ts";
import type { Decoder } from "../models/decoder.ts";
import type { RopeFactorPlace } from "../models/rope-fold.ts";
import { generatedStore } from "../weights/generated.ts";
import { openWeights } from "../weights/open.ts";
import { stopTokens } from "../weights/stop-tokens.ts";
import type { WeightStore } from "../weights/store.ts";
import { type TextFiles, textFiles } from "../weights/text-files.ts";
import { filesOf } from "./build-source.ts";
import type { Args } from "./command.ts";
import { BUILT_IN, isCheckpoint } from "./operand-kind.ts";
import type { Options } from "./option.ts";

const WHOLE = ["model", "checkpoint"] as const;

/** What decides a build. */
export const BUILD_OPTIONS = {
  shards: {
    kind: "form",
    value: "N,N,...",
    form: /^\d{1,6}(,\d{1,6})*$/,
    like: "20,4,6,2",
    help: "layers of each shard",
    without: ["shard-bytes"],
  },
  "shard-bytes": {
    kind: "form",
    value: "SIZE",
    form: /^\d+(\.\d+)?(MB|GB)$/,
    like: "2.0GB",
    help: "most bytes of weights in a shard",
    default: "2.0GB",
    without: ["shards"],
  },
  heads: { kind: "whole", value: "N", min: 1, max: 1024, help: "parts of the vocabulary's head", default: "4" },
  tokens: {
    kind: "form",
    value: "T",
    form: /^[1-9]\d{0,2}(\.\.[1-9]\d{0,2})?$/,
    like: "1..4 or 4",
    help: "tokens in a block: a range for one program of flexible size",
    default: "1..4",
  },
  "max-seq": { kind: "whole", value: "S", min: 1, help: "rows of the KV cache", default: "2048" },
  for: { kind: "choice", values: ["ane-book"], help: "the runtime that will run it", default: "ane-book" },
  "rope-factor": {
    kind: "choice",
    values: ["weights", "graph", "host"],
    help: "where RoPE's attention factor is",
    default: "weights",
  },
  quantize: {
    kind: "choice",
    values: ["none", "int8", "int8-coremltools"],
    help: "how matrices are stored: a scale for each row, codes that err least or those of coremltools",
    default: "none",
  },
  keep: {
    kind: "forms",
    value: "PIECE",
    form: /^[\w.]{1,200}$/,
    like: "down_proj",
    help: "a piece of the names of tensors that stay fp16",
    with: ["quantize"],
  },
  seed: { kind: "whole", value: "N", min: 0, help: "seed of generated weights", default: "1", for: ["model"] },
  eos: {
    kind: "form",
    value: "ID",
    form: /^\d{1,9}$/,
    like: "200020",
    help: "stop token, where no file tells it",
    for: WHOLE,
  },
} as const satisfies Options;

/** A whole model that is to be built. */
export interface WholeModel {
  readonly plan: BuildPlan;
  readonly notes: readonly string[];
  /** Which weights, as text: a path or a seed. */
  readonly weights: string;
  readonly source: BuildState["source"];
  stops(): Promise<{ readonly ids: StopIds; readonly note: string }>;
  texts(): Promise<TextFiles>;
  openWeights(): Promise<WeightStore>;
}

/** Reads the model and plans its build. @throws UserError for what is not a whole model, or cannot be divided so */
export async function wholeModel(operand: string, args: Args): Promise<WholeModel> {
  const settings = settingsOf(args);
  if (operand === BUILT_IN) return builtIn(args, settings);
  if (!isCheckpoint(operand))
    throw new UserError(`"${operand}" is neither ${BUILT_IN} nor a checkpoint (a folder or .gguf)`);
  const { decoder, notes } = await checkedDecoder(operand);
  const stem = decoder.architecture.replaceAll("_", "");
  return {
    plan: planBuild({ decoder, stem, family: decoder.architecture }, settings),
    notes: [...notes, ...windowNotes(decoder, settings.maxSeq)],
    weights: resolve(operand),
    source: await filesOf(resolve(operand)),
    stops: async () => stopIds(args.given("eos") ? givenStop(args) : await stopTokens(operand)),
    texts: () => textFiles(operand),
    openWeights: () => openWeights(operand),
  };
}

const givenStop = (args: Args) => ({ ends: [Number(args.text("eos"))], from: "--eos" });

/** The stop ids are those of its generation_config.json. */
function builtIn(args: Args, settings: BuildSettings): WholeModel {
  const model: BuiltModel = { decoder: PHI4_MINI, stem: "phi4mini", family: "Phi 4 Mini Instruct" };
  const seed = args.whole("seed");
  const shapes = new Map(modelTensors(PHI4_MINI).map(({ name, shape }) => [name, shape]));
  return {
    plan: planBuild(model, settings),
    notes: windowNotes(PHI4_MINI, settings.maxSeq),
    weights: `generated (seed ${seed})`,
    source: [],
    stops: async () =>
      stopIds(args.given("eos") ? givenStop(args) : { ends: [200020, 199999], begin: 199999, from: BUILT_IN }),
    // Random weights say no words.
    texts: async () => ({ files: new Map() }),
    openWeights: async () => generatedStore(shapes, seed),
  };
}

function settingsOf(args: Args): BuildSettings {
  const counts = args.text("shards")?.split(",").map(Number);
  return {
    host: args.text("for") as TargetHost,
    tokens: tokensOf(args),
    maxSeq: args.whole("max-seq"),
    shards: counts ? { counts } : { bytes: bytesOf(args.text("shard-bytes")!) },
    heads: args.whole("heads"),
    ropeFactor: args.text("rope-factor") as RopeFactorPlace,
    quantize: quantizeOf(args),
  };
}

/** @throws UserError for tensors that are kept where nothing is quantised */
function quantizeOf(args: Args): Quantize {
  const [how, kept] = [args.text("quantize")!, args.texts("keep")];
  if (how !== "none") return { how: how === "int8" ? "nearest" : "coremltools", kept };
  if (kept.length > 0) throw new UserError("--keep does nothing with --quantize none", "give --quantize int8");
  return { how };
}

/** Each size of a program is lowered, proven and read back. */
const MOST_SIZES = 32;

/** @throws UserError for a range that falls, or is too wide */
function tokensOf(args: Args): TokenRange {
  const [from, to = from] = args.text("tokens")!.split("..").map(Number) as [number, number?];
  if (to - from >= MOST_SIZES)
    throw new UserError(`--tokens ${args.text("tokens")} are ${to - from + 1} sizes`, `give ${MOST_SIZES} at most`);
  if (to < from) throw new UserError(`--tokens ${args.text("tokens")} ends before it begins`, `give ${to}..${from}`);
  return { from, to };
}

/** Decimal units, as disks and Core ML report them. */
const bytesOf = (text: string): number => Number.parseFloat(text) * (text.endsWith("GB") ? 1e9 : 1e6);

async function checkedDecoder(path: string): Promise<{ readonly decoder: Decoder; readonly notes: readonly string[] }> {
  const checkpoint = await openWeights(path);
  try {
    const { decoder, notes } = readDecoder(checkpoint.config, checkpoint.configPath);
    const found = checkTensors(decoder, checkpoint.tensors.values(), path);
    const lacking = modelTensors(decoder).find(({ name }) => !checkpoint.tensors.has(name));
    if (lacking) throw new UserError(`${path}: tensor "${lacking.name}" is missing, which a whole model needs`);
    return { decoder, notes: [...checkpoint.notes, ...notes, ...found] };
  } finally {
    await checkpoint.close();
  }
}
