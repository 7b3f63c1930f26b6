/** What the weights of a package or of a build were before they were quantised, as `--unquantised` names it. */
import { isDeepStrictEqual } from "node:util";
import { decoderFor, type TargetHost } from "../../build/target-host.ts";
import type { Graph } from "../../dsl/graph.ts";
import { twinsOf } from "../../dsl/host/twins.ts";
import { UserError } from "../../dsl/user-error.ts";
import { packageWeights } from "../../emit/read/blobs/package-store.ts";
import { graphOf, readPackage } from "../../emit/read/read.ts";
import { PHI4_MINI } from "../../models/config.ts";
import { readDecoder } from "../../models/config-read.ts";
import { modelTensors } from "../../models/config-tensors.ts";
import type { Decoder } from "../../models/decoder.ts";
import { headGraph } from "../../models/head.ts";
import type { CacheKeeping } from "../../models/layer/parts.ts";
import { decoderLayers } from "../../models/layers.ts";
import type { RopeFactorPlace } from "../../models/rope-fold.ts";
import { type ErrorTexts, measuredErrors, unmeasuredErrors, type Weighed } from "../../view/weight-errors.ts";
import { generatedStore } from "../../weights/generated.ts";
import { openWeights } from "../../weights/open.ts";
import type { WeightStore } from "../../weights/store.ts";
import type { Args } from "../options/command.ts";
import { BUILT_IN, isCheckpoint, isPackage } from "../options/operand-kind.ts";
import type { Options } from "../options/option.ts";
import { functionOf, type OpenPair } from "../subject/pair.ts";
import type { Io } from "../terminal/io.ts";
import type { ViewedBuild, ViewedPart } from "./build.ts";

/** What quantised weights are held against. */
export const UNQUANTISED_OPTION = {
  unquantised: {
    kind: "folder",
    value: "X",
    help: "how far quantised weights are off those of X: of a package the plain package, of a build its checkpoint",
    for: ["package", "checkpoint"],
  },
} as const satisfies Options;

/** Gives what one graph is held against. */
export type PlainOf = (pair: OpenPair) => Weighed;

/** Texts for the weights that are drawn, and for those of a graph beside them. @throws UserError for an X that is another model */
export async function weightErrors(
  pair: OpenPair,
  { plainOf, beside }: { readonly plainOf: PlainOf | undefined; readonly beside: Graph | undefined },
  args: Args,
  io: Io,
): Promise<ErrorTexts> {
  const unmeasured = (graph: Graph) =>
    unmeasuredErrors(graph, "say --unquantised X, the model before it was quantised");
  const others = beside ? unmeasured(beside) : [];
  if (!plainOf) return new Map([...others, ...unmeasured(pair.block)]);
  const own = { graph: pair.block, name: args.operands[0]!, openWeights: pair.openWeights };
  const progress = io.progress("comparing weights");
  const measured = await measuredErrors(own, plainOf(pair), progress.update).finally(progress.end);
  return new Map([...others, ...measured]);
}

/** For an operand that is no build. @throws UserError for what is no package */
export function plainPackage(args: Args): PlainOf | undefined {
  const path = args.text("unquantised");
  if (path === undefined) return undefined;
  if (!isPackage(args.operands[0]!))
    throw new UserError(
      `--unquantised does nothing for ${args.operands[0]}: nothing is quantised in a checkpoint as it is shown`,
      "it is for packages and builds",
    );
  if (!isPackage(path))
    throw new UserError(`--unquantised ${path} is no package`, "give the package as it was before it was quantised");
  const pkg = readPackage(path);
  // The function that is shown, where the plain one has several too.
  const name = pkg.model.functions.length > 1 ? functionOf(pkg, args, "function") : {};
  return () => ({ graph: graphOf(pkg, name), name: path, openWeights: async () => packageWeights() });
}

/** The checkpoint of a build: its layers and heads as the build stores them, but in fp16. */
export interface PlainBuild {
  of(part: ViewedPart): PlainOf;
}

/** @throws UserError for a checkpoint of another model than the build says it is of */
export async function plainBuild({ folder, manifest }: ViewedBuild, args: Args): Promise<PlainBuild | undefined> {
  const path = args.text("unquantised");
  if (path === undefined) return undefined;
  const settings = (manifest.graphc ?? {}) as Readonly<Record<string, unknown>>;
  const { decoder: read, open } = await modelAt(path, String(settings.weights));
  const maxSeq = manifest.max_seq_len;
  const decoder = decoderFor(settings.host as TargetHost, read, maxSeq, settings["rope-factor"] as RopeFactorPlace);
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(decoder)), settings.decoder))
    throw new UserError(
      `${path} is not the model that ${folder} was built from: its configuration is another`,
      `give the checkpoint that it was built from: ${settings.weights ?? "its manifest does not say which"}`,
    );
  const cache = settings.cache as CacheKeeping;
  return {
    of: ({ of }) => {
      return ({ block, step, given }) => ({
        graph:
          "vocab" in of
            ? headGraph(decoder, of.vocab)
            : decoderLayers(
                decoder,
                { tokens: twinsOf(block, step, given).tokens, maxSeq },
                { first: of.layers.begin, count: of.layers.end - of.layers.begin, cache },
              ),
        name: path,
        openWeights: open,
      });
    },
  };
}

interface PlainModel {
  readonly decoder: Decoder;
  open(): Promise<WeightStore>;
}

/** `weights` is what the build says of its own: the seed of generated ones. */
async function modelAt(path: string, weights: string): Promise<PlainModel> {
  const [, seed] = /^generated \(seed (\d+)\)$/.exec(weights) ?? [];
  if (path === BUILT_IN) {
    if (seed === undefined) throw new UserError(`--unquantised ${BUILT_IN}: the build has weights of ${weights}`);
    const shapes = new Map(modelTensors(PHI4_MINI).map(({ name, shape }) => [name, shape]));
    return { decoder: PHI4_MINI, open: async () => generatedStore(shapes, Number(seed)) };
  }
  if (!isCheckpoint(path))
    throw new UserError(`--unquantised ${path} is no checkpoint`, "give the folder or .gguf file that was built");
  const store = await openWeights(path);
  try {
    return { decoder: readDecoder(store.config, store.configPath).decoder, open: () => openWeights(path) };
  } finally {
    await store.close();
  }
}
