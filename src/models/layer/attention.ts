/** Attention of a decoder layer: projections, norms of heads, RoPE, caches, and the output projection. */
import { reshape, transpose } from "../../dsl/ops/index.ts";
import { input, state } from "../../dsl/tensor.ts";
import { attention } from "../blocks/attention.ts";
import { writeRows } from "../blocks/cache.ts";
import { heldAt } from "../blocks/held.ts";
import { project, projectParts } from "../blocks/project.ts";
import { rope } from "../blocks/rope.ts";
import { kindOf } from "../decoder.ts";
import { exponentsOf, residualOf } from "../exponents.ts";
import { foldedRows } from "../rope-fold.ts";
import { clippedPart, type LayerParts, matrix, norm, type Value } from "./parts.ts";

/** A cache at entry and with the block's rows in it, and these rows [1, kvHeads, T, headDim]. */
export interface LayerCache {
  readonly entry: Value;
  readonly exit: Value;
  readonly rows: Value;
  readonly rowsName: string;
}

/** Wo · attention(Wqkv · norm(x)), and the caches. Capitals have a row per token or per cache row. */
export function attentionBlock(
  x: Value,
  parts: LayerParts,
): { readonly output: Value; readonly caches: readonly LayerCache[] } {
  const { decoder: c, size, layer, how, feeds, name } = parts;
  const { attn: held, rows, scores, clamps } = exponentsOf(c, layer);
  const of = { held: residualOf(c), gain: rows.attn };
  const { q, k, v } = queriesKeysValues(name("attn.norm", norm(x, "attn_norm", parts, of)), parts);
  // A norm of heads takes the exponent away, and queries keep theirs until they are scaled; the caches hold full size.
  const small = c.qkNorm === "none" ? rows.attn : 0;
  const Q = name("q.rope", turnedRows(clippedPart("q", q, parts), "q", parts));
  const newK = name("k.rope", turnedRows(heldAt(clippedPart("k", k, parts), -small), "k", parts));
  const wholeV = heldAt(clippedPart("v", v, parts), -rows.attn);
  const newV = name("v.rows", swapped(byHead(wholeV, c.kvHeads)));
  const [oldK, oldV] = [cacheOf("k", parts), cacheOf("v", parts)];
  const K = name("k.cache", writeRows(oldK, newK, feeds.slot));
  const V = name("v.cache", writeRows(oldV, newV, feeds.slot));

  const { queryScale = c.headDim ** -0.5, scoreCap: cap } = c;
  const from = {
    ...{ Q, K, V, mask: feeds.mask(kindOf(c, layer)), gain: 2 ** Math.max(0, -held) },
    ...{
      scale: queryScale * 2 ** small,
      held: scores,
      ...(cap && { cap }),
      ...(clamps.scores && { clamp: clamps.scores.most }),
    },
  };
  // Scaled behind the mask, small scores would have a larger mask.
  const form = small === 0 ? how : { ...how, scale: "query" as const };
  const O = name("attn.heads", attention(from, form, name));
  const joined = reshape(swapped(O), { shape: [1, c.heads * c.headDim, size.tokens, 1] });
  const Wo = { ...matrix("output", c.hiddenSize, c.biases.output, parts), held };
  return {
    output: name("attn.out", project(heldAt(joined, Math.max(0, held)), Wo, how.projection)),
    caches: [
      { entry: oldK, exit: K, rows: newK, rowsName: `layers_${layer}_k_rows` },
      { entry: oldV, exit: V, rows: newV, rowsName: `layers_${layer}_v_rows` },
    ],
  };
}

/** [1, kvHeads, maxSeq, headDim] at entry: a state, or an input whose new rows the host writes at their slots. */
function cacheOf(which: "k" | "v", { decoder, size, layer, cache }: LayerParts): Value {
  const shape = [1, decoder.kvHeads, size.maxSeq, decoder.headDim];
  const [stem, of] = [`layers_${layer}_${which}`, `layers_${layer}_${which}_state`];
  if (cache === "state") return state(of, shape);
  const role = { kind: "cache", update: "slot", rows: `${stem}_rows`, state: of } as const;
  return input(`${stem}_cache`, shape, "fp16", { role });
}

function queriesKeysValues(normed: Value, parts: LayerParts) {
  const { decoder: c, how } = parts;
  const sizes = { q: c.heads * c.headDim, k: c.kvHeads * c.headDim, v: c.kvHeads * c.headDim };
  const whole = c.stored.qkv === "fused" ? "qkv" : sizes;
  const outputs = sizes.q + sizes.k + sizes.v;
  const scaled = foldedRows(c, parts.layer);
  const { rows } = exponentsOf(c, parts.layer);
  const all = matrix(whole, outputs, c.biases.qkv, parts);
  const stored = { ...all, held: rows.attn, ...(scaled ? { scaled } : {}) };
  return projectParts(normed, stored, sizes, how.projection, how.qkv);
}

/** [1, heads · dim, T, 1] as [1, heads, dim, T]: the same elements in the same order. */
function byHead(x: Value, heads: number): Value {
  const [, channels, tokens] = x.type.shape as readonly [number, number, number, number];
  return reshape(x, { shape: [1, heads, channels / heads, tokens] });
}

/** [.., a, b] as [.., b, a]. */
const swapped = (x: Value): Value => transpose(x, { perm: [0, 1, 3, 2] });

/** The heads of a projection as rows [1, heads, T, dim], normed and turned as the layer's kind asks. */
function turnedRows(x: Value, which: "q" | "k", parts: LayerParts): Value {
  const { decoder, layer, how, feeds } = parts;
  const heads = headsOf(x, which, parts);
  const turns = feeds.turns(kindOf(decoder, layer));
  if (!turns) return swapped(heads);
  const options = { form: how.rope, pairs: decoder.ropePairs };
  if (how.transposes === "early") return rope(swapped(heads), turns.cos, turns.sin, { axis: 3, ...options });
  return swapped(rope(heads, turns.cos, turns.sin, { axis: 2, ...options }));
}

/** The heads of a projection [1, heads, dim, T], normed where queries and keys are. */
function headsOf(x: Value, which: "q" | "k", parts: LayerParts): Value {
  const { decoder, name } = parts;
  const heads = which === "q" ? decoder.heads : decoder.kvHeads;
  const [part, label] = [`${which}_norm`, `${which}.norm`] as const;
  const held = exponentsOf(decoder, parts.layer).rows.attn;
  switch (decoder.qkNorm) {
    case "none":
      return byHead(x, heads);
    case "whole":
      return byHead(name(label, norm(x, part, parts, { held })), heads);
    case "per_head":
      return name(label, norm(byHead(x, heads), part, parts, { axis: 2, held }));
  }
}
