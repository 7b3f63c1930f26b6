/** What Hugging Face calls the tensors of a GGUF file (ggml-org/llama.cpp, gguf-py/gguf/tensor_mapping.py). */

const WHOLE: ReadonlyMap<string, string> = new Map([
  ["token_embd.weight", "model.embed_tokens.weight"],
  ["output_norm.weight", "model.norm.weight"],
  ["output.weight", "lm_head.weight"],
]);

/** Of a layer; a fused gate and up stands under the name of up. */
const OF_LAYER: ReadonlyMap<string, string> = new Map([
  ["attn_norm", "input_layernorm"],
  ["attn_qkv", "self_attn.qkv_proj"],
  ["attn_q", "self_attn.q_proj"],
  ["attn_k", "self_attn.k_proj"],
  ["attn_v", "self_attn.v_proj"],
  ["attn_q_norm", "self_attn.q_norm"],
  ["attn_k_norm", "self_attn.k_norm"],
  ["attn_output", "self_attn.o_proj"],
  ["ffn_norm", "post_attention_layernorm"],
  ["ffn_gate", "mlp.gate_proj"],
  ["ffn_up", "mlp.up_proj"],
  ["ffn_down", "mlp.down_proj"],
]);

/** The name in a Hugging Face checkpoint; undefined where there is none. `fused` says that gate and up are one tensor. */
export function huggingFaceName(name: string, fused: boolean): string | undefined {
  const whole = WHOLE.get(name);
  if (whole !== undefined) return whole;
  const [, layer, part, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const local = fused && part === "ffn_up" ? "mlp.gate_up_proj" : OF_LAYER.get(part ?? "");
  return local === undefined ? undefined : `model.layers.${layer}.${local}.${kind}`;
}
