/** The examples: they build, they are what they say, and a block does what single steps do. */
import { expect, test } from "vitest";
import attention from "../examples/attention.ts";
import counter from "../examples/counter.ts";
import phi4Mini from "../examples/phi4-mini.ts";
import qwen3 from "../examples/qwen3.ts";
import { type Graph, schedule } from "../src/dsl/graph.ts";
import { type Shape, sizeOf } from "../src/dsl/type.ts";
import { sourceName } from "../src/dsl/weight-source.ts";
import { PHI4_MINI } from "../src/models/config.ts";
import { decoderLayers } from "../src/models/layers.ts";
import { arrayOf, type NDArray } from "../src/passes/interpret/array.ts";
import { evaluate } from "../src/passes/interpret/evaluate.ts";
import { printGraph } from "../src/passes/print.ts";
import { prove } from "../src/passes/prove/prove.ts";
import { randomArray } from "./support/phi/phi.ts";

test.each([1, 4])("the written-out Phi layer is the graph of decoderLayers, at %i tokens", (tokens) => {
  const size = { tokens, maxSeq: 2048 };
  expect(printGraph(phi4Mini(size))).toBe(printGraph(decoderLayers(PHI4_MINI, size)));
});

test("the counter counts", () => {
  const all = (x: number): NDArray => arrayOf("fp16", [32], new Float64Array(32).fill(x));
  const { outputs, states } = evaluate(counter(), { values: { step: all(3), count: all(4) } });
  expect([outputs.doubled!.data[0], states.count!.data[0]]).toEqual([14, 7]);
});

test("the attention block gives what single steps give", () => {
  const [T, maxSeq, start] = [2, 6, 3];
  const [block, step] = [attention({ tokens: T, maxSeq }), attention({ tokens: 1, maxSeq })];
  const x = randomArray([1, 128, T, 1], 1);
  const caches = { k_state: randomArray([1, 4, maxSeq, 32], 2), v_state: randomArray([1, 4, maxSeq, 32], 3) };
  const whole = run(block, { x, ...masks(start, T, maxSeq), ...caches });
  const first = run(step, { x: token(x, 0), ...masks(start, 1, maxSeq), ...caches });
  const second = run(step, { x: token(x, 1), ...masks(start + 1, 1, maxSeq), ...first.states });
  expect([...token(whole.outputs.hidden!, 0).data]).toEqual([...first.outputs.hidden!.data]);
  expect([...token(whole.outputs.hidden!, 1).data]).toEqual([...second.outputs.hidden!.data]);
  expect([...whole.states.k_state!.data]).toEqual([...second.states.k_state!.data]);
});

test("the Qwen3 layer is proven, at the sizes of a checkpoint and with the weights of its layer", () => {
  const config = {
    hidden_size: 32,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    intermediate_size: 48,
  };
  const of = (tokens: number) => qwen3({ tokens, maxSeq: 8, layer: 3, config });
  for (const tokens of [2, 4]) expect(prove(of(tokens), of(1))).toMatchObject({ verdict: "PROVEN", level: "exact" });
  const names = schedule(of(4)).flatMap(({ def }) =>
    def.kind === "weight" && def.source.from === "checkpoint" ? [sourceName(def.source)] : [],
  );
  expect(names).toHaveLength(11);
  expect(names.every((name) => name.startsWith("model.layers.3."))).toBe(true);
  expect(of(4).inputs.find(({ name }) => name === "x")!.type.shape).toEqual([1, 32, 4, 1]);
});

const weight = (source: unknown, { shape }: { shape: Shape }) =>
  randomArray(shape, JSON.stringify(source).length, 1 / Math.sqrt(sizeOf(shape.slice(1))));
const run = (graph: Graph, values: Readonly<Record<string, NDArray>>) => evaluate(graph, { values, weight });

/** Column t of [1, d, T, 1]. */
const token = ({ shape, data }: NDArray, t: number): NDArray =>
  arrayOf(
    "fp16",
    shape.with(2, 1),
    data.filter((_, i) => i % shape[2]! === t),
  );

function masks(start: number, T: number, maxSeq: number) {
  const [mask, slot] = [new Float64Array(T * maxSeq), new Float64Array(maxSeq * T)];
  for (let t = 0; t < T; t++) {
    for (let s = 0; s < maxSeq; s++) mask[t * maxSeq + s] = s <= start + t ? 0 : -1e4;
    slot[(start + t) * T + t] = 1;
  }
  return {
    attn_mask: arrayOf("fp16", [1, 1, T, maxSeq], mask),
    kv_write_mask: arrayOf("fp16", [1, 1, maxSeq, T], slot),
  };
}
