/**
 * A causal attention block without position embedding: four heads of 32 dims on a KV cache, for a block of T tokens.
 * The cache takes its rows from the one-hot columns of `kv_write_mask`. `npx graphc emit examples/attention.ts`
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
  type Size,
  softmax,
  split,
  state,
  sub,
  transpose,
  weight,
} from "graphc";

export default function attention({ tokens: T, maxSeq: S }: Size) {
  const x = input("x", [1, 128, T, 1]);
  const mask = input("attn_mask", [1, 1, T, S]);
  const slot = input("kv_write_mask", [1, 1, S, T]);
  const [oldK, oldV] = [state("k_state", [1, 4, S, 32]), state("v_state", [1, 4, S, 32])] as const;

  const normed = named("norm", rmsNorm(x, weight("norm.weight", [1, 128, 1, 1]), { eps: 1e-5 }));
  const qkv = named("qkv", conv(normed, weight("qkv.weight", [384, 128, 1, 1])));
  const heads = transpose(reshape(qkv, { shape: [1, 12, 32, T] }), { perm: [0, 1, 3, 2] });
  const [Q, newK, newV] = split(heads, { split_sizes: [4, 4, 4], axis: 1 });

  const kept = named("kept", sub(1, reduce_sum(slot, { axes: [3], keep_dims: true })));
  const K = named("k.cache", add(mul(oldK, kept), matmul(slot, newK)));
  const V = named("v.cache", add(mul(oldV, kept), matmul(slot, newV)));
  const scores = named("scores", matmul(mul(Q, 32 ** -0.5), K, { transpose_y: true }));
  const probs = named("probs", softmax(add(scores, mask), { axis: 3 }));
  const joined = reshape(transpose(matmul(probs, V), { perm: [0, 1, 3, 2] }), { shape: [1, 128, T, 1] });
  const hidden = named("hidden", add(x, conv(joined, weight("out.weight", [128, 128, 1, 1]))));

  return graph({
    name: `attention_t${T}`,
    inputs: [x, mask, slot],
    states: [
      [oldK, K],
      [oldV, V],
    ],
    outputs: { hidden },
  });
}
