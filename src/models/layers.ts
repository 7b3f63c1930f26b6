/**
 * Decoder layers as a graph for a block of T tokens on a KV cache, read from a record. Its inputs and states are those of
 * docs/architecture.md, "The interface of a layer package".
 */
import { choiceGiven, fieldsGiven } from "../dsl/given/values.ts";
import { type Graph, graph } from "../dsl/graph.ts";
import type { Size } from "../dsl/model.ts";
import { named, type Tensor } from "../dsl/tensor.ts";
import type { Shape } from "../dsl/type.ts";
import { UserError } from "../dsl/user-error.ts";
import { DEFAULT_SPELLING, type Spelling, spellingGiven } from "./blocks/spelling.ts";
import { checkLayer, checkSize } from "./config.ts";
import type { Decoder } from "./decoder.ts";
import { declareFeeds } from "./feeds.ts";
import { decoderGiven } from "./given.ts";
import type { LayerCache } from "./layer/attention.ts";
import { decoderLayer } from "./layer/layer.ts";
import type { CacheKeeping } from "./layer/parts.ts";

/** Which layers, and how they are spelled. */
export interface LayerOptions extends Partial<Spelling> {
  /** The first layer of the graph; 0 when absent. */
  readonly first?: number;
  /** How many layers; 1 when absent. */
  readonly count?: number;
  /** Who keeps the KV caches; Core ML, as states, when absent. */
  readonly cache?: CacheKeeping;
}

/**
 * Layers [first, first + count) for blocks of `tokens` tokens.
 * @throws UserError when the model has no such layer or may not be built at that size; for what is no decoder or no option.
 */
export function decoderLayers(decoder: Decoder, size: Size, options: LayerOptions = {}): Graph {
  const { first = 0, count = 1, cache = "state", ...spelling } = fieldsGiven(options, "the options") as LayerOptions;
  decoderGiven(decoder);
  checkSize(decoder, fieldsGiven(size, "the size") as unknown as Size);
  choiceGiven(cache, "cache", ["state", "io"]);
  spellingGiven(spelling, "the spelling");
  if (!Number.isSafeInteger(count) || count < 1) throw new UserError(`a graph has 1 layer or more, not ${count}`);
  checkLayer(decoder, first);
  checkLayer(decoder, first + count - 1);
  const how = { ...DEFAULT_SPELLING, ...spelling };
  const layers = Array.from({ length: count }, (_, i) => first + i);
  const feeds = declareFeeds(decoder, size, layers, how);
  let hidden: Tensor<Shape, "fp16"> = feeds.x;
  const caches: LayerCache[] = [];
  for (const layer of layers) {
    const prefix = count === 1 ? "" : `layers.${layer}.`;
    const name = <V extends Tensor>(local: string, x: V): V => named(prefix + local, x);
    const built = decoderLayer(hidden, { decoder, size, layer, how, feeds, name, cache });
    hidden = built.hidden;
    caches.push(...built.caches);
  }
  const range = count === 1 ? `layer${first}` : `layers${first}to${first + count - 1}`;
  const name = `${stemOf(decoder)}_${range}_t${size.tokens}`;
  const outputs = { hidden: named("hidden", hidden) };
  if (cache === "state")
    return graph({ name, inputs: feeds.inputs, states: caches.map(({ entry, exit }) => [entry, exit]), outputs });
  const rows = Object.fromEntries(caches.map(({ rowsName, rows }) => [rowsName, rows]));
  const inputs = [...feeds.inputs, ...caches.map(({ entry }) => entry)];
  return graph({ name, inputs, outputs: { ...outputs, ...rows } });
}

/** What graphs are called by; the name of a function in a package, so that it stays what it was. */
const stemOf = ({ architecture }: Decoder): string => (architecture === "phi3" ? "phi" : architecture);
