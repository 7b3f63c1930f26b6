/**
 * The manifest of a built model, as the runtime of the ane-book reads it (runtime/phi4_mini_ane.swift, PhiRuntimeMeta): unknown keys
 * are passed over there, so that what is graphc's own stands under one key.
 */
import { fields, list, type Of, optional } from "../files/json-shape.ts";
import type { Decoder } from "../models/decoder.ts";
import type { VocabRange } from "../models/head.ts";
import type { LayerRange } from "./ranges.ts";

const LAYER_SHARD = fields({ start: "count", end: "count", path: "string" });
const HEAD_SHARD = fields({ shard_idx: "count", vocab_start: "count", vocab_end: "count", mlmodelc: "string" });

/** What a strict reader of that manifest takes; ranges end before `end`, paths are relative to the manifest. */
export const ANE_BOOK_MANIFEST = fields({
  model_family: "string",
  d_model: "count",
  n_heads: "count",
  n_kv_heads: "count",
  d_head: "count",
  rope_dim: optional("count"),
  vocab_size: "count",
  n_layers: "count",
  max_seq_len: "count",
  rope_freq_base: "number",
  eos_token_id: "count",
  bos_token_id: "count",
  embed_bin: "string",
  layers: list(LAYER_SHARD),
  lm_head_shards: list(HEAD_SHARD),
  speculative_verifier: optional(
    fields({ batch_tokens: "count", layers: list(LAYER_SHARD), lm_head_shards: list(HEAD_SHARD) }),
  ),
  graphc: optional("any"),
});

/** A manifest of that form. */
export type AneBookManifest = Of<typeof ANE_BOOK_MANIFEST>;

/** The two ids at which the runtime stops, and every id at which the model does. */
export interface StopIds {
  readonly eos: number;
  readonly bos: number;
  readonly all: readonly number[];
}

/** What a manifest tells. */
export interface ManifestFacts {
  readonly family: string;
  readonly decoder: Decoder;
  readonly maxSeq: number;
  /** The largest block that the shards take. */
  readonly tokens: number;
  readonly stops: StopIds;
  /** Of a stored matrix element. */
  readonly bits: number;
  readonly embedding: string;
  /** Paths of the compiled models, with forward slashes. */
  readonly shards: readonly (LayerRange & { readonly path: string })[];
  readonly heads: readonly (VocabRange & { readonly path: string })[];
  /** What is graphc's own. */
  readonly own: object;
}

/** The block that the runtime takes where the manifest does not say. */
export const USUAL_BLOCK = 4;

/** The manifest in the form of `ANE_BOOK_MANIFEST`; keys beyond that are those that the exporters of the ane-book write. */
export function aneBookManifest(facts: ManifestFacts): AneBookManifest & Readonly<Record<string, unknown>> {
  const { decoder, maxSeq, tokens, stops, shards, heads } = facts;
  return {
    artifacts_version: 1,
    model_family: facts.family,
    d_model: decoder.hiddenSize,
    n_heads: decoder.heads,
    n_kv_heads: decoder.kvHeads,
    d_head: decoder.headDim,
    // Without it the runtime makes tables as wide as a head.
    rope_dim: decoder.rotaryDims,
    d_ff: decoder.ffnSize,
    rms_norm_eps: decoder.eps,
    vocab_size: decoder.vocab,
    n_layers: decoder.layers,
    max_seq_len: maxSeq,
    rope_freq_base: decoder.ropeTheta,
    tie_word_embeddings: decoder.tiedHead,
    eos_token_id: stops.eos,
    bos_token_id: stops.bos,
    quant_bits: facts.bits,
    embed_bin: facts.embedding,
    layers: shards.map(({ begin, end, path }) => ({ start: begin, end, path })),
    lm_head_shards: heads.map(({ begin, end, path }, k) => ({
      shard_idx: k,
      vocab_start: begin,
      vocab_end: end,
      mlmodelc: path,
    })),
    // Only the block is read of it; the lists must be there.
    ...(tokens === USUAL_BLOCK
      ? {}
      : { speculative_verifier: { batch_tokens: tokens, layers: [], lm_head_shards: [] } }),
    graphc: { ...facts.own, stops: stops.all },
  };
}

/**
 * All that is wrong with a manifest by itself: what the runtime checks (layer coverage, a first head at 0) and what it does not, where
 * it would read out of bounds or give a wrong token. None for a good one.
 */
export function manifestProblems(m: AneBookManifest): readonly string[] {
  return [
    ...coverage(
      "layers",
      m.layers.map(({ start, end }) => [start, end]),
      m.n_layers,
    ),
    ...coverage(
      "lm_head_shards",
      m.lm_head_shards.toSorted((a, b) => a.shard_idx - b.shard_idx).map((h) => [h.vocab_start, h.vocab_end]),
      m.vocab_size,
    ),
    ...twice(m.lm_head_shards.map(({ shard_idx: index }) => index)).map((k) => `shard_idx ${k} is there twice`),
    ...[m.embed_bin, ...m.layers.map(({ path }) => path), ...m.lm_head_shards.map(({ mlmodelc }) => mlmodelc)]
      .filter((path) => !isInside(path))
      .map((path) => `the path ${JSON.stringify(path)} is not one below the manifest`),
    ...ropeProblems(m),
    ...(["eos_token_id", "bos_token_id"] as const)
      .filter((key) => m[key] >= m.vocab_size)
      .map((key) => `${key} ${m[key]} is outside the vocabulary of ${m.vocab_size}`),
    ...(m.max_seq_len < 1 ? ["max_seq_len is 0"] : []),
    ...(m.speculative_verifier?.batch_tokens === 0 ? ["speculative_verifier.batch_tokens is 0"] : []),
  ];
}

/** Ranges in the order in which they are read must follow each other from 0 to the end. */
function coverage(what: string, ranges: readonly (readonly [begin: number, end: number])[], all: number): string[] {
  let at = 0;
  for (const [begin, end] of ranges) {
    if (begin !== at || end <= begin) return [`${what}: ${begin} to ${end} stands where ${at} should begin`];
    at = end;
  }
  return at === all ? [] : [`${what} end at ${at}, and there are ${all}`];
}

function ropeProblems({ rope_dim: dims, d_head: head, rope_freq_base: base }: AneBookManifest): readonly string[] {
  if (dims === undefined || dims === null) return ["rope_dim is absent: the runtime would turn whole heads"];
  return [
    ...(dims % 2 !== 0 || dims < 2 || dims > head ? [`rope_dim ${dims} is no even number from 2 to ${head}`] : []),
    ...(base > 0 ? [] : [`rope_freq_base is ${base}`]),
  ];
}

const twice = (xs: readonly number[]): readonly number[] => [...new Set(xs.filter((x, k) => xs.indexOf(x) !== k))];

const isInside = (path: string): boolean =>
  path !== "" && !path.startsWith("/") && !path.split("/").some((part) => part === ".." || part === "." || part === "");
