/** RoPE's attention factor in the package gives what it gives in the tables; left out it shows. */
import { describe, expect, test } from "vitest";
import { type Graph, schedule } from "../../src/dsl/graph.ts";
import { readDecoder } from "../../src/models/config-read.ts";
import type { Decoder } from "../../src/models/decoder.ts";
import { hostRows } from "../../src/models/host.ts";
import { decoderLayers } from "../../src/models/layers.ts";
import { foldRopeFactor } from "../../src/models/rope-fold.ts";
import { arrayOf } from "../../src/passes/interpret/array.ts";
import { evaluate } from "../../src/passes/interpret/evaluate.ts";
import { prove } from "../../src/passes/prove/prove.ts";
import { packedWeights } from "../support/weights/weights-packed.ts";

const [TOKENS, MAX_SEQ] = [3, 16];
const SIZES = {
  hidden_size: 24,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  intermediate_size: 16,
  vocab_size: 16,
  num_hidden_layers: 2,
};
const LONG = {
  model_type: "phi3",
  ...SIZES,
  partial_rotary_factor: 0.75,
  max_position_embeddings: 4096,
  original_max_position_embeddings: 32,
  rope_scaling: { type: "longrope", short_factor: [1, 1.5, 2], long_factor: [2, 4, 8] },
};
const YARN = {
  model_type: "qwen2",
  ...SIZES,
  max_position_embeddings: 4096,
  rope_scaling: { rope_type: "yarn", factor: 16, original_max_position_embeddings: 64 },
};
const decoderOf = (json: object): Decoder => readDecoder(json, "config.json").decoder;

/** What two layers make of the same rows: in fp64, with stored weights, as the host of this decoder feeds its tables. */
async function hiddenOf(decoder: Decoder, host: Decoder = decoder): Promise<readonly number[]> {
  const g: Graph = decoderLayers(decoder, { tokens: TOKENS, maxSeq: MAX_SEQ }, { count: 2 });
  const positions = [4, 5, 6];
  const values = Object.fromEntries([
    ...g.inputs.map(({ name, type }) => {
      const rows = hostRows(host, name!, positions, MAX_SEQ);
      const data = rows?.data ?? Float64Array.from({ length: 24 * TOKENS }, (_, k) => Math.sin(1 + 3 * k));
      return [name, arrayOf(type.dtype, type.shape, data)];
    }),
    ...g.states.map(({ name, entry: { type } }) => {
      const size = type.shape.reduce((product, n) => product * n, 1);
      return [
        name,
        arrayOf(
          type.dtype,
          type.shape,
          Float64Array.from({ length: size }, (_, k) => Math.cos(k)),
        ),
      ];
    }),
  ]);
  const weight = await packedWeights(schedule(g));
  return [...evaluate(g, { values, weight }, { precision: "fp64" }).outputs.hidden!.data];
}

function distance(a: readonly number[], b: readonly number[]): number {
  const norm = (xs: readonly number[]) => Math.hypot(...xs);
  return norm(a.map((x, k) => x - b[k]!)) / norm(b);
}

describe.each([
  ["LongRoPE in fused q, k, v, part of a head turned", decoderOf(LONG)],
  ["YaRN in q, k, v with biases", decoderOf(YARN)],
  ["LongRoPE by neighbours", { ...decoderOf(LONG), ropePairs: "neighbours" as const }],
])("the attention factor of %s", (_, decoder) => {
  test("is right in the weights and in the graph, up to what fp16 rounds", async () => {
    const wanted = await hiddenOf(decoder);
    const plain = { ...decoder, rope: { ...decoder.rope, attentionFactor: 1 } } as Decoder;
    for (const into of ["weights", "graph"] as const) {
      const folded = foldRopeFactor(decoder, into);
      expect(folded.rope).toEqual(plain.rope);
      expect(distance(await hiddenOf(folded), wanted)).toBeLessThan(5e-4);
    }
    expect(distance(await hiddenOf(plain), wanted)).toBeGreaterThan(2e-3);
  });

  test("stays with the host where it is asked for", () => {
    expect(foldRopeFactor(decoder, "host")).toBe(decoder);
  });
});

test("rows of v and dims that are not turned are left alone", async () => {
  const folded = foldRopeFactor(decoderOf(LONG), "weights");
  const sources = schedule(decoderLayers(folded, { tokens: 1, maxSeq: 4 })).flatMap(({ def }) =>
    def.kind === "weight" && def.source.from === "checkpoint" && def.source.scaled ? [def.source] : [],
  );
  expect(sources).toEqual([
    expect.objectContaining({
      tensor: "model.layers.0.self_attn.qkv_proj.weight",
      scaled: { factor: folded.ropeFold!.factor, period: 8, count: 6, below: 48 },
    }),
  ]);
});

test("a block with the factor in its weights is proven against such a step, and not against one without", () => {
  const decoder = decoderOf(LONG);
  const folded = foldRopeFactor(decoder, "weights");
  const of = (d: Decoder, tokens: number) => decoderLayers(d, { tokens, maxSeq: MAX_SEQ });
  expect(prove(of(folded, 2), of(folded, 1)).verdict).toBe("PROVEN");
  expect(prove(of(folded, 2), of(decoder, 1)).verdict).not.toBe("PROVEN");
  expect(prove(of(folded, 2), of(foldRopeFactor(decoder, "graph"), 1)).verdict).not.toBe("PROVEN");
});

test("a factor of 1, and none, need no folding", () => {
  const decoder = decoderOf({ model_type: "llama", ...SIZES, max_position_embeddings: 64 });
  expect(foldRopeFactor(decoder, "weights")).toBe(decoder);
});

test("behind a norm of queries and keys it cannot be in the weights", () => {
  const decoder = decoderOf({ ...YARN, model_type: "qwen3" });
  expect(() => foldRopeFactor(decoder, "weights")).toThrow(/cannot be folded into the weights of qwen3/);
  expect(foldRopeFactor(decoder, "graph").ropeFold).toMatchObject({ into: "graph" });
});
