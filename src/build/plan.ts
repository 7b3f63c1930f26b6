/** What a build will write, before anything is: shards, heads and the embedding, each with its graph, its name and its bytes. */
import type { Graph } from "../dsl/graph.ts";
import type { Size } from "../dsl/model.ts";
import { lower } from "../emit/write/lower.ts";
import { type Decoder, fewestLayers } from "../models/decoder.ts";
import { headGraph, type VocabRange } from "../models/head.ts";
import { decoderLayers } from "../models/layers.ts";
import type { RopeFactorPlace } from "../models/rope-fold.ts";
import { smallestOf } from "../models/smallest.ts";
import { headsOf, type LayerRange, shardsOf, shardsWithin } from "./ranges.ts";
import { decoderFor, type TargetHost } from "./target-host.ts";

/** How a model is to be built. */
export interface BuildSettings {
  readonly host: TargetHost;
  /** Tokens of a block that the shards take. */
  readonly tokens: number;
  readonly maxSeq: number;
  /** Layers of each shard, or the bytes of weights that one may have. */
  readonly shards: { readonly counts: readonly number[] } | { readonly bytes: number };
  readonly heads: number;
  readonly ropeFactor: RopeFactorPlace;
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
  readonly graph: Graph;
  /** Of its weight file. */
  readonly bytes: number;
}

/** Layers as one package, with the one-token graph that its block is proven against. */
export interface PlannedShard extends PlannedPackage, LayerRange {
  readonly step: Graph;
  /** The same pair at small sizes, for the attack on its proof. */
  small(tokens: number): { readonly block: Graph; readonly step: Graph };
}

/** The last norm and the logits of a range of the vocabulary. */
export interface PlannedHead extends PlannedPackage, VocabRange {}

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

const TAG = "fp16";

/** Plans a build. @throws UserError for a division that does not cover the model, or what the host cannot feed */
export function planBuild(model: BuiltModel, settings: BuildSettings): BuildPlan {
  const { stem } = model;
  const decoder = decoderFor(settings.host, model.decoder, settings.maxSeq, settings.ropeFactor);
  const shards = rangesOf(decoder, settings).map((range) => shardOf(decoder, stem, settings, range));
  const heads = headsOf(settings.heads, decoder.vocab).map((range, k) => {
    const path = `lm_head_shards/${stem}_lm_head_s${k}_${TAG}`;
    return { ...range, path, ...sized(headGraph(decoder, range)) };
  });
  const embedding = { path: `${stem}_token_embd_fp16.bin`, bytes: 2 * decoder.vocab * decoder.hiddenSize };
  const bytes = [...shards, ...heads, embedding].reduce((sum, part) => sum + part.bytes, 0);
  return { model, settings, decoder, shards, heads, embedding, bytes };
}

const sized = (graph: Graph) => ({ graph, bytes: lower(graph).blobs.bytes });

/** Layers differ in bytes only where they differ in kind, so that one of each place in the pattern is measured. */
function rangesOf(decoder: Decoder, { shards, tokens, maxSeq }: BuildSettings): readonly LayerRange[] {
  const { layers, pattern } = decoder;
  if ("counts" in shards) return shardsOf(shards.counts, layers);
  const measured = pattern
    .slice(0, layers)
    .map((_, first) => lower(decoderLayers(decoder, { tokens, maxSeq }, { first })).blobs.bytes);
  return shardsWithin(
    shards.bytes,
    Array.from({ length: layers }, (_, layer) => measured[layer % pattern.length]!),
  );
}

function shardOf(decoder: Decoder, stem: string, settings: BuildSettings, range: LayerRange): PlannedShard {
  const { tokens, maxSeq } = settings;
  const layers = { first: range.begin, count: range.end - range.begin };
  const of = (size: Size) => decoderLayers(decoder, size, layers);
  // Layers of a kind are renamings of one another.
  const few = { first: range.begin, count: fewestLayers(decoder, range.begin, layers.count) };
  const smallOf = (size: Size) => decoderLayers(smallestOf(decoder), size, few);
  return {
    ...range,
    path: `${stem}_layer${range.begin}_${range.end}_${TAG}`,
    ...sized(of({ tokens, maxSeq })),
    step: of({ tokens: 1, maxSeq }),
    small: (n) => ({ block: smallOf({ tokens: n, maxSeq: n + 1 }), step: smallOf({ tokens: 1, maxSeq: n + 1 }) }),
  };
}
