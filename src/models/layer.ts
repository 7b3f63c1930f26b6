/** One decoder layer: attention and a gated feed-forward, normed and added to the hidden row as the record says. */
import type { Size } from "../dsl/model.ts";
import { add, gelu, mul, reshape, silu, transpose } from "../dsl/ops/index.ts";
import { input, state, type Tensor, weight } from "../dsl/tensor.ts";
import type { Shape } from "../dsl/type.ts";
import { attention, type Namer } from "./blocks/attention.ts";
import { writeRows } from "./blocks/cache.ts";
import { rmsNorm } from "./blocks/norm.ts";
import { type Matrix, project, projectParts, type Stored } from "./blocks/project.ts";
import { rope } from "./blocks/rope.ts";
import type { Spelling } from "./blocks/spelling.ts";
import { type Activation, type Decoder, kindOf } from "./decoder.ts";
import { clamping, exponentsOf, heldAt, residualOf } from "./exponents.ts";
import type { Feeds } from "./feeds.ts";
import { foldedRows } from "./rope-fold.ts";
import { type LayerPart, tensorName } from "./tensor-names.ts";

type Value = Tensor<Shape, "fp16">;

/** What a layer is built from. */
export interface LayerParts {
  readonly decoder: Decoder;
  readonly size: Size;
  readonly layer: number;
  readonly how: Spelling;
  readonly feeds: Feeds;
  readonly name: Namer;
  readonly cache: CacheKeeping;
}

/** Whether Core ML keeps the caches, or the host does: they go in, and their new rows come out. */
export type CacheKeeping = "state" | "io";

/** A cache at entry and with the block's rows in it, and these rows [1, kvHeads, T, headDim]. */
export interface LayerCache {
  readonly entry: Value;
  readonly exit: Value;
  readonly rows: Value;
  readonly rowsName: string;
}

interface Layer {
  readonly hidden: Value;
  readonly caches: readonly LayerCache[];
}

/** The layer on hidden rows x [1, d, T, 1]. */
export function decoderLayer(x: Value, parts: LayerParts): Layer {
  const { name } = parts;
  const { output, caches } = attentionBlock(x, parts);
  const h = name("attn.residual", add(x, added(output, "attn", parts)));
  return { hidden: name("out", add(h, added(feedForward(h, parts), "mlp", parts))), caches };
}

/** What a block adds to the row, at its exponent: its output, normed once more and scaled where the record says so. */
function added(output: Value, block: "attn" | "mlp", parts: LayerParts): Value {
  const { decoder, layer, name } = parts;
  const [held, row] = [exponentsOf(decoder, layer)[block], residualOf(decoder)];
  const normed = decoder.postNorms
    ? name(`${block}.post_norm`, norm(output, `${block}_post_norm`, parts, { held, gain: row }))
    : output;
  const factor = decoder.residualMultiplier * (decoder.postNorms ? 1 : 2 ** (held - row));
  return factor === 1 ? normed : mul(normed, factor);
}

/** Wo · attention(Wqkv · norm(x)), and the caches. Capitals have a row per token or per cache row. */
function attentionBlock(
  x: Value,
  parts: LayerParts,
): { readonly output: Value; readonly caches: readonly LayerCache[] } {
  const { decoder: c, size, layer, how, feeds, name } = parts;
  const { q, k, v } = queriesKeysValues(name("attn.norm", norm(x, "attn_norm", parts, { held: residualOf(c) })), parts);
  const Q = name("q.rope", turnedRows(name("q", q), "q", parts));
  const newK = name("k.rope", turnedRows(name("k", k), "k", parts));
  const newV = name("v.rows", swapped(byHead(name("v", v), c.kvHeads)));
  const [oldK, oldV] = [cacheOf("k", parts), cacheOf("v", parts)];
  const K = name("k.cache", writeRows(oldK, newK, feeds.slot));
  const V = name("v.cache", writeRows(oldV, newV, feeds.slot));

  const { queryScale: scale = c.headDim ** -0.5, scoreCap: cap } = c;
  const { attn: held, scores } = exponentsOf(c, layer);
  const own = { gain: 2 ** Math.max(0, -held), scale: scale * 2 ** -(scores?.held ?? 0), ...(cap ? { cap } : {}) };
  const from = { Q, K, V, mask: feeds.mask(kindOf(c, layer)), ...own };
  // A clamp is of scores that are scaled already.
  const form = scores ? { ...how, scale: "query" as const } : how;
  const O = name("attn.heads", attention(from, form, scores ? clamping(scores, name) : name));
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
  const stored = { ...matrix(whole, outputs, c.biases.qkv, parts), ...(scaled ? { scaled } : {}) };
  return projectParts(normed, stored, sizes, how.projection, how.qkv);
}

