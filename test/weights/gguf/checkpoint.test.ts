/** A GGUF file as a checkpoint; real files are held against transformers in conformance/test_gguf.py. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { fp16Value } from "../../../src/dsl/number.ts";
import { openGgufCheckpoint } from "../../../src/weights/gguf/checkpoint.ts";
import { folderOf } from "../../support/cli.ts";
import { ggufBytes, type RawInfo, type RawValue, string, whole } from "../../support/gguf-files.ts";

const f32 = (x: number): RawValue => [6, new Uint8Array(Float32Array.of(x).buffer)];
const numbers = (...xs: readonly number[]) => new Uint8Array(Float32Array.from(xs).buffer);
const tensor = (name: string, dims: readonly number[]): RawInfo => ({
  name,
  dims,
  type: 0,
  data: numbers(...Array.from({ length: dims.reduce((n, size) => n * size, 1) }, (_, i) => i)),
});

type Values = Readonly<Record<string, RawValue>>;
const PHI: Values = {
  "general.architecture": string("phi3"),
  "phi3.embedding_length": whole(8),
  "phi3.attention.head_count": whole(2),
  "phi3.attention.head_count_kv": whole(1),
  "phi3.feed_forward_length": whole(6),
  "phi3.block_count": whole(1),
  "phi3.context_length": whole(131072),
  "phi3.attention.layer_norm_rms_epsilon": f32(1e-5),
  "phi3.rope.dimension_count": whole(2),
  "phi3.rope.freq_base": f32(10000),
  "phi3.attention.sliding_window": whole(0),
};
const LONG: Values = {
  "phi3.rope.scaling.original_context_length": whole(4096),
  "phi3.rope.scaling.attn_factor": f32(Math.sqrt(1 + Math.log(32) / Math.log(4096))),
};
const FACTORS = [tensor("rope_factors_short.weight", [1]), tensor("rope_factors_long.weight", [1])];
const EMBEDDING = tensor("token_embd.weight", [8, 3]);

const open = (values: Values, tensors: readonly RawInfo[]) =>
  openGgufCheckpoint(join(folderOf({ "m.gguf": ggufBytes({ metadata: Object.entries(values), tensors }) }), "m.gguf"));

test("the configuration is the one that was converted", async () => {
  const { config, close } = await open({ ...PHI, ...LONG }, [EMBEDDING, ...FACTORS]);
  expect(config).toEqual({
    model_type: "phi3",
    hidden_act: "silu",
    hidden_size: 8,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 4,
    intermediate_size: 6,
    num_hidden_layers: 1,
    vocab_size: 3,
    max_position_embeddings: 131072,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    partial_rotary_factor: 0.5,
    tie_word_embeddings: true,
    original_max_position_embeddings: 4096,
    rope_scaling: { type: "longrope", short_factor: [0], long_factor: [0] },
  });
  await close();
});

test.each([
  ["llama", { attention_bias: true, mlp_bias: false }],
  ["qwen2", { use_sliding_window: false }],
  ["qwen3", { use_sliding_window: false, attention_bias: true }],
])("what a converter of %s leaves out is told by its tensors", async (architecture, told) => {
  const values = Object.entries(PHI).map(([key, value]) => [key.replace("phi3.", `${architecture}.`), value]);
  const more = ["attn_q.bias", "attn_q_norm.weight"].map((name) => tensor(`blk.0.${name}`, [1]));
  const { config, tensors, close } = await open(
    { ...Object.fromEntries(values), "general.architecture": string(architecture) },
    [EMBEDDING, ...more],
  );
  expect(config).toMatchObject({ model_type: architecture, rope_scaling: null, ...told });
  expect([...tensors.keys()].slice(1)).toEqual(
    ["proj.bias", "norm.weight"].map((what) => `model.layers.0.self_attn.q_${what}`),
  );
  await close();
});

test("names are Hugging Face's; a gate without a name of its own lies in the rows of up", async () => {
  const layer = ["attn_norm", "attn_output", "ffn_norm", "ffn_down"].map((name) => tensor(`blk.7.${name}.weight`, [1]));
  const names = async (...more: readonly string[]) => {
    const others = more.map((name) => tensor(name, [1]));
    const { tensors, close } = await open(PHI, [EMBEDDING, ...layer, ...others]);
    await close();
    return [...tensors.keys()];
  };
  const common = ["input_layernorm", "self_attn.o_proj", "post_attention_layernorm", "mlp.down_proj"];
  expect(await names("blk.0.attn_qkv.weight", "blk.0.ffn_up.weight", "stray", "output.weight")).toEqual([
    "model.embed_tokens.weight",
    ...common.map((name) => `model.layers.7.${name}.weight`),
    "model.layers.0.self_attn.qkv_proj.weight",
    "model.layers.0.mlp.gate_up_proj.weight",
    "stray",
    "lm_head.weight",
  ]);
  expect(await names("blk.0.attn_q.bias", "blk.0.ffn_up.weight", "blk.0.ffn_gate.weight")).toContain(
    "model.layers.0.mlp.up_proj.weight",
  );
});

test("rows of a llama's q and k are put back, wherever a piece begins", async () => {
  const llama = Object.fromEntries(Object.entries(PHI).map(([key, value]) => [key.replace("phi3.", "llama."), value]));
  const rows = tensor("blk.0.attn_q.weight", [2, 8]);
  const { tensors, stream, close } = await open({ ...llama, "general.architecture": string("llama") }, [
    EMBEDDING,
    rows,
    tensor("blk.0.attn_v.weight", [2, 4]),
  ]);
  const read = async (name: string, size: number, part: readonly [number, number]) => {
    const found: number[] = [];
    const type = { dtype: "fp16", shape: [part[1] - part[0], size] } as const;
    for await (const chunk of stream({ from: "checkpoint", tensor: name, rows: part }, type))
      found.push(...Array.from(new Uint16Array(chunk.slice().buffer), fp16Value));
    return found;
  };
  const q = "model.layers.0.self_attn.q_proj.weight";
  // Of a head of four rows 0 2 1 3 are the halves [0, 1] and [2, 3] as Hugging Face has them.
  const right = [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15];
  expect(tensors.has(q)).toBe(true);
  expect(await read(q, 2, [0, 8])).toEqual(right);
  expect(await read(q, 2, [1, 6])).toEqual(right.slice(2, 12));
  expect(await read("model.layers.0.self_attn.v_proj.weight", 2, [0, 4])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  await close();
});

test.each([
  [6, 4],
  [8, 3],
  [8, 0],
])("%s rows of q are no whole heads of %s", async (rows, headDim) => {
  const llama = Object.fromEntries(Object.entries(PHI).map(([key, value]) => [key.replace("phi3.", "llama."), value]));
  const values = { ...llama, "general.architecture": string("llama"), "llama.attention.key_length": whole(headDim) };
  await expect(open(values, [EMBEDDING, tensor("blk.0.attn_q.weight", [2, rows])])).rejects.toThrow(
    `tensor "model.layers.0.self_attn.q_proj.weight" has ${rows} rows, which are no whole heads of ${headDim}`,
  );
});

const without = (key: string): Values => Object.fromEntries(Object.entries(PHI).filter(([name]) => name !== key));
test.each<readonly [sentence: RegExp, values: Values, tensors: readonly RawInfo[]]>([
  [
    /its architecture is "gpt2", which graphc does not read/,
    { ...PHI, "general.architecture": string("gpt2") },
    [EMBEDDING],
  ],
  [/its architecture is not given/, without("general.architecture"), [EMBEDDING]],
  [/its architecture is 1, /, { ...PHI, "general.architecture": whole(1) }, [EMBEDDING]],
  [/"phi3.block_count" is missing$/, without("phi3.block_count"), [EMBEDDING]],
  [/"phi3.block_count" must be a number$/, { ...PHI, "phi3.block_count": string("1") }, [EMBEDDING]],
  [/tensor "token_embd.weight" is missing$/, PHI, []],
  [/LongRoPE takes both tensors .* some of them only$/, { ...PHI, ...LONG }, [EMBEDDING]],
  [/LongRoPE takes both tensors .* some of them only$/, PHI, [EMBEDDING, ...FACTORS]],
  [/tensor "rope_factors_long.weight" is missing beside its twin$/, { ...PHI, ...LONG }, [EMBEDDING, FACTORS[0]!]],
  [
    /attn_factor is 1.2, where LongRoPE's formula gives 1.190/,
    { ...PHI, ...LONG, "phi3.rope.scaling.attn_factor": f32(1.2) },
    [EMBEDDING, ...FACTORS],
  ],
  [/RoPE scaling "yarn" is not read/, { ...PHI, "phi3.rope.scaling.type": string("yarn") }, [EMBEDDING]],
  [/tensor "rope_freqs.weight" scales RoPE/, PHI, [EMBEDDING, tensor("rope_freqs.weight", [1])]],
])("%s", async (sentence, values, tensors) => {
  await expect(open(values, tensors)).rejects.toThrow(sentence);
});
