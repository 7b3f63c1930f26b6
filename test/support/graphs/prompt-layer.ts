/** A small attention layer as hosts of the field convert it: RoPE rows gathered at its positions, rows written from the first one on. */

/** Parts of the source that a test may write otherwise; T and S are the sizes. */
export interface PromptLayer {
  /** The position at which token t's row of the table is looked up. */
  readonly looked?: string;
  /** The first cache row that is written. */
  readonly written?: string;
  /** What the scores are once the mask is added. */
  readonly masked?: string;
  /** The outputs. */
  readonly outputs?: string;
  /** How the inputs are called, in place of Anemll's names. */
  readonly names?: readonly [hidden: string, positions: string, mask: string, first: string];
}

/** The text of a graph file. */
export function promptLayer(layer: PromptLayer = {}): string {
  const { looked = "positions", written = "first", masked = "add(scores, mask)", outputs = "{ hidden }" } = layer;
  const [x, positions, mask, first] = layer.names ?? ["hidden_states", "position_ids", "causal_mask", "current_pos"];
  return `
import { add, clip, concat, constant, gather, graph, input, matmul, maximum, mul, reduce_max, real_div, exp, reduce_sum, slice_by_index, slice_update, softmax, state, sub, type Size } from "graphc";
export default function layer({ tokens: T, maxSeq: S }: Size) {
  const x = input("${x}", [1, T, 4]), positions = input("${positions}", [T], "int32");
  const mask = input("${mask}", [1, T, S]), first = input("${first}", [1], "int32");
  const before = state("kv_cache_0", [1, S, 4]);
  const table = constant(Array.from({ length: 4 * S }, (_, k) => Math.fround(Math.sin(k))).map((n) => Math.round(n * 64) / 64), [S, 4], "fp16");
  const rows = mul(x, gather(table, ${looked}, { axis: 0 }));
  const from = concat([constant([0], [1], "int32"), ${written}, constant([0], [1], "int32")], { axis: 0 });
  const to = concat([constant([1], [1], "int32"), add(${written}, T), constant([4], [1], "int32")], { axis: 0 });
  const cache = slice_update(before, rows, from, to);
  const scores = matmul(rows, cache, { transpose_y: true });
  const probs = softmax(${masked}, { axis: 2 });
  const hidden = add(x, matmul(probs, cache));
  return graph({ name: "layer", inputs: [x, positions, mask, first], states: [[before, cache]], outputs: ${outputs} });
}`;
}
