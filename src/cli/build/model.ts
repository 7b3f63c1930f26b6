/** The model that `build` and `plan` work on, with its settings from the options. */
import { resolve } from "node:path";
import type { StopIds } from "../../build/manifest.ts";
import { type BuildPlan, type BuildSettings, type BuiltModel, planBuild } from "../../build/plan.ts";
import { formWord } from "../../build/quantize.ts";
import { functionsIn, stepIn, type TokenSizes } from "../../build/sizes.ts";
import type { BuildState } from "../../build/state.ts";
import { stopIds } from "../../build/stops.ts";
import type { TargetHost } from "../../build/target-host.ts";
import { checkTiedHead } from "../../build/tied-head.ts";
import { UserError } from "../../dsl/user-error.ts";
import { PHI4_MINI, windowNotes } from "../../models/config.ts";
import { readDecoder } from "../../models/config-read.ts";
import { checkTensors, modelTensors } from "../../models/config-tensors.ts";
import type { Decoder } from "../../models/decoder.ts";
import type { CacheKeeping } from "../../models/layer/parts.ts";
import { foldRopeFactor, type RopeFactorPlace } from "../../models/rope-fold.ts";
import { generatedStore } from "../../weights/generated.ts";
import { openWeights } from "../../weights/open.ts";
import type { WeightStore } from "../../weights/store.ts";
import { type TextFiles, textFiles } from "../../weights/text/files.ts";
import { stopTokens } from "../../weights/text/stop-tokens.ts";
import type { Args } from "../options/command.ts";
import { BUILT_IN, isCheckpoint } from "../options/operand-kind.ts";
import { madeSafe, type SafeModel, safeModel } from "../ranges/engine-safe.ts";
import type { Io } from "../terminal/io.ts";
import { quantizeOf } from "./quantize-options.ts";
import { filesOf } from "./source.ts";

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
  /** Its exponents and bounds, where --engine-safe asked for them. */
  readonly safe?: SafeModel;
}

/** Reads the model and plans its build. @throws UserError for what is not a whole model, or cannot be divided so */
export async function wholeModel(operand: string, args: Args, io: Io): Promise<WholeModel> {
  const settings = settingsOf(args);
  if (operand === BUILT_IN) return builtIn(args, settings);
  if (!isCheckpoint(operand))
    throw new UserError(`"${operand}" is neither ${BUILT_IN} nor a checkpoint (a folder or .gguf)`);
  const { decoder: read, notes } = await checkedDecoder(operand);
  const safe = args.flag("engine-safe") ? await safeIn(read, settings, args, io) : undefined;
  const decoder = safe ? { ...read, exponents: safe.exponents } : read;
  const stem = decoder.architecture.replaceAll("_", "");
  return {
    plan: planBuild({ decoder, stem, family: decoder.architecture }, settings),
    ...(safe ? { safe } : {}),
    notes: [...notes, ...windowNotes(decoder, settings.maxSeq), ...functionNotes(settings)],
    weights: resolve(operand),
    source: await filesOf(resolve(operand)),
    stops: async () => stopIds(args.given("eos") ? givenStop(args, decoder) : await stopTokens(operand)),
    texts: () => textFiles(operand),
    openWeights: () => openWeights(operand),
  };
}

/** @throws UserError for weights of which the bounds know nothing: the engine may sum their codes up before their scales */
async function safeIn(
  decoder: Decoder,
  { quantize, ropeFactor }: BuildSettings,
  args: Args,
  io: Io,
): Promise<SafeModel> {
  if (quantize.how !== "none")
    throw new UserError(
      `--engine-safe bounds fp16 weights, and --quantize ${formWord(quantize.how)} stores others, whose unscaled codes the engine may sum up`,
      "leave one of them out",
    );
  const store = await openWeights(args.operands[0]!);
  try {
    return madeSafe(await safeModel(decoder, store, io, args, foldRopeFactor(decoder, ropeFactor)));
  } finally {
    await store.close();
  }
}

/** @throws UserError for a token that the model does not have */
function givenStop(args: Args, { vocab }: Decoder) {
  const id = Number(args.text("eos"));
  if (id >= vocab) throw new UserError(`--eos ${id} is outside the vocabulary of ${vocab}`);
  return { ends: [id], from: "--eos" };
}

/** The stop ids are those of its generation_config.json. */
function builtIn(args: Args, settings: BuildSettings): WholeModel {
  const model: BuiltModel = { decoder: PHI4_MINI, stem: "phi4mini", family: "Phi 4 Mini Instruct" };
  const seed = args.whole("seed");
  const shapes = new Map(modelTensors(PHI4_MINI).map(({ name, shape }) => [name, shape]));
  return {
    plan: planBuild(model, settings),
    notes: [...windowNotes(PHI4_MINI, settings.maxSeq), ...functionNotes(settings)],
    weights: `generated (seed ${seed})`,
    source: [],
    stops: async () =>
      stopIds(
        args.given("eos") ? givenStop(args, PHI4_MINI) : { ends: [200020, 199999], begin: 199999, from: BUILT_IN },
      ),
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
    cache: args.text("cache") as CacheKeeping,
  };
}

/** Each size of a program is lowered, proven and read back. */
const MOST_SIZES = 32;

/** @throws UserError for a range that falls, or is too wide */
function tokensOf(args: Args): TokenSizes {
  const functions = args.text("functions");
  if (functions !== undefined) return { functions: functionsIn(functions) };
  const [from, to = from] = args.text("tokens")!.split("..").map(Number) as [number, number?];
  if (to - from >= MOST_SIZES)
    throw new UserError(`--tokens ${args.text("tokens")} are ${to - from + 1} sizes`, `give ${MOST_SIZES} at most`);
  if (to < from) throw new UserError(`--tokens ${args.text("tokens")} ends before it begins`, `give ${to}..${from}`);
  return { from, to };
}

/** What becomes of them on a host that knows none. */
function functionNotes({ tokens, host }: BuildSettings): readonly string[] {
  if (!("functions" in tokens)) return [];
  const { name } = stepIn(tokens.functions);
  return [
    `the ${host}'s runtime names no function: it runs ${name} alone, one token a call; generate runs all of them`,
  ];
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
    await checkTiedHead(decoder, checkpoint, path);
    return { decoder, notes: [...checkpoint.notes, ...notes, ...found] };
  } finally {
    await checkpoint.close();
  }
}
