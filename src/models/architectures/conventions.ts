/** Conventions that several architectures read from their config.json in the same way. */
import type { Fields } from "../config-fields.ts";
import type { Activation, Biases, Decoder, LayerKind } from "../decoder.ts";

type Span = LayerKind["span"];

/** Activations by transformers' names for them. */
const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map([
  ["silu", "silu"],
  ["swish", "silu"],
  ["gelu", "gelu"],
  ["gelu_new", "gelu_tanh"],
  ["gelu_pytorch_tanh", "gelu_tanh"],
]);

/** The activation that a field names. @throws UserError for one that graphc does not have */
export function activationOf(field: string, f: Fields): Activation {
  const name = f.string(field);
  const known = [...ACTIVATIONS.keys()].map((one) => JSON.stringify(one)).join(", ");
  return ACTIVATIONS.get(name) ?? f.fail(`"${field}" is ${JSON.stringify(name)}; graphc knows ${known}`);
}

/** `attention_bias` is of all four projections. */
export function attentionBiases(f: Fields): Pick<Biases, "qkv" | "output"> {
  const biased = f.boolean("attention_bias");
  return { qkv: biased, output: biased };
}

/** `attention_bias` and `mlp_bias`. */
export const biasesOf = (f: Fields): Biases => ({ ...attentionBiases(f), mlp: f.boolean("mlp_bias") });

/** `sliding_window` of all layers; none where it is null. */
export const windowOf = (f: Fields): Pick<Decoder, "slidingWindow"> =>
  f.has("sliding_window") ? { slidingWindow: f.size("sliding_window") } : {};

/** Layers by whether they are the n-th of n, counted from one. */
export const everyNth = (layers: number, n: number): readonly boolean[] =>
  Array.from({ length: layers }, (_, layer) => (layer + 1) % n === 0);

/** What `layer_types` says of each layer, or which are local where it is not given. */
export function spansOf(f: Fields, layers: number, isLocal: (layer: number) => boolean): readonly Span[] {
  if (!f.has("layer_types")) return Array.from({ length: layers }, (_, layer) => (isLocal(layer) ? "local" : "main"));
  return f
    .perLayer("layer_types", layers, ["full_attention", "sliding_attention"])
    .map((type) => (type === "sliding_attention" ? "local" : "main"));
}

/** The window of local layers, if there are any. @throws UserError where the file has local layers and no window for them */
export function localWindowOf(spans: readonly Span[], f: Fields, windowed = true): { readonly localWindow?: number } {
  if (!spans.includes("local")) return {};
  if (!windowed)
    return f.fail('"layer_types" holds "sliding_attention", and use_sliding_window does not turn a window on');
  return { localWindow: f.size("sliding_window") };
}