/** Wdown · (up · act(gate)) on norm(h): GLU variants, arXiv 2002.05202. */
function feedForward(h: Value, parts: LayerParts): Value {
  const { decoder: c, how, name } = parts;
  const normed = name("mlp.norm", norm(h, "mlp_norm", parts, { held: residualOf(c) }));
  const { gate, up } = gateAndUp(normed, parts);
  const { mlp: held } = exponentsOf(c, parts.layer);
  const act = name("mlp.act", mul(heldAt(name("up", up), held), ACTIVATIONS[c.activation](name("gate", gate))));
  const Wdown = { ...matrix("down", c.hiddenSize, c.biases.mlp, parts), held };
  return name("mlp.out", project(act, Wdown, how.projection));
}

function gateAndUp(normed: Value, parts: LayerParts) {
  const { decoder: c, how } = parts;
  const sizes = { gate: c.ffnSize, up: c.ffnSize };
  const whole = c.stored.gateUp === "fused" ? "gate_up" : sizes;
  return projectParts(normed, matrix(whole, 2 * c.ffnSize, c.biases.mlp, parts), sizes, how.projection, how.gateUp);
}

const ACTIVATIONS: Readonly<Record<Activation, (x: Value) => Value>> = {
  silu,
  gelu: (x) => gelu(x, { mode: "EXACT" }),
  gelu_tanh: (x) => gelu(x, { mode: "TANH_APPROXIMATION" }),
};

/** A stored matrix by its part of the layer, or several by how many rows each of them has. */
type Whole = LayerPart | Readonly<Partial<Record<LayerPart, number>>>;

function matrix(whole: Whole, outputs: number, biased: boolean, { decoder, layer }: LayerParts): Matrix {
  const stored = (kind: "weight" | "bias"): Stored =>
    typeof whole === "string"
      ? tensorName(decoder, layer, whole, kind)
      : Object.entries(whole).map(([part, rows]) => ({
          tensor: tensorName(decoder, layer, part as LayerPart, kind),
          rows,
        }));
  return { tensor: stored("weight"), outputs, ...(biased ? { bias: stored("bias") } : {}) };
}

/** Where a norm is, and the exponents at which x is held and its gain is to be. */
type Normed = Partial<Readonly<Record<"axis" | "held" | "gain", number>>>;

/** RMSNorm of x over one axis, with the gain of that part of the layer. */
function norm(x: Value, part: LayerPart, { decoder, layer, how }: LayerParts, normed: Normed = {}): Value {
  const { axis = 1, held = 0 } = normed;
  const shape = [1, 1, 1, 1].with(axis, x.type.shape[axis]!);
  const gamma: Value = weight(tensorName(decoder, layer, part), shape);
  const gain = heldAt(decoder.gain === "factor" ? gamma : add(gamma, 1), normed.gain ?? 0);
  return rmsNorm(x, gain, { eps: decoder.eps, form: how.norm, axis, held });
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
  switch (decoder.qkNorm) {
    case "none":
      return byHead(x, heads);
    case "whole":
      return byHead(name(label, norm(x, part, parts)), heads);
    case "per_head":
      return name(label, norm(byHead(x, heads), part, parts, { axis: 2 }));
  }
}
