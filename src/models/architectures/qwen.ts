/** Qwen 2 and 3 (transformers 5, configuration_qwen2.py, configuration_qwen3.py and their models). */
import type { Fields, Json } from "../config-fields.ts";
import { activationOf, attentionBiases, localWindowOf, spansOf } from "./conventions.ts";
import {
  type ArchitectureReader,
  COMMON,
  type Conventions,
  EVERY_LAYER,
  NO_BIAS,
  PLAIN,
  type ReadSizes,
} from "./reader.ts";

const QWEN_DEFAULTS: Json = {
  ...COMMON,
  vocab_size: 151936,
  hidden_size: 4096,
  intermediate_size: 22016,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  hidden_act: "silu",
  max_position_embeddings: 32768,
  tie_word_embeddings: false,
  use_sliding_window: false,
  sliding_window: 4096,
  max_window_layers: 28,
};

/** `model_type` qwen2. */
export const QWEN2: ArchitectureReader = {
  architecture: "qwen2",
  hasSpans: true,
  defaults: QWEN_DEFAULTS,
  only: { mlp_bias: false },
  conventions: (f, sizes) => ({
    ...PLAIN,
    ...qwenSpans(f, sizes),
    activation: activationOf("hidden_act", f),
    biases: { ...NO_BIAS, qkv: true },
  }),
};

/** `model_type` qwen3. */
export const QWEN3: ArchitectureReader = {
  architecture: "qwen3",
  hasSpans: true,
  defaults: { ...QWEN_DEFAULTS, head_dim: 128, attention_bias: false },
  only: { mlp_bias: false },
  conventions: (f, sizes) => ({
    ...PLAIN,
    ...qwenSpans(f, sizes),
    activation: activationOf("hidden_act", f),
    qkNorm: "per_head",
    biases: { ...attentionBiases(f), mlp: false },
  }),
};

/** Local layers from `max_window_layers` on, where windows are on at all. */
function qwenSpans(f: Fields, { layers }: ReadSizes): Pick<Conventions, "pattern" | "localWindow"> {
  const windowed = f.boolean("use_sliding_window") && f.has("sliding_window");
  const first = windowed && !f.has("layer_types") ? f.size("max_window_layers") : layers;
  const spans = spansOf(f, layers, (layer) => layer >= first);
  if (!spans.includes("local")) return { pattern: EVERY_LAYER };
  return { pattern: spans.map((span) => ({ span, turned: true })), ...localWindowOf(spans, f, windowed) };
}
