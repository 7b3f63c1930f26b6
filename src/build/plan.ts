/** What a build will write, before anything is: shards, heads and the embedding, each with its graph, its name and its bytes. */
import type { Graph } from "../dsl/graph.ts";
import type { Size } from "../dsl/model.ts";
import { UserError } from "../dsl/user-error.ts";
import { flexible } from "../emit/write/flexible.ts";
import { type Lowered, lower } from "../emit/write/lower.ts";
import { type Decoder, fewestLayers } from "../models/decoder.ts";
import { headGraph, type VocabRange } from "../models/head.ts";
import type { CacheKeeping } from "../models/layer/parts.ts";
import { decoderLayers } from "../models/layers.ts";
import type { RopeFactorPlace } from "../models/rope-fold.ts";
import { smallestOf } from "../models/smallest.ts";
import { functionsOf, withoutSize } from "./functions.ts";
import { type PlainTwin, plainTwinOf } from "./plain-twin.ts";
import { checkQuantize, type Quantize, storedAs, tagOf } from "./quantize.ts";
import { headsOf, type LayerRange, shardsOf, shardsWithin } from "./ranges.ts";
import { countsIn, type TokenSizes, widest } from "./sizes.ts";
import { decoderFor, type TargetHost } from "./target-host.ts";

/** How a model is to be built. */
export interface BuildSettings {
  readonly host: TargetHost;
  /** Tokens of a block that the shards take. */
  readonly tokens: TokenSizes;
  readonly maxSeq: number;
  /** Layers of each shard, or the bytes of weights that one may have. */
  readonly shards: { readonly counts: readonly number[] } | { readonly bytes: number };
  readonly heads: number;
  readonly ropeFactor: RopeFactorPlace;
  /** How matrices are stored; the embedding is always fp16. */
  readonly quantize: Quantize;
  /** Who keeps the KV caches. */
  readonly cache: CacheKeeping;
}

/** The model itself: its record, and what its files are called by. */
export interface BuiltModel {
  readonly decoder: Decoder;
  /** Begins the names of files, such as `phi4mini`. */
  readonly stem: string;
  /** For people, such as `Phi 4 Mini`. */
  readonly family: string;
}

/** A package that is to be written; its path is relative to the build's folder, without an extension. */
interface PlannedPackage {
  readonly path: string;
  readonly lowered: Lowered;
  /** Of its weight file. */
  readonly bytes: number;
  /** What its graph for one token is without exponents, where it has some. */
  readonly plain?: PlainTwin;
}

/** Layers as one package. */
export interface PlannedShard extends PlannedPackage, LayerRange {
  readonly tokens: TokenSizes;
  /** The one-token graph that its blocks are proven against. */
  readonly step: Graph;
  /** That of the most tokens. */
  readonly block: Graph;
  /** The same pair at small sizes, for the attack on its proof. */
  small(tokens: number): { readonly block: Graph; readonly step: Graph };
}

/** The last norm and the logits of a range of the vocabulary. */
export interface PlannedHead extends PlannedPackage, VocabRange {
  readonly graph: Graph;
}

/** All that a build writes. */
export interface BuildPlan {
  readonly model: BuiltModel;
  readonly settings: BuildSettings;
  /** As its shards are built: with what the host does not feed inside. */
  readonly decoder: Decoder;
  readonly shards: readonly PlannedShard[];
  readonly heads: readonly PlannedHead[];
  /** One fp16 row for each token of the vocabulary. */
  readonly embedding: { readonly path: string; readonly bytes: number };
  /** Of all files, but for the models and the manifest, which are small. */
  readonly bytes: number;
}

