/** What Hugging Face calls the tensors of a GGUF file (ggml-org/llama.cpp, gguf-py/gguf/tensor_mapping.py). */

const WHOLE: ReadonlyMap<string, string> = new Map([
  ["token_embd", "model.embed_tokens"],
  ["output_norm", "model.norm"],
  ["output", "lm_head"],
]);

/** Of a layer. */
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

/** Where gate and up are one, it stands under the name of up. */
const FUSED: ReadonlyMap<string, string> = new Map([["ffn_up", "mlp.gate_up_proj"]]);

/** Where norms stand on both sides of a block, the one before the feed-forward has another name. */
const POST_NORMS: ReadonlyMap<string, string> = new Map([
  ["post_attention_norm", "post_attention_layernorm"],
  ["ffn_norm", "pre_feedforward_layernorm"],
  ["post_ffw_norm", "post_feedforward_layernorm"],
]);

/** What the names of a layer depend on. */
export interface Naming {
  /** Gate and up are one tensor. */
  readonly fused: boolean;
  /** Norms stand on both sides of a block. */
  readonly postNorms: boolean;
}

/** The name in a Hugging Face checkpoint; undefined where there is none. */
export function huggingFaceName(name: string, { fused, postNorms }: Naming): string | undefined {
  const [, stem = "", kindOfWhole] = /^(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const whole = WHOLE.get(stem);
  if (whole !== undefined) return `${whole}.${kindOfWhole}`;
  const [, layer, part = "", kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const local = (fused && FUSED.get(part)) || (postNorms && POST_NORMS.get(part)) || OF_LAYER.get(part);
  return local === undefined ? undefined : `model.layers.${layer}.${local}.${kind}`;
}
