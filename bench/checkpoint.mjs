/**
 * Writes a checkpoint folder for measurements: Phi-4-mini's layers at true size, a vocabulary of eight, random bf16
 * numbers of the size that trained weights have. `node bench/checkpoint.mjs DIR [layers]`
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [D, HEADS, KV, HEAD, FFN, VOCAB] = [3072, 24, 8, 128, 8192, 8];

const configOf = (layers) => ({
  model_type: "phi3",
  hidden_act: "silu",
  hidden_size: D,
  num_attention_heads: HEADS,
  num_key_value_heads: KV,
  partial_rotary_factor: 0.75,
  intermediate_size: FFN,
  num_hidden_layers: layers,
  vocab_size: VOCAB,
  max_position_embeddings: 131072,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  rope_scaling: null,
  tie_word_embeddings: true,
});

const layerShapes = (i) =>
  Object.entries({
    input_layernorm: [D],
    "mlp.down_proj": [D, FFN],
    "mlp.gate_up_proj": [2 * FFN, D],
    post_attention_layernorm: [D],
    "self_attn.o_proj": [D, HEADS * HEAD],
    "self_attn.qkv_proj": [(HEADS + 2 * KV) * HEAD, D],
  }).map(([part, shape]) => [`model.layers.${i}.${part}.weight`, shape]);

/** 4 MiB of bf16 bit patterns, evenly spread in magnitude between 2^-9 and 2^-5, of both signs. */
function pattern() {
  const words = new Uint16Array(2 ** 21);
  for (let i = 0, state = 1; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = ((state >>> 31) << 15) | (0x3b00 + ((state >>> 16) & 0x1ff));
  }
  return new Uint8Array(words.buffer);
}

/**
 * Writes config.json and model.safetensors; returns the path of the latter. Of layers beyond `filled` the file has holes, which take
 * no space and read as zeros.
 */
export function writeCheckpoint(folder, layers, filled = layers) {
  mkdirSync(folder, { recursive: true });
  const shapes = [
    ["model.embed_tokens.weight", [VOCAB, D]],
    ...Array.from({ length: layers }, (_, i) => layerShapes(i)).flat(),
    ["model.norm.weight", [D]],
  ];
  let end = 0;
  const header = Object.fromEntries(
    shapes.map(([name, shape]) => {
      const begin = end;
      end += 2 * shape.reduce((product, n) => product * n, 1);
      return [name, { dtype: "BF16", shape, data_offsets: [begin, end] }];
    }),
  );
  const text = JSON.stringify(header);
  const json = text.padEnd(Math.ceil(text.length / 8) * 8);
  const length = new BigUint64Array([BigInt(json.length)]);
  writeFileSync(join(folder, "config.json"), JSON.stringify(configOf(layers)));
  const path = join(folder, "model.safetensors");
  const file = openSync(path, "w");
  const chunk = pattern();
  writeSync(file, new Uint8Array(length.buffer));
  writeSync(file, json);
  const last = filled < layers ? header[layerShapes(filled)[0][0]].data_offsets[0] : end;
  for (let done = 0; done < last; done += chunk.length) writeSync(file, chunk, 0, Math.min(chunk.length, last - done));
  ftruncateSync(file, 8 + json.length + end);
  closeSync(file);
  return path;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  console.log(writeCheckpoint(process.argv[2], Number(process.argv[3] ?? 1)));
}
