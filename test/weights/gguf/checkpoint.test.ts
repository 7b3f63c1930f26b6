/** The tensors of a GGUF checkpoint; real files are held against transformers in conformance/test_gguf.py. */
import { expect, test } from "vitest";
import { EMBEDDING, open, PHI, read, tensor, tensorOf, valuesOf } from "../../support/gguf/gguf-checkpoint.ts";
import { whole } from "../../support/gguf/gguf-files.ts";

const LAYER = ["attn_norm", "attn_output", "ffn_norm", "ffn_down"].map((name) => tensor(`blk.7.${name}.weight`, [1]));
const OF_LAYER = (feedForwardNorm: string) =>
  ["input_layernorm", "self_attn.o_proj", feedForwardNorm, "mlp.down_proj"].map(
    (name) => `model.layers.7.${name}.weight`,
  );

test("names are Hugging Face's; a gate without a name of its own lies in the rows of up", async () => {
  const names = async (...more: readonly string[]) => {
    const others = more.map((name) => tensor(name, [1]));
    const { tensors, close } = await open(PHI, [EMBEDDING, ...LAYER, ...others]);
    await close();
    return [...tensors.keys()];
  };
  expect(await names("blk.0.attn_qkv.weight", "blk.0.ffn_up.weight", "stray", "output.weight")).toEqual([
    "model.embed_tokens.weight",
    ...OF_LAYER("post_attention_layernorm"),
    "model.layers.0.self_attn.qkv_proj.weight",
    "model.layers.0.mlp.gate_up_proj.weight",
    "stray",
    "lm_head.weight",
  ]);
  expect(await names("blk.0.attn_q.bias", "blk.0.ffn_up.weight", "blk.0.ffn_gate.weight")).toContain(
    "model.layers.0.mlp.up_proj.weight",
  );
  // Another architecture's, which has two norms after the blocks.
  expect(await names("blk.0.post_ffw_norm.weight")).toContain("blk.0.post_ffw_norm.weight");
});

test("where norms stand on both sides of a block, what stands before the feed-forward has another name", async () => {
  const more = ["post_attention_norm", "post_ffw_norm", "attn_k_norm"].map((name) => `blk.7.${name}.weight`);
  const { tensors, close } = await open(valuesOf("gemma3"), [
    EMBEDDING,
    ...LAYER,
    ...more.map((name) => tensor(name, [1])),
  ]);
  expect([...tensors.keys()].slice(1)).toEqual([
    ...OF_LAYER("pre_feedforward_layernorm"),
    ...["post_attention_layernorm", "post_feedforward_layernorm", "self_attn.k_norm"].map(
      (name) => `model.layers.7.${name}.weight`,
    ),
  ]);
  await close();
});

test("two tensors of one name are refused", async () => {
  await expect(open(PHI, [EMBEDDING, tensor("model.embed_tokens.weight", [8, 3])])).rejects.toThrow(
    'two tensors are what Hugging Face calls "model.embed_tokens.weight"',
  );
});

test.each(["llama", "smollm3"])(
  "rows of a %s's q and k are put back, wherever a piece begins",
  async (architecture) => {
    const checkpoint = await open(valuesOf(architecture), [
      EMBEDDING,
      tensor("blk.0.attn_q.weight", [2, 8]),
      tensor("blk.0.attn_k.bias", [4]),
      tensor("blk.0.attn_v.weight", [2, 4]),
    ]);
    const q = "model.layers.0.self_attn.q_proj.weight";
    // Of a head of four rows 0 2 1 3 are the halves [0, 1] and [2, 3] as Hugging Face has them.
    const right = [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15];
    expect(await read(checkpoint, q, [2], [0, 8])).toEqual(right);
    expect(await read(checkpoint, q, [2], [1, 6])).toEqual(right.slice(2, 12));
    expect(await read(checkpoint, "model.layers.0.self_attn.k_proj.bias", [], [0, 4])).toEqual([0, 2, 1, 3]);
    expect(await read(checkpoint, "model.layers.0.self_attn.v_proj.weight", [2], [0, 4])).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7,
    ]);
    await checkpoint.close();
  },
);

test.each(["phi3", "qwen2", "gemma2"])("those of a %s are as they were", async (architecture) => {
  const checkpoint = await open(valuesOf(architecture), [EMBEDDING, tensor("blk.0.attn_q.weight", [2, 8])]);
  const rows = Array.from({ length: 16 }, (_, i) => i);
  expect(await read(checkpoint, "model.layers.0.self_attn.q_proj.weight", [2], [0, 8])).toEqual(rows);
  await checkpoint.close();
});

test.each([
  ["attn_q", 6, 4],
  ["attn_k", 8, 3],
  ["attn_q", 8, 0],
])("%s of %s rows is no whole heads of %s", async (name, rows, headDim) => {
  await expect(
    open(valuesOf("llama", { "attention.key_length": whole(headDim) }), [
      EMBEDDING,
      tensor(`blk.0.${name}.weight`, [2, rows]),
    ]),
  ).rejects.toThrow(
    `tensor "model.layers.0.self_attn.${name.slice(-1)}_proj.weight" has ${rows} rows, which are no whole heads of ${headDim}`,
  );
});

const HALF = { type: 1, data: new Uint8Array(Uint16Array.of(0x3c00, 0x3e00, 0x0000).buffer) };

test.each(["gemma2", "gemma3"])("gains of a %s are those less 1 of Hugging Face", async (architecture) => {
  const gains = [1, 1.25, -0.5];
  const checkpoint = await open(valuesOf(architecture), [
    EMBEDDING,
    tensorOf("output_norm.weight", [3], gains),
    tensorOf("blk.0.attn_q_norm.weight", [3], gains),
    { ...tensor("blk.0.ffn_norm.weight", [3]), ...HALF },
    tensorOf("blk.0.attn_v.weight", [3], gains),
  ]);
  const [norm, inLayer] = ["model.norm.weight", "model.layers.0.self_attn.q_norm.weight"];
  expect(await read(checkpoint, norm, [], [0, 3])).toEqual([0, 0.25, -1.5]);
  expect(await read(checkpoint, inLayer, [], [1, 3])).toEqual([0.25, -1.5]);
  const half = "model.layers.0.pre_feedforward_layernorm.weight";
  expect(await read(checkpoint, half, [], [0, 3])).toEqual([0, 0.5, -1]);
  expect(await read(checkpoint, "model.layers.0.self_attn.v_proj.weight", [], [0, 3])).toEqual(gains);
  const told = (name: string) => [checkpoint.tensors.get(name)?.dtype, checkpoint.tensors.get(name)?.encoding];
  expect(told(norm)).toEqual(["F32", "F32 read less the 1 that its converter added"]);
  expect(told(half)).toEqual(["F32", "F16 read less the 1 that its converter added"]);
  expect(told("model.layers.0.self_attn.v_proj.weight")).toEqual(["F32", "F32"]);
  await checkpoint.close();
});

test("gains of other architectures are as they were", async () => {
  const checkpoint = await open(PHI, [EMBEDDING, tensorOf("output_norm.weight", [2], [1, 1.25])]);
  expect(await read(checkpoint, "model.norm.weight", [], [0, 2])).toEqual([1, 1.25]);
  await checkpoint.close();
});
