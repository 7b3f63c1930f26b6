/** A small attention layer with GQA and RoPE as an author's graph file, in two spellings and with faults of the model planted. */
import { join } from "node:path";
import { folderOf } from "../cli.ts";

const SPELLED = `
import { add, concat, constant, conv, graph, input, matmul, mul, reduce_sum, reshape, rmsNorm, scaled_dot_product_attention, softmax, split, state, sub, tile, transpose, weight } from "graphc";
export default function layer({ tokens: T, maxSeq: S }) {
  const x = input("x", [1, 8, T, 1]);
  const [cos, sin] = [input("rope_cos", [T, 2]), input("rope_sin", [T, 2])];
  const mask = input("attn_mask", [1, 1, T, S]);
  const slot = input("kv_write_mask", [1, 1, S, T]);
  const [oldK, oldV] = [state("k_state", [1, 2, S, 4]), state("v_state", [1, 2, S, 4])];
  const normed = rmsNorm(x, weight("norm", [1, 8, 1, 1]), { eps: 1e-5 });
  const qkv = conv(normed, weight("qkv", [32, 8, 1, 1]));
  const heads = transpose(reshape(qkv, { shape: [1, 8, 4, T] }), { perm: [0, 1, 3, 2] });
  const [q, k, v] = split(heads, { split_sizes: [4, 2, 2], axis: 1 });
  const turned = (y) => {
    const [lo, hi] = split(y, { num_splits: 2, axis: 3 });
    return concat([sub(mul(lo, cos), mul(hi, sin)), add(mul(hi, cos), mul(lo, sin))], { axis: 3 });
  };
  const kept = sub(1, reduce_sum(slot, { axes: [3], keep_dims: true }));
  const K = add(mul(oldK, kept), matmul(slot, turned(k)));
  const V = add(mul(oldV, kept), matmul(slot, v));
  const wide = (y) => reshape(tile(reshape(y, { shape: [1, 2, 1, S * 4] }), { reps: [1, 1, 2, 1] }), { shape: [1, 4, S, 4] });
  const scores = matmul(mul(turned(q), 0.5), wide(K), { transpose_y: true });
  const mixed = matmul(softmax(add(scores, mask), { axis: 3 }), wide(V));
  const joined = reshape(transpose(mixed, { perm: [0, 1, 3, 2] }), { shape: [1, 16, T, 1] });
  const hidden = add(x, conv(joined, weight("out", [8, 16, 1, 1])));
  return graph({ name: "layer", inputs: [x, cos, sin, mask, slot], states: [[oldK, K], [oldV, V]], outputs: { hidden } });
}`;

/** What becomes of one place of the source. */
type Exchange = readonly [before: string, after: string];

/** Mistakes in the model itself, which a block and its steps have alike. */
export const MODEL_FAULTS: Readonly<Record<string, Exchange>> = {
  "no factor of attention": ["mul(turned(q), 0.5)", "turned(q)"],
  "RoPE pairs swapped": ["const [lo, hi] = split", "const [hi, lo] = split"],
  "another order of groups": ["{ reps: [1, 1, 2, 1] }", "{ reps: [1, 2, 1, 1] }"],
  "the norm's gain left out": [
    'rmsNorm(x, weight("norm", [1, 8, 1, 1]), { eps: 1e-5 })',
    "rmsNorm(x, constant(Array(8).fill(1), [1, 8, 1, 1]), { eps: 1e-5 })",
  ],
  "the residual left out": ["add(x, conv(joined, ", "mul(1, conv(joined, "],
};

/** The file of such a layer: as it is, or with exchanges made. */
export function layerFile(...exchanges: readonly Exchange[]): string {
  const source = exchanges.reduce((text, [before, after]) => {
    if (!text.includes(before)) throw new Error(`the layer has no ${before}`);
    return text.replaceAll(before, after);
  }, SPELLED);
  return join(folderOf({ "layer.ts": source }), "layer.ts");
}

/** Attention as one op. */
export const FUSED: Exchange = [
  "matmul(softmax(add(scores, mask), { axis: 3 }), wide(V))",
  "scaled_dot_product_attention(turned(q), wide(K), wide(V), { attn_mask: mask })",
];
