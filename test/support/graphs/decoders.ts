/** Decoders of every architecture at small sizes, as their configurations are read, and random records. */
import fc from "fast-check";
import { readDecoder } from "../../../src/models/config-read.ts";
import type { Decoder, LayerKind, RopeScaling } from "../../../src/models/decoder.ts";

const SIZES = {
  hidden_size: 12,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 6,
  intermediate_size: 10,
  vocab_size: 16,
  max_position_embeddings: 64,
  num_hidden_layers: 4,
};
const WINDOWS = { use_sliding_window: true, sliding_window: 3, max_window_layers: 2 };

/** A config.json of each, with the first of two layers that show all their kinds. */
const CONFIGS: Readonly<Record<string, readonly [json: object, first: number]>> = {
  phi3: [{ model_type: "phi3", sliding_window: 3 }, 0],
  llama: [{ model_type: "llama", attention_bias: true, mlp_bias: true }, 0],
  mistral: [{ model_type: "mistral", sliding_window: 3 }, 0],
  qwen2: [{ model_type: "qwen2", ...WINDOWS }, 1],
  qwen3: [{ model_type: "qwen3" }, 0],
  smollm3: [{ model_type: "smollm3" }, 2],
  gemma2: [{ model_type: "gemma2", sliding_window: 3 }, 0],
  gemma3_text: [{ model_type: "gemma3_text", sliding_window: 3, sliding_window_pattern: 2 }, 0],
};

/** A decoder, and the first of two layers that show all that it has. */
export interface SmallDecoder {
  readonly decoder: Decoder;
  readonly first: number;
}

/** The config.json of each, in full. */
export const SMALL_CONFIGS: ReadonlyMap<string, object> = new Map(
  Object.entries(CONFIGS).map(([name, [json]]) => [name, { ...SIZES, ...json }]),
);

/** By architecture. */
export const SMALL_DECODERS: ReadonlyMap<string, SmallDecoder> = new Map(
  Object.entries(CONFIGS).map(([name, [, first]]) => [
    name,
    { decoder: readDecoder(SMALL_CONFIGS.get(name)!, name).decoder, first },
  ]),
);

const kind: fc.Arbitrary<LayerKind> = fc.record({
  span: fc.constantFrom("main" as const, "local" as const),
  turned: fc.boolean(),
});

const scaling: fc.Arbitrary<RopeScaling> = fc.constantFrom<RopeScaling>(
  { type: "default" },
  { type: "linear", factor: 4 },
  { type: "llama3", factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 64 },
);
const table = fc.record({ ropeTheta: fc.constantFrom(100, 10_000), rope: scaling });

const sizes = fc
  .record({
    kvHeads: fc.constantFrom(1, 2),
    group: fc.constantFrom(1, 2),
    pairs: fc.constantFrom(1, 2, 3),
    hiddenSize: fc.constantFrom(4, 6),
    ffnSize: fc.constantFrom(2, 4),
  })
  .map(({ kvHeads, group, pairs, ...rest }) => ({ ...rest, kvHeads, heads: kvHeads * group, rotaryDims: 2 * pairs }));

const conventions = fc.record({
  extraDims: fc.constantFrom(0, 2),
  ropePairs: fc.constantFrom("halves" as const, "neighbours" as const),
  activation: fc.constantFrom("silu" as const, "gelu" as const, "gelu_tanh" as const),
  gain: fc.constantFrom("factor" as const, "one_plus" as const),
  qkNorm: fc.constantFrom("per_head" as const, "whole" as const, "none" as const),
  postNorms: fc.boolean(),
  biases: fc.record({ qkv: fc.boolean(), output: fc.boolean(), mlp: fc.boolean() }),
  stored: fc.record({
    qkv: fc.constantFrom("fused" as const, "split" as const),
    gateUp: fc.constantFrom("fused" as const, "split" as const),
  }),
  residualMultiplier: fc.constantFrom(1, 0.25),
});

const optional = fc.record(
  { queryScale: fc.constantFrom(0.5, 1), scoreCap: fc.constantFrom(2, 50), slidingWindow: fc.constantFrom(1, 2, 9) },
  { requiredKeys: [] },
);

/** Every combination of conventions, at sizes that coincide often; two layers of them. */
export const randomDecoders: fc.Arbitrary<Decoder> = fc
  .record({
    sizes,
    conventions,
    optional,
    table,
    local: fc.record({ slidingWindow: fc.constantFrom(1, 2, 3), table }),
    own: fc.boolean(),
    pattern: fc.array(kind, { minLength: 1, maxLength: 2 }),
  })
  .map(({ sizes, conventions: { extraDims, ...conventions }, optional, table, local, own, pattern }) => ({
    ...SMALL_DECODERS.get("llama")!.decoder,
    ...sizes,
    headDim: sizes.rotaryDims + extraDims,
    ...conventions,
    ...optional,
    ...table,
    local: own ? local : { slidingWindow: local.slidingWindow },
    pattern,
    layers: 2,
  }));
