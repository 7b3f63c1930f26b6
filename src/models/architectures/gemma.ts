/** Gemma 2 and the text model of Gemma 3 (transformers 5, configuration_gemma2.py, configuration_gemma3.py and their models). */
import type { Fields, Json } from "../config-fields.ts";
import { activationOf, attentionBiases, everyNth, localWindowOf, spansOf } from "./conventions.ts";
import { type ArchitectureReader, COMMON, type Conventions, PLAIN, type ReadSizes } from "./reader.ts";

const GEMMA_DEFAULTS: Json = {
  ...COMMON,
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  hidden_activation: "gelu_pytorch_tanh",
  tie_word_embeddings: true,
  attention_bias: false,
  query_pre_attn_scalar: 256,
  sliding_window: 4096,
};

/** `model_type` gemma2. */
export const GEMMA2: ArchitectureReader = {
  architecture: "gemma2",
  hasSpans: true,
  defaults: {
    ...GEMMA_DEFAULTS,
    vocab_size: 256000,
    max_position_embeddings: 8192,
    final_logit_softcapping: 30,
    attn_logit_softcapping: 50,
  },
  only: { mlp_bias: false },
  conventions: (f, sizes) => ({
    ...gemmaConventions(f, sizes, () => 2),
    ...(f.has("attn_logit_softcapping") ? { scoreCap: f.positive("attn_logit_softcapping") } : {}),
    ...(f.has("final_logit_softcapping") ? { logitCap: f.positive("final_logit_softcapping") } : {}),
  }),
};

/** `model_type` gemma3_text. */
export const GEMMA3: ArchitectureReader = {
  architecture: "gemma3_text",
  hasSpans: true,
  defaults: {
    ...GEMMA_DEFAULTS,
    vocab_size: 262208,
    max_position_embeddings: 131072,
    rope_theta: 1_000_000,
    sliding_window_pattern: 6,
    final_logit_softcapping: null,
  },
  // transformers reads a cap of the scores and does not apply it.
  only: { mlp_bias: false, attn_logit_softcapping: null },
  localTheta: { field: "rope_local_base_freq", default: 10_000 },
  conventions: (f, sizes) => ({
    ...gemmaConventions(f, sizes, () => f.size("sliding_window_pattern")),
    qkNorm: "per_head",
    ...(f.has("final_logit_softcapping") ? { logitCap: f.positive("final_logit_softcapping") } : {}),
  }),
};

/** All but every n-th layer are local. */
function gemmaConventions(f: Fields, { hiddenSize, layers }: ReadSizes, period: () => number): Conventions {
  const isMain = f.has("layer_types") ? [] : everyNth(layers, period());
  const spans = spansOf(f, layers, (layer) => !isMain[layer]);
  return {
    ...PLAIN,
    pattern: spans.map((span) => ({ span, turned: true })),
    ...localWindowOf(spans, f),
    activation: activationOf("hidden_activation", f),
    gain: "one_plus",
    postNorms: true,
    biases: { ...attentionBiases(f), mlp: false },
    queryScale: f.positive("query_pre_attn_scalar") ** -0.5,
    embeddingMultiplier: Math.sqrt(hiddenSize),
  };
}
