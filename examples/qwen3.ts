/**
 * A layer of Qwen3: separate projections, queries and keys normed head by head. Sizes and layer are those of a checkpoint:
 * `npx graphc emit examples/qwen3.ts --weights DIR --layer 3`; without one, those of Qwen3-0.6B.
 */
// biome-ignore format: a list
import {
  add, attention, declareSlot, graph, input, type ModelInput, mul, named, project, reshape, rmsNorm,
  rope, silu, state, type Tensor, transpose, weight, writeRows,
} from "graphc";

// biome-ignore format: a list
const SIZES = {
  hidden_size: 1024, num_attention_heads: 16, num_key_value_heads: 8, head_dim: 128, intermediate_size: 3072, rms_norm_eps: 1e-6,
};
type Value = Tensor<readonly number[], "fp16">;

export default function qwen3({ tokens: T, maxSeq: S, layer, config }: ModelInput) {
  const c: typeof SIZES = { ...SIZES, ...config };
  const { hidden_size: d, num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim: dim } = c;
  const tensor = (name: string) => `model.layers.${layer}.${name}.weight`;
  const times = (x: Value, name: string, outputs: number) => project(x, { tensor: tensor(name), outputs });
  const norm = (x: Value, name: string, axis: 1 | 2) =>
    rmsNorm(x, weight(tensor(name), [1, 1, 1, 1].with(axis, x.type.shape[axis]!)), { eps: c.rms_norm_eps, axis });
  const byHead = (x: Value, n: number) => reshape(x, { shape: [1, n, dim, T] });
  const swapped = (x: Value) => transpose(x, { perm: [0, 1, 3, 2] });

  const x: Value = input("x", [1, d, T, 1]);
  const [cos, sin] = [input("rope_cos", [T, dim / 2]), input("rope_sin", [T, dim / 2])];
  const mask = input("attn_mask", [1, 1, T, S]);
  const { place, slot } = declareSlot("blend", { tokens: T, maxSeq: S, kvHeads, headDim: dim });
  const cache = (which: "k" | "v"): Value => state(`layers_${layer}_${which}_state`, [1, kvHeads, S, dim]);
  const [oldK, oldV] = [cache("k"), cache("v")];

  const a = norm(x, "input_layernorm", 1);
  const turned = (which: "q" | "k", n: number) => {
    const rows = byHead(times(a, `self_attn.${which}_proj`, n * dim), n);
    return rope(swapped(norm(rows, `self_attn.${which}_norm`, 2)), cos, sin, { axis: 3 });
  };
  const newV = swapped(byHead(times(a, "self_attn.v_proj", kvHeads * dim), kvHeads));
  const K = named("k.cache", writeRows(oldK, turned("k", kvHeads), slot));
  const V = named("v.cache", writeRows(oldV, newV, slot));
  const O = attention({ Q: turned("q", heads), K, V, mask });
  const joined = reshape(swapped(O), { shape: [1, heads * dim, T, 1] });
  const h = named("attn.residual", add(x, times(joined, "self_attn.o_proj", d)));

  const m = norm(h, "post_attention_layernorm", 1);
  const gated = mul(silu(times(m, "mlp.gate_proj", c.intermediate_size)), times(m, "mlp.up_proj", c.intermediate_size));
  const hidden = named("hidden", add(h, times(gated, "mlp.down_proj", d)));
  return graph({
    name: `qwen3_t${T}`,
    inputs: [x, cos, sin, mask, place],
    states: [
      [oldK, K],
      [oldV, V],
    ],
    outputs: { hidden },
  });
}
