/**
 * The same attention block for a host that keeps the cache: it goes in, and the rows of the call's tokens come out, which the host copies to
 * their slots between calls (docs/interface.md). `npx graphc emit examples/host-caches.ts --fixtures`
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
  sub,
  transpose,
  weight,
} from "graphc";

export default function attention({ tokens: T, maxSeq: S }: Size) {
  const x = input("x", [1, 128, T, 1]);
  const mask = input("attn_mask", [1, 1, T, S]);
  const slot = input("kv_write_mask", [1, 1, S, T]);
  const cache = (name: string, rows: string) =>
    input(name, [1, 4, S, 32], "fp16", { role: { kind: "cache", update: "slot", rows } });
  const [oldK, oldV] = [cache("k_cache", "k_rows"), cache("v_cache", "v_rows")] as const;

  const normed = named("norm", rmsNorm(x, weight("norm.weight", [1, 128, 1, 1]), { eps: 1e-5 }));
  const qkv = named("qkv", conv(normed, weight("qkv.weight", [384, 128, 1, 1])));
  const heads = transpose(reshape(qkv, { shape: [1, 12, 32, T] }), { perm: [0, 1, 3, 2] });
  const [Q, k_rows, v_rows] = split(heads, { split_sizes: [4, 4, 4], axis: 1 });

  // The call's own rows stand at their slots for this call alone: what is kept is the host's business.
  const kept = named("kept", sub(1, reduce_sum(slot, { axes: [3], keep_dims: true })));
  const K = named("k.placed", add(mul(oldK, kept), matmul(slot, k_rows)));
  const V = named("v.placed", add(mul(oldV, kept), matmul(slot, v_rows)));
  const scores = named("scores", matmul(mul(Q, 32 ** -0.5), K, { transpose_y: true }));
  const probs = named("probs", softmax(add(scores, mask), { axis: 3 }));
  const joined = reshape(transpose(matmul(probs, V), { perm: [0, 1, 3, 2] }), { shape: [1, 128, T, 1] });
  const hidden = named("hidden", add(x, conv(joined, weight("out.weight", [128, 128, 1, 1]))));

  return graph({
    name: `attention_t${T}`,
    inputs: [x, mask, slot, oldK, oldV],
    outputs: { hidden, k_rows, v_rows },
  });
}
