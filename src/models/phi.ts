/**
 * The decoder layer of Phi-3 and Phi-4-mini (transformers, models/phi3/modeling_phi3.py) as a graph for a block of T
 * tokens on a KV cache. Its inputs and states are those of docs/architecture.md, "The interface of a layer package".
 */
import { type Graph, graph } from "../dsl/graph.ts";
import type { Size } from "../dsl/model.ts";
import { add, mul, reshape, silu, transpose } from "../dsl/ops/index.ts";
import { input, named, state, type Tensor, weight } from "../dsl/tensor.ts";
import type { Shape } from "../dsl/type.ts";
import { UserError } from "../dsl/user-error.ts";
import { attention, type Namer } from "./blocks/attention.ts";
import { declareSlot, type Slot, writeRows } from "./blocks/cache.ts";
import { rmsNorm } from "./blocks/norm.ts";
import { project, projectParts } from "./blocks/project.ts";
import { rope } from "./blocks/rope.ts";
import { DEFAULT_SPELLING, type Spelling } from "./blocks/spelling.ts";
import { checkLayer, checkSize, type PhiConfig } from "./config.ts";

type Value = Tensor<Shape, "fp16">;

/** What the layer needs to know of the model. */
export type PhiSizes = Pick<
  PhiConfig,
  | "hiddenSize"
  | "heads"
  | "kvHeads"
  | "headDim"
  | "rotaryDims"
  | "ffnSize"
  | "eps"
  | "layers"
  | "maxPositions"
  | "slidingWindow"
>;

/** Which layers, and how they are spelled. */
export interface PhiOptions extends Partial<Spelling> {
  /** The first layer of the graph; 0 when absent. */
  readonly first?: number;
  /** How many layers; 1 when absent. */
  readonly count?: number;
}

/**
 * Layers [first, first + count) for blocks of `tokens` tokens.
 * @throws UserError when the model has no such layer or may not be built at that size.
 */
export function phiLayers(config: PhiSizes, size: Size, options: PhiOptions = {}): Graph {
  const { first = 0, count = 1, ...spelling } = options;
  checkSize(config, size);
  if (!Number.isSafeInteger(count) || count < 1) throw new UserError(`a graph has 1 layer or more, not ${count}`);
  checkLayer(config, first);
  checkLayer(config, first + count - 1);
  const how = { ...DEFAULT_SPELLING, ...spelling };
  const feeds = declareFeeds(config, size, how);
  let hidden: Value = feeds.x;
  const states: StatePair[] = [];
  for (let layer = first; layer < first + count; layer++) {
    const prefix = count === 1 ? "" : `layers.${layer}.`;
    const built = phiLayer(hidden, { config, size, layer, how, feeds, name: (local, x) => named(prefix + local, x) });
    hidden = built.hidden;
    states.push(...built.states);
  }
  const range = count === 1 ? `layer${first}` : `layers${first}to${first + count - 1}`;
  const outputs = { hidden: named("hidden", hidden) };
  return graph({ name: `phi_${range}_t${size.tokens}`, inputs: feeds.inputs, states, outputs });
}

interface LayerParts {
  readonly config: PhiSizes;
  readonly size: Size;
  readonly layer: number;
  readonly how: Spelling;
  readonly feeds: Feeds;
  readonly name: Namer;
}

type StatePair = readonly [entry: Value, exit: Value];

interface Layer {
  readonly hidden: Value;
  readonly states: readonly StatePair[];
}

/** One layer on hidden rows x [1, d, T, 1]. */
function phiLayer(x: Value, parts: LayerParts): Layer {
  const { name } = parts;
  const { output, states } = attentionBlock(x, parts);
  const h = name("attn.residual", add(x, output));
  return { hidden: name("out", add(h, feedForward(h, parts))), states };
}