/** Plans a build. @throws UserError for a division that does not cover the model, or what the host cannot feed */
export function planBuild(model: BuiltModel, settings: BuildSettings): BuildPlan {
  const { stem } = model;
  const decoder = decoderFor(settings.host, model.decoder, settings.maxSeq, settings.ropeFactor);
  const ranges = rangesOf(decoder, settings);
  checkTurned(decoder, ranges);
  const shards = ranges.map((range) => shardOf(decoder, stem, settings, range));
  const heads = headsOf(settings.heads, decoder.vocab).map((range, k) => {
    const path = `lm_head_shards/${stem}_lm_head_s${k}_${tagOf(settings.quantize)}`;
    const of = (record: Decoder) => storedAs(settings.quantize, headGraph(record, range));
    const graph = of(decoder);
    const twin = plainTwinOf(decoder, of, (smallest) => headGraph(smallest, { begin: 0, end: 1 }));
    return { ...range, path, graph, ...sized(lower(graph)), ...(twin ? { plain: twin } : {}) };
  });
  checkQuantize(settings.quantize, [
    decoderLayers(decoder, { tokens: 1, maxSeq: settings.maxSeq }, { count: decoder.layers }),
    headGraph(decoder, { begin: 0, end: decoder.vocab }),
  ]);
  const embedding = { path: `${stem}_token_embd_fp16.bin`, bytes: 2 * decoder.vocab * decoder.hiddenSize };
  const bytes = [...shards, ...heads, embedding].reduce((sum, part) => sum + part.bytes, 0);
  return { model, settings, decoder, shards, heads, embedding, bytes };
}

/** The host feeds RoPE's tables to every shard. @throws UserError for one that has no layer to take them */
function checkTurned({ pattern }: Decoder, ranges: readonly LayerRange[]): void {
  const isTurned = (layer: number) => pattern[layer % pattern.length]!.turned;
  const still = ranges.find(
    ({ begin, end }) => !Array.from({ length: end - begin }, (_, k) => begin + k).some(isTurned),
  );
  if (still)
    throw new UserError(
      `layers ${still.begin} to ${still.end - 1} have no RoPE, and the runtime feeds its tables to every shard`,
      "divide the layers otherwise with --shards",
    );
}

const sized = (lowered: Lowered) => ({ lowered, bytes: lowered.blobs.bytes });

/** Layers differ in bytes only where they differ in kind, so that one of each place in the pattern is measured. */
function rangesOf(decoder: Decoder, { shards, tokens, maxSeq, quantize }: BuildSettings): readonly LayerRange[] {
  const { layers, pattern } = decoder;
  if ("counts" in shards) return shardsOf(shards.counts, layers);
  const size = { tokens: widest(tokens), maxSeq };
  const measured = pattern
    .slice(0, layers)
    .map((_, first) => lower(storedAs(quantize, decoderLayers(decoder, size, { first }))).blobs.bytes);
  return shardsWithin(
    shards.bytes,
    Array.from({ length: layers }, (_, layer) => measured[layer % pattern.length]!),
  );
}

function shardOf(decoder: Decoder, stem: string, settings: BuildSettings, range: LayerRange): PlannedShard {
  const { tokens, maxSeq, cache } = settings;
  const layers = { first: range.begin, count: range.end - range.begin, cache };
  const made = (record: Decoder, size: Size) => storedAs(settings.quantize, decoderLayers(record, size, layers));
  const of = (size: Size) => made(decoder, size);
  // Layers of a kind are renamings of one another.
  const few = { first: range.begin, count: fewestLayers(decoder, range.begin, layers.count), cache };
  const smallOf = (size: Size) => decoderLayers(smallestOf(decoder), size, few);
  const twin = plainTwinOf(
    decoder,
    (record) => made(record, { tokens: 1, maxSeq }),
    (smallest) => decoderLayers(smallest, { tokens: 1, maxSeq: 2 }, few),
  );
  return {
    ...range,
    path: `${stem}_layer${range.begin}_${range.end}_${cache === "io" ? "io_" : ""}${tagOf(settings.quantize)}`,
    ...sized(programOf(tokens, (n) => of({ tokens: n, maxSeq }))),
    tokens,
    step: of({ tokens: 1, maxSeq }),
    block: of({ tokens: widest(tokens), maxSeq }),
    small: (n) => ({ block: smallOf({ tokens: n, maxSeq: n + 1 }), step: smallOf({ tokens: 1, maxSeq: n + 1 }) }),
    ...(twin ? { plain: twin } : {}),
  };
}

/** The program of one size, one for every size of the range, or one with a function for each size. */
function programOf(tokens: TokenSizes, graphOf: (tokens: number) => Graph): Lowered {
  if ("functions" in tokens) return functionsOf(tokens.functions, graphOf);
  if (tokens.from === tokens.to) return lower(graphOf(tokens.to));
  const graphs = countsIn(tokens).map(graphOf);
  return flexible(graphs.map(lower), `${withoutSize(graphs[0]!)}_t${tokens.from}to${tokens.to}`);
}
