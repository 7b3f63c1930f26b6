/** What the tensors of a layer are called: a table per container, by what the tensor is for. */
import type { Decoder } from "./decoder.ts";

/** A norm or a matrix of a layer. */
export type LayerPart =
  | "attn_norm"
  | "qkv"
  | "q"
  | "k"
  | "v"
  | "q_norm"
  | "k_norm"
  | "output"
  | "attn_post_norm"
  | "mlp_norm"
  | "gate_up"
  | "gate"
  | "up"
  | "down"
  | "mlp_post_norm";

/** The names of a container: of a layer's tensors behind `prefix`, and of those that belong to no layer. */
interface TensorNames {
  prefix(layer: number): string;
  readonly parts: Readonly<Record<LayerPart, string>>;
  readonly embedding: string;
  readonly finalNorm: string;
  readonly head: string;
}

/** transformers' modules: what stands before the feed-forward has another name where norms stand on both sides of a block. */
const HUGGING_FACE: TensorNames = {
  prefix: (layer) => `model.layers.${layer}`,
  parts: {
    attn_norm: "input_layernorm",
    qkv: "self_attn.qkv_proj",
    q: "self_attn.q_proj",
    k: "self_attn.k_proj",
    v: "self_attn.v_proj",
    q_norm: "self_attn.q_norm",
    k_norm: "self_attn.k_norm",
    output: "self_attn.o_proj",
    attn_post_norm: "post_attention_layernorm",
    mlp_norm: "post_attention_layernorm",
    gate_up: "mlp.gate_up_proj",
    gate: "mlp.gate_proj",
    up: "mlp.up_proj",
    down: "mlp.down_proj",
    mlp_post_norm: "post_feedforward_layernorm",
  },
  embedding: "model.embed_tokens",
  finalNorm: "model.norm",
  head: "lm_head",
};

/** The names of a decoder's tensors in a Hugging Face checkpoint. */
const namesOf = ({ postNorms }: Pick<Decoder, "postNorms">): TensorNames =>
  postNorms
    ? { ...HUGGING_FACE, parts: { ...HUGGING_FACE.parts, mlp_norm: "pre_feedforward_layernorm" } }
    : HUGGING_FACE;

/** The name of a layer's tensor, or of the bias beside it. */
export function tensorName(
  decoder: Pick<Decoder, "postNorms">,
  layer: number,
  part: LayerPart,
  kind: "weight" | "bias" = "weight",
): string {
  const names = namesOf(decoder);
  return `${names.prefix(layer)}.${names.parts[part]}.${kind}`;
}

/** The name of a tensor that belongs to no layer. */
export const wholeName = (
  decoder: Pick<Decoder, "postNorms">,
  part: Exclude<keyof TensorNames, "prefix" | "parts">,
): string => `${namesOf(decoder)[part]}.weight`;