/** Wo · attention(Wqkv · norm(x)), and the caches. Capitals have a row per token or per cache row. */
function attentionBlock(
  x: Value,
  parts: LayerParts,
): { readonly output: Value; readonly states: readonly StatePair[] } {
  const { config: c, size, layer, how, feeds, name } = parts;
  const sizes = { q: c.heads * c.headDim, k: c.kvHeads * c.headDim, v: c.kvHeads * c.headDim };
  const tensor = weightName(layer, "self_attn.qkv_proj");
  const fused = how.qkv === "fused";
  const normed = name("attn.norm", norm(x, "input_layernorm", parts));
  const { q, k, v } = projectParts(normed, { tensor, sizes }, { fused, projection: how.projection });

  const Q = name("q.rope", ropeRows(name("q", q), c.heads, parts));
  const newK = name("k.rope", ropeRows(name("k", k), c.kvHeads, parts));
  const newV = name("v.rows", swapped(byHead(name("v", v), c.kvHeads)));
  const cache = (kind: string): Value => state(`layers_${layer}_${kind}`, [1, c.kvHeads, size.maxSeq, c.headDim]);
  const [oldK, oldV] = [cache("k_state"), cache("v_state")];
  const K = name("k.cache", writeRows(oldK, newK, feeds.slot));
  const V = name("v.cache", writeRows(oldV, newV, feeds.slot));

  const O = name("attn.heads", attention({ Q, K, V, mask: feeds.mask }, how, name));
  const joined = reshape(swapped(O), { shape: [1, c.heads * c.headDim, size.tokens, 1] });
  const Wo = { tensor: weightName(layer, "self_attn.o_proj"), outputs: c.hiddenSize };
  const output = name("attn.out", project(joined, Wo, how.projection));
  return {
    output,
    states: [
      [oldK, K],
      [oldV, V],
    ],
  };
}

/** Wdown · (up · silu(gate)) on norm(h): SwiGLU, arXiv 2002.05202. */
function feedForward(h: Value, parts: LayerParts): Value {
  const { config: c, layer, how, name } = parts;
  const tensor = weightName(layer, "mlp.gate_up_proj");
  const sizes = { gate: c.ffnSize, up: c.ffnSize };
  const fused = how.gateUp === "fused";
  const normed = name("mlp.norm", norm(h, "post_attention_layernorm", parts));
  const { gate, up } = projectParts(normed, { tensor, sizes }, { fused, projection: how.projection });
  const act = name("mlp.act", mul(name("up", up), silu(name("gate", gate))));
  const Wdown = { tensor: weightName(layer, "mlp.down_proj"), outputs: c.hiddenSize };
  return name("mlp.out", project(act, Wdown, how.projection));
}

/** The name of a layer's tensor in a Hugging Face checkpoint. */
const weightName = (layer: number, tensor: string): string => `model.layers.${layer}.${tensor}.weight`;

const norm = (x: Value, gain: string, { config, layer, how }: LayerParts): Value =>
  rmsNorm(x, weight(weightName(layer, gain), [1, config.hiddenSize, 1, 1]), { eps: config.eps, form: how.norm });

/** [1, heads · dim, T, 1] as [1, heads, dim, T]: the same elements in the same order. */
function byHead(x: Value, heads: number): Value {
  const [, channels, tokens] = x.type.shape as readonly [number, number, number, number];
  return reshape(x, { shape: [1, heads, channels / heads, tokens] });
}

/** [.., a, b] as [.., b, a]. */
const swapped = (x: Value): Value => transpose(x, { perm: [0, 1, 3, 2] });

/** The heads of a projection as rows [1, heads, T, dim], turned by RoPE. */
function ropeRows(x: Value, heads: number, { how, feeds }: LayerParts): Value {
  const { cos, sin } = feeds;
  if (how.transposes === "early") return rope(swapped(byHead(x, heads)), cos, sin, { axis: 3, form: how.rope });
  return swapped(rope(byHead(x, heads), cos, sin, { axis: 2, form: how.rope }));
}

/** What the host feeds to every layer. */
interface Feeds {
  readonly inputs: readonly Tensor[];
  readonly x: Value;
  /** One column per pair of rotated dims, [T, pairs]; one row per pair, [pairs, T], when RoPE comes before the transposes. */
  readonly cos: Value;
  readonly sin: Value;
  readonly mask: Value;
  readonly slot: Slot;
}

function declareFeeds(c: PhiSizes, { tokens: T, maxSeq: S }: Size, how: Spelling): Feeds {
  const x = input("x", [1, c.hiddenSize, T, 1]);
  const cos = input("rope_cos", [T, c.rotaryDims / 2]);
  const sin = input("rope_sin", [T, c.rotaryDims / 2]);
  const mask = input("attn_mask", [1, 1, T, S]);
  const { place, slot } = declareSlot(how.write, { tokens: T, maxSeq: S, kvHeads: c.kvHeads, headDim: c.headDim });
  const columns = (rows: Value): Value => (how.transposes === "early" ? rows : transpose(rows, { perm: [1, 0] }));
  return { inputs: [x, cos, sin, mask, place], x, cos: columns(cos), sin: columns(sin), mask, slot };
}
