/** The small model of the checkpoints in tests, in the other container. */
import { join } from "node:path";
import { folderOf, type RawTensor, TENSORS } from "../cli.ts";
import { ggufBytes, type RawInfo, type RawValue, string, whole } from "./gguf-files.ts";

const f32 = (x: number): RawValue => [6, new Uint8Array(Float32Array.of(x).buffer)];

const NAMES: Readonly<Record<string, string>> = {
  "model.embed_tokens.weight": "token_embd.weight",
  "model.norm.weight": "output_norm.weight",
  input_layernorm: "attn_norm",
  "self_attn.qkv_proj": "attn_qkv",
  "self_attn.o_proj": "attn_output",
  post_attention_layernorm: "ffn_norm",
  "mlp.gate_up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

/** The tensors in the other container: the bits of a bf16 are the first half of the same number's as fp32. */
function inGguf({ name, shape, data }: RawTensor): RawInfo {
  const [, layer, part] = /^model\.layers\.(\d+)\.(.+)\.weight$/.exec(name) ?? [];
  const bits = new Uint16Array(data.slice().buffer);
  return {
    name: part === undefined ? NAMES[name]! : `blk.${layer}.${NAMES[part]}.weight`,
    dims: shape.toReversed(),
    type: 0,
    data: new Uint8Array(Uint32Array.from(bits, (b) => b << 16).buffer),
  };
}

/** The bytes of the model of `CONFIG` as a GGUF file. */
export function ggufModel(more: Readonly<Record<string, RawValue>> = {}): Uint8Array {
  const values: Readonly<Record<string, RawValue>> = {
    "general.architecture": string("phi3"),
    "phi3.embedding_length": whole(32),
    "phi3.attention.head_count": whole(2),
    "phi3.attention.head_count_kv": whole(1),
    "phi3.attention.key_length": whole(32),
    "phi3.feed_forward_length": whole(16),
    "phi3.block_count": whole(2),
    "phi3.context_length": whole(64),
    "phi3.attention.layer_norm_rms_epsilon": f32(1e-5),
    "phi3.rope.dimension_count": whole(16),
    "phi3.rope.freq_base": f32(10000),
    ...more,
  };
  return ggufBytes({ metadata: Object.entries(values), tensors: TENSORS.map(inGguf) });
}

/** The same in a file of a folder of its own; its path. */
export const ggufOf = (more: Readonly<Record<string, RawValue>> = {}): string =>
  join(folderOf({ "m.gguf": ggufModel(more) }), "m.gguf");
