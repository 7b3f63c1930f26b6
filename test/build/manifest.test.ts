/** The manifest: a strict reader takes what is made, and every fault by itself is told. */
import { describe, expect, test } from "vitest";
import {
  ANE_BOOK_MANIFEST,
  type AneBookManifest,
  aneBookManifest,
  manifestProblems,
} from "../../src/build/manifest.ts";
import { headsOf, shardsOf } from "../../src/build/ranges.ts";
import { hasShape } from "../../src/files/json-shape.ts";
import { PHI4_MINI } from "../../src/models/config.ts";

const facts = {
  family: "Phi 4 Mini",
  decoder: PHI4_MINI,
  maxSeq: 2048,
  tokens: 4,
  stops: { eos: 200020, bos: 199999, all: [200020, 199999] },
  bits: 16,
  embedding: "phi4mini_token_embd_fp16.bin",
  shards: shardsOf([20, 4, 6, 2], 32).map((r) => ({ ...r, path: `phi4mini_layer${r.begin}_${r.end}_fp16.mlmodelc` })),
  heads: headsOf(4, 200064).map((r, k) => ({ ...r, path: `lm_head_shards/Phi4MiniLMHead_s${k}_fp16.mlmodelc` })),
  own: { version: 1 },
};
const good: AneBookManifest = aneBookManifest(facts);

describe("the manifest", () => {
  test("has the form that the runtime decodes, and no problem", () => {
    expect(hasShape(JSON.parse(JSON.stringify(good)), ANE_BOOK_MANIFEST)).toBe(true);
    expect(manifestProblems(good)).toEqual([]);
    expect(good).toMatchObject({ rope_dim: 96, d_head: 128, rope_freq_base: 10000, n_layers: 32, max_seq_len: 2048 });
    expect(good).not.toHaveProperty("speculative_verifier");
  });

  test("tells another block than the usual one, with the lists that the runtime wants there", () => {
    const single: AneBookManifest = aneBookManifest({ ...facts, tokens: 1 });
    expect(single.speculative_verifier).toEqual({ batch_tokens: 1, layers: [], lm_head_shards: [] });
    expect(hasShape(JSON.parse(JSON.stringify(single)), ANE_BOOK_MANIFEST)).toBe(true);
  });

  test("without a required key is not of the form", () => {
    for (const key of Object.keys(good).filter((k) => !["rope_dim", "graphc"].includes(k))) {
      const { [key as "d_model"]: _, ...rest } = good;
      const required = !["artifacts_version", "d_ff", "rms_norm_eps", "tie_word_embeddings", "quant_bits"].includes(
        key,
      );
      expect(hasShape(rest, ANE_BOOK_MANIFEST), key).toBe(!required);
    }
  });

  const heads = good.lm_head_shards;
  const { rope_dim: _, ...ropeless } = good;
  test.each<[string, AneBookManifest, RegExp]>([
    [
      "a gap between shards",
      { ...good, layers: good.layers.filter((_, k) => k !== 1) },
      /layers: 24 to 30 stands where 20/,
    ],
    ["a shard too few", { ...good, layers: good.layers.slice(0, 3) }, /layers end at 30, and there are 32/],
    ["no shard", { ...good, layers: [] }, /layers end at 0/],
    ["an empty shard", { ...good, layers: [{ ...good.layers[0]!, end: 0 }, ...good.layers] }, /0 to 0/],
    ["heads that overlap", { ...good, lm_head_shards: heads.with(1, { ...heads[1]!, vocab_start: 50000 }) }, /50000/],
    [
      "a head beyond the vocabulary",
      { ...good, lm_head_shards: heads.with(3, { ...heads[3]!, vocab_end: 200065 }) },
      /200065/,
    ],
    ["no first head", { ...good, lm_head_shards: heads.slice(1) }, /50016 to 100032 stands where 0/],
    [
      "heads numbered in another order",
      { ...good, lm_head_shards: heads.map((h, k) => ({ ...h, shard_idx: 3 - k })) },
      /lm_head_shards/,
    ],
    [
      "a number twice",
      { ...good, lm_head_shards: heads.map((h) => ({ ...h, shard_idx: 0 })) },
      /shard_idx 0 is there twice/,
    ],
    ["a path out of the folder", { ...good, embed_bin: "../x.bin" }, /"\.\.\/x\.bin"/],
    ["an absolute path", { ...good, layers: good.layers.with(0, { ...good.layers[0]!, path: "/a.mlmodelc" }) }, /"\/a/],
    ["no rope_dim", ropeless, /rope_dim is absent/],
    ["an odd rope_dim", { ...good, rope_dim: 95 }, /rope_dim 95/],
    ["a rope_dim wider than a head", { ...good, rope_dim: 130 }, /rope_dim 130/],
    ["a base of 0", { ...good, rope_freq_base: 0 }, /rope_freq_base/],
    ["an end token outside", { ...good, eos_token_id: 200064 }, /eos_token_id 200064/],
    ["a begin token outside", { ...good, bos_token_id: 200064 }, /bos_token_id 200064/],
    ["no room", { ...good, max_seq_len: 0 }, /max_seq_len/],
    [
      "a block of none",
      { ...good, speculative_verifier: { batch_tokens: 0, layers: [], lm_head_shards: [] } },
      /batch_tokens/,
    ],
  ])("with %s has a problem", (_, manifest, problem) => {
    const told = manifestProblems(manifest);
    expect(told.length).toBeGreaterThan(0);
    expect(told.join("\n")).toMatch(problem);
  });
});
