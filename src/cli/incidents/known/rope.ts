/** Positions turned otherwise than the model was trained with. */
import { type Graph, graph } from "../../../dsl/graph.ts";
import { gather } from "../../../dsl/ops/index.ts";
import { constant, input, named, state, weight } from "../../../dsl/tensor.ts";
import { writeRows } from "../../../models/blocks/cache.ts";
import { rope } from "../../../models/blocks/rope.ts";
import { readDecoder } from "../../../models/config-read.ts";
import type { Decoder } from "../../../models/decoder.ts";
import { type Rows, ropeRows } from "../../../models/host.ts";
import { decoderLayers } from "../../../models/layers.ts";
import { smallestOf } from "../../../models/smallest.ts";
import type { Incident } from "../incident.ts";
import { book, commit, either, issue, pkg, type Value, within } from "./small.ts";

/** A small model by its configuration, with heads of eight dims. */
const decoderOf = (fields: Readonly<Record<string, unknown>>): Decoder =>
  readDecoder(
    {
      model_type: "phi3",
      hidden_size: 16,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      intermediate_size: 4,
      num_hidden_layers: 4,
      vocab_size: 8,
      max_position_embeddings: 64,
      ...fields,
    },
    "config.json",
  ).decoder;

const POSITIONS = 4;

/** Keys turned by tables that lie in the package, read at the token's position, and written to the cache row of that position. */
function turnedKeys(decoder: Decoder): Graph {
  const k = input("k", [1, 1, 1, decoder.headDim], "fp16", { role: { kind: "rows", tokenAxis: 2 } });
  const position = input("position", [1], "int32");
  const rows = ropeRows(decoder, [0, 1, 2, 3], POSITIONS);
  const read = ({ data, shape }: Rows): Value => gather(constant(data, [...shape]), position, { axis: 0 });
  const keys = named("keys", rope(k as Value, read(rows.cos), read(rows.sin), { axis: 3 }));
  const cache: Value = state("k_state", [1, 1, POSITIONS, decoder.headDim]);
  const exit = writeRows(cache, keys, { write: "scatter", position });
  return graph({ name: "keys", inputs: [k, position], states: [[cache, exit]], outputs: { keys } });
}

const PARTIAL = decoderOf({ partial_rotary_factor: 0.75 });
const LONG = decoderOf({
  max_position_embeddings: 2048,
  original_max_position_embeddings: 64,
  rope_scaling: { type: "longrope", short_factor: [1, 1, 1, 1], long_factor: [2, 4, 8, 16] },
});
const LLAMA3 = decoderOf({
  model_type: "llama",
  rope_scaling: {
    rope_type: "llama3",
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 64,
  },
});
const NOPE = smallestOf(decoderOf({ model_type: "smollm3", no_rope_layer_interval: 4, layer_types: null }));

/** Tables against those that the configuration asks for. */
const againstOurs = (converted: Decoder, right: Decoder) => [
  "equal",
  pkg("converted", turnedKeys(converted)),
  pkg("ours", turnedKeys(right)),
];

/** The last two layers, of which one is turned and one is not. */
const lastLayers = (decoder: Decoder): Graph =>
  decoderLayers(decoder, { tokens: 1, maxSeq: 2 }, { first: 3, count: 1 });

/** A table with a row for every position, of which one is read. */
function longTable(rows: number): Graph {
  const position = input("position", [1], "int32");
  return graph({
    name: "table",
    inputs: [position],
    states: [],
    outputs: { cos: gather(weight("cos", [rows, 16]), position, { axis: 0 }) },
  });
}

/** Incidents of RoPE. */
export const ropes: readonly Incident[] = [
  {
    id: "I-02",
    happened: "all dims of a head were turned where the model turns three quarters; every layer's own gate had passed",
    sources: [book("journals 072, 099, 100")],
    replay: {
      line: (variant) => againstOurs(either(variant, { ...PARTIAL, rotaryDims: PARTIAL.headDim }, PARTIAL), PARTIAL),
      caught: { by: "verdict", at: "keys" },
    },
  },
  {
    id: "I-03",
    happened: "LongRoPE's factor of cos and sin was left out, which makes attention too soft",
    sources: [issue("pytorch/executorch", 19235), book("runtime")],
    replay: {
      line: (variant) =>
        againstOurs(
          either(variant, { ...LONG, rope: { ...LONG.rope, attentionFactor: 1 } as Decoder["rope"] }, LONG),
          LONG,
        ),
      caught: { by: "verdict", at: "gather_0" },
    },
  },
  {
    id: "I-44",
    happened:
      "a RoPE table of more than 16384 rows overflowed at random; every model built with it had to be made again",
    sources: [commit("Anemll/Anemll", "6ecb10d")],
    replay: {
      line: (variant) => ["check", pkg("table", longTable(either(variant, 32768, 16384)))],
      caught: { by: "rule", rule: "axis-size" },
    },
  },
  {
    id: "I-47",
    happened: "every kind of RoPE scaling was read as theta times the factor",
    sources: [within("Anemll/Anemll", "qwen2_5_model.py")],
    replay: {
      line: (variant) =>
        againstOurs(
          either(variant, { ...LLAMA3, ropeTheta: LLAMA3.ropeTheta * 8, rope: { type: "default" } } as Decoder, LLAMA3),
          LLAMA3,
        ),
      caught: { by: "verdict", at: "gather_0" },
    },
  },
  {
    id: "I-51",
    happened: "layers that the model leaves unturned were given RoPE like the others",
    sources: [issue("pytorch/executorch", 21115)],
    replay: {
      line: (variant) => [
        "equal",
        pkg("converted", lastLayers(either(variant, { ...NOPE, pattern: [{ span: "main", turned: true }] }, NOPE))),
        pkg("ours", lastLayers(NOPE)),
      ],
      caught: { by: "refusal", says: ["converted.mlpackage alone inputs rope_cos, rope_sin"] },
    },
  },
];
