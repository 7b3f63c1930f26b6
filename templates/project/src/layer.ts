/**
 * An attention layer for a block of T tokens on a KV cache of S rows: RMSNorm, queries, keys and values, the cache, attention, the output and
 * the residual. A model is one function of T, so that the block and the single token are one text: test/layer.test.ts proves that they agree.
 */
import {
  add,
  attention,
  declareSlot,
  graph,
  input,
  named,
  project,
  reshape,
  rmsNorm,
  type Size,
  state,
  transpose,
  weight,
  writeRows,
} from "graphc";

// The engine takes states whose last axis is a multiple of 32: with an 8 here `npx graphc check src/layer.ts` says so.
const DIM = 32;
const [D, HEADS, KV_HEADS] = [32, 4, 2] as const;

export default function layer({ tokens: T, maxSeq: S }: Size) {
  // What the host feeds is declared: a proof then rests on nothing that was guessed from a name.
  const x = input("x", [1, D, T, 1], "fp16", { role: "rows" });
  const mask = input("attn_mask", [1, 1, T, S], "fp16", { role: "mask" });
  const { place, slot } = declareSlot("blend", { tokens: T, maxSeq: S, kvHeads: KV_HEADS, headDim: DIM });
  const oldK = state("k_state", [1, KV_HEADS, S, DIM]);
  const oldV = state("v_state", [1, KV_HEADS, S, DIM]);

  const normed = named("norm", rmsNorm(x, weight("norm.weight", [1, D, 1, 1]), { eps: 1e-5 }));
  // [1, heads · dim, T, 1] as a row for each head and token: [1, heads, T, dim].
  const rows = (name: "q" | "k" | "v", heads: number) => {
    const projected = project(normed, { tensor: `${name}.weight`, outputs: heads * DIM });
    return named(name, transpose(reshape(projected, { shape: [1, heads, DIM, T] }), { perm: [0, 1, 3, 2] }));
  };
  const K = named("k.cache", writeRows(oldK, rows("k", KV_HEADS), slot));
  const V = named("v.cache", writeRows(oldV, rows("v", KV_HEADS), slot));
  const O = attention({ Q: rows("q", HEADS), K, V, mask });

  // Something to try: flatten the heads without their permutation, as `const turned = O;`. The shapes still fit, since they have as many
  // elements, and one token is still right; `npm test` then says REFUTED, with the line of the reshape and the numbers that differ.
  const turned = transpose(O, { perm: [0, 1, 3, 2] });
  const joined = named("joined", reshape(turned, { shape: [1, HEADS * DIM, T, 1] }));
  const hidden = named("hidden", add(x, project(joined, { tensor: "out.weight", outputs: D })));

  return graph({
    name: `layer_t${T}`,
    inputs: [x, mask, place],
    states: [
      [oldK, K],
      [oldV, V],
    ],
    outputs: { hidden },
  });
}
