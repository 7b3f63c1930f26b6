/**
 * Layer 0 of Phi-4-mini with its sizes as literals: TypeScript knows every shape, so that a wrong one is red in the
 * editor. It is the graph that `decoderLayers(PHI4_MINI, size)` builds. `npx graphc emit examples/phi4-mini.ts`
 */
import {
  add,
  conv,
  graph,
  input,
  matmul,
  mul,
  named,
  reduce_sum,
  reshape,
  rmsNorm,
  rope,
  type Size,
  silu,
  softmax,
  split,
  state,
  sub,
  transpose,
  weight,
} from "graphc";

const eps = 1e-5;
const layer = (tensor: string) => `model.layers.0.${tensor}.weight`;

export default function phi4Mini({ tokens: T, maxSeq: S }: Size) {
  const x = input("x", [1, 3072, T, 1]);
  const cos = input("rope_cos", [T, 48]);
  const sin = input("rope_sin", [T, 48]);
  const mask = input("attn_mask", [1, 1, T, S]); // 0 where visible, -10⁴ where not
  const slot = input("kv_write_mask", [1, 1, S, T]); // column t is one-hot at token t's cache row
  const kept = sub(1, reduce_sum(slot, { axes: [3], keep_dims: true })); // 0 at the rows that are written
  const oldK = state("layers_0_k_state", [1, 8, S, 128]);
  const oldV = state("layers_0_v_state", [1, 8, S, 128]);

  // attention: 24 query heads in groups of 3 on 8 KV heads
  const n1 = named("attn.norm", rmsNorm(x, weight(layer("input_layernorm"), [1, 3072, 1, 1]), { eps }));
  const qkv = conv(n1, weight(layer("self_attn.qkv_proj"), [5120, 3072, 1, 1]));
  const [q, k, v] = split(qkv, { split_sizes: [3072, 1024, 1024], axis: 1 });
  const qRows = transpose(reshape(named("q", q), { shape: [1, 24, 128, T] }), { perm: [0, 1, 3, 2] });
  const kRows = transpose(reshape(named("k", k), { shape: [1, 8, 128, T] }), { perm: [0, 1, 3, 2] });
  const vRows = transpose(reshape(named("v", v), { shape: [1, 8, 128, T] }), { perm: [0, 1, 3, 2] });
  const Q = named("q.rope", rope(qRows, cos, sin, { axis: 3 }));
  const newK = named("k.rope", rope(kRows, cos, sin, { axis: 3 }));
  const K = named("k.cache", add(mul(oldK, kept), matmul(slot, newK)));
  const V = named("v.cache", add(mul(oldV, kept), matmul(slot, named("v.rows", vRows))));
  const grouped = reshape(named("q.scaled", mul(Q, 128 ** -0.5)), { shape: [1, 8, 3 * T, 128] });
  const scores = named("scores", matmul(grouped, K, { transpose_y: true }));
  const probs = named("probs", softmax(add(reshape(scores, { shape: [1, 24, T, S] }), mask), { axis: 3 }));
  const mixed = matmul(reshape(probs, { shape: [1, 8, 3 * T, S] }), V);
  const heads = named("attn.heads", reshape(mixed, { shape: [1, 24, T, 128] }));
  const joined = reshape(transpose(heads, { perm: [0, 1, 3, 2] }), { shape: [1, 3072, T, 1] });
  const output = named("attn.out", conv(joined, weight(layer("self_attn.o_proj"), [3072, 3072, 1, 1])));
  const h = named("attn.residual", add(x, output));

  // feed-forward
  const n2 = named("mlp.norm", rmsNorm(h, weight(layer("post_attention_layernorm"), [1, 3072, 1, 1]), { eps }));
  const gateUp = conv(n2, weight(layer("mlp.gate_up_proj"), [16384, 3072, 1, 1]));
  const [gate, up] = split(gateUp, { split_sizes: [8192, 8192], axis: 1 });
  const act = named("mlp.act", mul(named("up", up), silu(named("gate", gate))));
  const down = named("mlp.out", conv(act, weight(layer("mlp.down_proj"), [3072, 8192, 1, 1])));
  const hidden = named("hidden", add(h, down));

  return graph({
    name: `phi_layer0_t${T}`,
    inputs: [x, cos, sin, mask, slot],
    states: [
      [oldK, K],
      [oldV, V],
    ],
    outputs: { hidden },
  });
}
