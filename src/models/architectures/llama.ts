/** Llama and what was made of its layer: Phi-3, Mistral and SmolLM3 (transformers 5, configuration_*.py and modeling_*.py). */
import { activationOf, biasesOf, everyNth, localWindowOf, spansOf, windowOf } from "./conventions.ts";
import { type ArchitectureReader, COMMON, PLAIN } from "./reader.ts";

/** `model_type` phi3. */
export const PHI3: ArchitectureReader = {
  architecture: "phi3",
  defaults: {
    ...COMMON,
    vocab_size: 32064,
    hidden_size: 3072,
    intermediate_size: 8192,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    hidden_act: "silu",
    max_position_embeddings: 4096,
    original_max_position_embeddings: 4096,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
    sliding_window: null,
  },
  // The last two are written by microsoft/Phi-4-mini-instruct; its own code reads neither at these values.
  only: { attention_bias: false, mlp_bias: false, lm_head_bias: false, full_attn_mod: 1, interpolate_factor: 1 },
  turnsPart: true,
  // transformers reads "yarn" as LongRoPE here.
  scalings: ["default", "longrope"],
  conventions: (f) => ({
    ...PLAIN,
    ...windowOf(f),
    activation: activationOf("hidden_act", f),
    stored: { qkv: "fused", gateUp: "fused" },
  }),
};

/** `model_type` llama. */
export const LLAMA: ArchitectureReader = {
  architecture: "llama",
  defaults: {
    ...COMMON,
    vocab_size: 32000,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    hidden_act: "silu",
    max_position_embeddings: 2048,
    tie_word_embeddings: false,
    attention_bias: false,
    mlp_bias: false,
  },
  // Its cache in transformers drops the rows before a window, and its mask knows of none.
  only: { sliding_window: null },
  conventions: (f) => ({ ...PLAIN, activation: activationOf("hidden_act", f), biases: biasesOf(f) }),
};

/** `model_type` mistral. */
export const MISTRAL: ArchitectureReader = {
  architecture: "mistral",
  defaults: {
    ...COMMON,
    vocab_size: 32000,
    hidden_size: 4096,
    intermediate_size: 14336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    hidden_act: "silu",
    max_position_embeddings: 131072,
    tie_word_embeddings: false,
    sliding_window: 4096,
  },
  only: { attention_bias: false, mlp_bias: false },
  conventions: (f) => ({ ...PLAIN, ...windowOf(f), activation: activationOf("hidden_act", f) }),
};

/** `model_type` smollm3. */
export const SMOLLM3: ArchitectureReader = {
  architecture: "smollm3",
  hasSpans: true,
  defaults: {
    ...COMMON,
    vocab_size: 128256,
    hidden_size: 2048,
    intermediate_size: 11008,
    num_hidden_layers: 36,
    num_attention_heads: 16,
    num_key_value_heads: 4,
    hidden_act: "silu",
    max_position_embeddings: 32768,
    rope_theta: 2_000_000,
    tie_word_embeddings: true,
    attention_bias: false,
    mlp_bias: false,
    use_sliding_window: false,
    no_rope_layer_interval: 4,
  },
  only: {},
  conventions(f, { layers }) {
    const turned = f.has("no_rope_layers")
      ? f.perLayer("no_rope_layers", layers, [0, 1]).map((one) => one === 1)
      : everyNth(layers, f.size("no_rope_layer_interval")).map((nth) => !nth);
    const windowed = f.boolean("use_sliding_window") && f.has("sliding_window");
    const spans = spansOf(f, layers, (layer) => windowed && !turned[layer]);
    return {
      ...PLAIN,
      pattern: spans.map((span, layer) => ({ span, turned: turned[layer]! })),
      ...localWindowOf(spans, f, windowed),
      activation: activationOf("hidden_act", f),
      biases: biasesOf(f),
    };
  },
};
