/**
 * Decoder layers as a graph for a block of T tokens on a KV cache, read from a record. Its inputs and states are those of
 * docs/architecture.md, "The interface of a layer package".
 */
import { type Graph, graph } from "../dsl/graph.ts";
import type { Size } from "../dsl/model.ts";
import { named, type Tensor } from "../dsl/tensor.ts";
import type { Shape } from "../dsl/type.ts";
import { UserError } from "../dsl/user-error.ts";
import { DEFAULT_SPELLING, type Spelling } from "./blocks/spelling.ts";
import { checkLayer, checkSize } from "./config.ts";
import type { Decoder } from "./decoder.ts";
import { declareFeeds } from "./feeds.ts";
import { decoderLayer, type StatePair } from "./layer.ts";

/** Which layers, and how they are spelled. */
export interface LayerOptions extends Partial<Spelling> {
  /** The first layer of the graph; 0 when absent. */
  readonly first?: number;
  /** How many layers; 1 when absent. */
  readonly count?: number;
}

/**
 * Layers [first, first + count) for blocks of `tokens` tokens.
 * @throws UserError when the model has no such layer or may not be built at that size.
 */
export function decoderLayers(decoder: Decoder, size: Size, options: LayerOptions = {}): Graph {
  const { first = 0, count = 1, ...spelling } = options;
  checkSize(decoder, size);
  if (!Number.isSafeInteger(count) || count < 1) throw new UserError(`a graph has 1 layer or more, not ${count}`);
  checkLayer(decoder, first);
  checkLayer(decoder, first + count - 1);
  const how = { ...DEFAULT_SPELLING, ...spelling };
  const layers = Array.from({ length: count }, (_, i) => first + i);
  const feeds = declareFeeds(decoder, size, layers, how);
  let hidden: Tensor<Shape, "fp16"> = feeds.x;
  const states: StatePair[] = [];
  for (const layer of layers) {
    const prefix = count === 1 ? "" : `layers.${layer}.`;
    const name = <V extends Tensor>(local: string, x: V): V => named(prefix + local, x);
    const built = decoderLayer(hidden, { decoder, size, layer, how, feeds, name });
    hidden = built.hidden;
    states.push(...built.states);
  }
  const range = count === 1 ? `layer${first}` : `layers${first}to${first + count - 1}`;
  const outputs = { hidden: named("hidden", hidden) };
  return graph({ name: `${stemOf(decoder)}_${range}_t${size.tokens}`, inputs: feeds.inputs, states, outputs });
}

/** What graphs are called by; the name of a function in a package, so that it stays what it was. */
const stemOf = ({ architecture }: Decoder): string => (architecture === "phi3" ? "phi" : architecture);
