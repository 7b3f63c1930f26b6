/** A Phi of four small layers with LongRoPE and random weights, as a checkpoint folder. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tagOfName, uniform } from "../../../src/dsl/random.ts";
import { fileOf, folderOf, type RawTensor } from "../cli.ts";

/** A factor of cos and sin above 1, and short factors of 1, as Phi-4-mini has them. */
export const TINY_CONFIG = {
  model_type: "phi3",
  hidden_act: "silu",
  hidden_size: 32,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  partial_rotary_factor: 0.75,
  intermediate_size: 24,
  num_hidden_layers: 4,
  vocab_size: 50,
  max_position_embeddings: 1024,
  original_max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  rope_scaling: { type: "longrope", short_factor: [1, 1, 1], long_factor: [2, 4, 8] },
  tie_word_embeddings: true,
};

/** The stop ids are outside what the tests wait for: none is said early. */
const GENERATION = { eos_token_id: [49, 48], bos_token_id: 48 };

/** Random bf16 numbers of the size that keeps rows as large as they are. */
function tensor(name: string, shape: readonly number[]): RawTensor {
  const [rows, columns = 0] = shape;
  const scale = columns === 0 ? 0.3 : 2 / Math.sqrt(columns);
  const tag = tagOfName(name);
  const numbers = Float32Array.from(
    { length: rows! * (columns || 1) },
    (_, k) => (columns === 0 ? 1 : 0) + scale * uniform(1, tag, k),
  );
  const words = new Uint32Array(numbers.buffer);
  return { name, dtype: "BF16", shape, data: new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer) };
}

const layerOf = (i: number, ffn: number): readonly RawTensor[] =>
  Object.entries({
    input_layernorm: [32],
    "mlp.down_proj": [32, ffn],
    "mlp.gate_up_proj": [2 * ffn, 32],
    post_attention_layernorm: [32],
    "self_attn.o_proj": [32, 32],
    "self_attn.qkv_proj": [64, 32],
  }).map(([part, shape]) => tensor(`model.layers.${i}.${part}.weight`, shape));

const tensorsOf = (ffn: number, vocab = TINY_CONFIG.vocab_size): readonly RawTensor[] => [
  tensor("model.embed_tokens.weight", [vocab, 32]),
  ...[0, 1, 2, 3].flatMap((i) => layerOf(i, ffn)),
  tensor("model.norm.weight", [32]),
];

const filesOf = (ffn: number, vocab = TINY_CONFIG.vocab_size) => ({
  "config.json": JSON.stringify({ ...TINY_CONFIG, intermediate_size: ffn, vocab_size: vocab }),
  "generation_config.json": JSON.stringify(GENERATION),
  "model.safetensors": fileOf(tensorsOf(ffn, vocab)),
});
const TENSORS = tensorsOf(TINY_CONFIG.intermediate_size);
const FILES = filesOf(TINY_CONFIG.intermediate_size);

/** The folder with a NaN as the first element of a tensor. */
export function tinyPhiWithNaN(name: string): string {
  const tensors = TENSORS.map((one) => (one.name === name ? { ...one, data: Uint8Array.from(one.data) } : one));
  tensors.find((one) => one.name === name)!.data.set([0xc0, 0x7f]);
  return folderOf({ ...FILES, "model.safetensors": fileOf(tensors) });
}

/** The folder with tensors multiplied by powers of two from 1 on, by name. */
export function tinyPhiTimes(factors: Readonly<Record<string, number>>): string {
  const tensors = TENSORS.map((one) => {
    const factor = factors[one.name];
    if (factor === undefined) return one;
    const words = new Uint16Array(Uint8Array.from(one.data).buffer);
    // A bf16 number's exponent begins at bit 7.
    const data = words.map((word) => ((word & 0x7f80) === 0 ? word : word + (Math.log2(factor) << 7)));
    return { ...one, data: new Uint8Array(data.buffer) };
  });
  return folderOf({ ...FILES, "model.safetensors": fileOf(tensors) });
}

/** The folder with a head of its own beside config.json's word that it is tied: the embedding's numbers but for `changed` of them. */
export function tinyPhiWithHead(changed: number): string {
  const { shape, data } = TENSORS.find((one) => one.name === "model.embed_tokens.weight")!;
  const own = Uint8Array.from(data, (byte, k) => (k % 2 === 0 && k / 2 < changed ? byte ^ 1 : byte));
  const head: RawTensor = { name: "lm_head.weight", dtype: "BF16", shape, data: own };
  return folderOf({ ...FILES, "model.safetensors": fileOf([...TENSORS, head]) });
}

/** A checkpoint folder for one test. */
export const tinyPhi = (): string => folderOf(FILES);

/**
 * The same in a folder of the caller's; of an intermediate size of 96 its feed-forward matrices are large enough to be quantised, and of a
 * vocabulary of 160 each of two heads.
 */
export function writeTinyPhi(folder: string, ffn = TINY_CONFIG.intermediate_size, vocab?: number): void {
  for (const [name, contents] of Object.entries(filesOf(ffn, vocab))) writeFileSync(join(folder, name), contents);
}
