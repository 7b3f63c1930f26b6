/** config.json of well-known models, the fields that say something about a layer: what is read, and what is told of defaults. */
import { describe, expect, test } from "vitest";
import { sizeOf } from "../../src/dsl/type.ts";
import { readDecoder } from "../../src/models/config-read.ts";
import { modelTensors } from "../../src/models/config-tensors.ts";
import { type Decoder, fewestLayers } from "../../src/models/decoder.ts";
import { inverseFrequencies } from "../../src/models/frequencies.ts";

interface Published {
  readonly config: Readonly<Record<string, unknown>>;
  /** Parameters of the model, as its card or transformers counts them. */
  readonly parameters: number;
  readonly expected: Partial<Decoder>;
  readonly notes: readonly string[];
}

const of = (
  model_type: string,
  [hidden_size, intermediate_size, num_attention_heads, num_key_value_heads, num_hidden_layers]: readonly number[],
  [vocab_size, max_position_embeddings, rms_norm_eps, rope_theta]: readonly number[],
  rest: object,
) => ({
  ...{ model_type, hidden_size, intermediate_size, num_attention_heads, num_key_value_heads, num_hidden_layers },
  ...{ vocab_size, max_position_embeddings, rms_norm_eps, rope_theta, ...rest },
});

const note = (field: string, what: string) => `${field} is not given; Hugging Face's default ${what}`;
const WHOLE_HEAD = note("partial_rotary_factor", "1");
const main = { span: "main", turned: true } as const;
const local = { span: "local", turned: true } as const;
const MLP = { attention_bias: false, mlp_bias: false, hidden_act: "silu" };
const GEMMA = {
  hidden_activation: "gelu_pytorch_tanh",
  attention_bias: false,
  head_dim: 256,
  query_pre_attn_scalar: 256,
};

const MODELS: Readonly<Record<string, Published>> = {
  "Phi-3-mini-4k": {
    config: of("phi3", [3072, 8192, 32, 32, 32], [32064, 4096, 1e-5, 10000], {
      ...{ hidden_act: "silu", attention_bias: false, original_max_position_embeddings: 4096 },
      ...{ rope_scaling: null, sliding_window: 2047, tie_word_embeddings: false },
    }),
    parameters: 3_821_079_552,
    expected: { headDim: 96, rotaryDims: 96, slidingWindow: 2047, rope: { type: "default" }, pattern: [main] },
    notes: [WHOLE_HEAD, note("head_dim", "hidden_size / num_attention_heads 96")],
  },
  "Llama-2-7b, as first published": {
    config: {
      ...of("llama", [4096, 11008, 32, 32, 32], [32000, 4096, 1e-5], { hidden_act: "silu", rope_scaling: null }),
      ...{ tie_word_embeddings: false, rope_theta: undefined },
    },
    parameters: 6_738_415_616,
    expected: { headDim: 128, ropeTheta: 10000, gain: "factor", stored: { qkv: "split", gateUp: "split" } },
    notes: [
      note("attention_bias", "false"),
      note("head_dim", "hidden_size / num_attention_heads 128"),
      note("mlp_bias", "false"),
      WHOLE_HEAD,
      note("rope_theta", "10000"),
    ],
  },
  "TinyLlama-1.1B": {
    config: of("llama", [2048, 5632, 32, 4, 22], [32000, 2048, 1e-5, 10000], {
      ...{ hidden_act: "silu", attention_bias: false, rope_scaling: null, tie_word_embeddings: false },
    }),
    parameters: 1_100_048_384,
    expected: { headDim: 64, kvHeads: 4, biases: { qkv: false, output: false, mlp: false } },
    notes: [note("head_dim", "hidden_size / num_attention_heads 64"), note("mlp_bias", "false"), WHOLE_HEAD],
  },
  "Llama-3.2-1B": {
    config: of("llama", [2048, 8192, 32, 8, 16], [128256, 131072, 1e-5, 500000], {
      ...{ ...MLP, head_dim: 64, tie_word_embeddings: true },
      rope_scaling: {
        ...{ factor: 32, high_freq_factor: 4, low_freq_factor: 1 },
        ...{ original_max_position_embeddings: 8192, rope_type: "llama3" },
      },
    }),
    parameters: 1_235_814_400,
    expected: {
      rope: { type: "llama3", factor: 32, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 8192 },
      tiedHead: true,
    },
    notes: [WHOLE_HEAD],
  },
  "SmolLM2-135M": {
    config: of("llama", [576, 1536, 9, 3, 30], [49152, 8192, 1e-5, 100000], {
      ...{ ...MLP, rope_interleaved: false, rope_scaling: null, tie_word_embeddings: true },
    }),
    parameters: 134_515_008,
    expected: { headDim: 64, ropeTheta: 100000 },
    notes: [note("head_dim", "hidden_size / num_attention_heads 64"), WHOLE_HEAD],
  },
  "Mistral-7B-v0.1": {
    config: of("mistral", [4096, 14336, 32, 8, 32], [32000, 32768, 1e-5, 10000], {
      ...{ hidden_act: "silu", sliding_window: 4096, tie_word_embeddings: false },
    }),
    parameters: 7_241_732_096,
    expected: { slidingWindow: 4096, pattern: [main], headDim: 128 },
    notes: [note("head_dim", "hidden_size / num_attention_heads 128"), WHOLE_HEAD, note("rope_type", '"default"')],
  },
  "Qwen2.5-0.5B": {
    config: of("qwen2", [896, 4864, 14, 2, 24], [151936, 32768, 1e-6, 1e6], {
      ...{ hidden_act: "silu", max_window_layers: 24, sliding_window: 32768, use_sliding_window: false },
      tie_word_embeddings: true,
    }),
    parameters: 494_032_768,
    expected: { headDim: 64, biases: { qkv: true, output: false, mlp: false }, pattern: [main] },
    notes: [note("head_dim", "hidden_size / num_attention_heads 64"), WHOLE_HEAD, note("rope_type", '"default"')],
  },
  "Qwen3-0.6B": {
    config: of("qwen3", [1024, 3072, 16, 8, 28], [151936, 40960, 1e-6, 1e6], {
      ...{ hidden_act: "silu", attention_bias: false, head_dim: 128, max_window_layers: 28, rope_scaling: null },
      ...{ sliding_window: null, use_sliding_window: false, tie_word_embeddings: true },
    }),
    parameters: 596_049_920,
    expected: { headDim: 128, qkNorm: "per_head" },
    notes: [WHOLE_HEAD],
  },
  "SmolLM3-3B": {
    config: of("smollm3", [2048, 11008, 16, 4, 36], [128256, 65536, 1e-6, 5e6], {
      ...{ ...MLP, no_rope_layer_interval: 4, no_rope_layers: Array.from({ length: 36 }, (_, i) => +(i % 4 !== 3)) },
      ...{ layer_types: Array.from({ length: 36 }, () => "full_attention"), rope_scaling: null, sliding_window: null },
      ...{ use_sliding_window: false, tie_word_embeddings: true },
    }),
    parameters: 3_075_098_624,
    expected: { pattern: Array.from({ length: 36 }, (_, i) => ({ span: "main", turned: i % 4 !== 3 })) },
    notes: [note("head_dim", "hidden_size / num_attention_heads 128"), WHOLE_HEAD],
  },
  "gemma-2-2b": {
    config: of("gemma2", [2304, 9216, 8, 4, 26], [256000, 8192, 1e-6, 10000], {
      ...{ ...GEMMA, hidden_act: "gelu_pytorch_tanh", sliding_window: 4096 },
      ...{ attn_logit_softcapping: 50, final_logit_softcapping: 30 },
    }),
    parameters: 2_614_341_888,
    expected: {
      ...{ scoreCap: 50, logitCap: 30, gain: "one_plus", postNorms: true, activation: "gelu_tanh", tiedHead: true },
      ...{ queryScale: 1 / 16, embeddingMultiplier: 48, local: { slidingWindow: 4096 } },
      pattern: Array.from({ length: 26 }, (_, i) => (i % 2 === 0 ? local : main)),
    },
    notes: [note("rope_type", '"default"'), note("tie_word_embeddings", "true"), WHOLE_HEAD],
  },
  "gemma-3-1b": {
    config: of("gemma3_text", [1152, 6912, 4, 1, 26], [262144, 32768, 1e-6, 1e6], {
      ...{ ...GEMMA, attn_logit_softcapping: null, final_logit_softcapping: null, rope_local_base_freq: 10000 },
      ...{ rope_scaling: null, sliding_window: 512, sliding_window_pattern: 6 },
    }),
    parameters: 999_885_952,
    expected: {
      ...{ ropeTheta: 1e6, qkNorm: "per_head", gain: "one_plus", postNorms: true },
      local: { slidingWindow: 512, table: { ropeTheta: 10000, rope: { type: "default" } } },
      pattern: Array.from({ length: 26 }, (_, i) => (i % 6 === 5 ? main : local)),
    },
    notes: [note("tie_word_embeddings", "true"), WHOLE_HEAD],
  },
};

describe.each(Object.entries(MODELS))("%s", (_, { config, parameters, expected, notes }) => {
  const read = readDecoder(config, "config.json");

  test("is read", () => {
    expect(read.decoder).toMatchObject(expected);
    expect(read.notes.toSorted()).toEqual(notes.toSorted());
    expect("scoreCap" in read.decoder).toBe("scoreCap" in expected);
    expect("local" in read.decoder).toBe("local" in expected);
  });

  test("has so many parameters", () => {
    expect(modelTensors(read.decoder).reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(parameters);
  });

  test("is the same in the spelling of transformers 5", () => {
    const { rope_theta, rope_scaling, rope_local_base_freq, ...rest } = config;
    const flat = { rope_type: "default", rope_theta: rope_theta ?? 10000, ...(rope_scaling as object | null) };
    const rope_parameters =
      rope_local_base_freq === undefined
        ? flat
        : { full_attention: flat, sliding_attention: { rope_type: "default", rope_theta: rope_local_base_freq } };
    expect(readDecoder({ ...rest, rope_parameters }, "config.json").decoder).toEqual(read.decoder);
  });

  test("is the same with null for what is derived", () => {
    if (config.head_dim !== undefined) return expect(() => readDecoder({ ...config, head_dim: "a" }, "c")).toThrow();
    expect(readDecoder({ ...config, head_dim: null }, "config.json").decoder).toEqual(read.decoder);
  });
});

const decoderOf = (name: keyof typeof MODELS, change: object = {}): Decoder =>
  readDecoder({ ...MODELS[name]!.config, ...change }, "config.json").decoder;

test("how few layers show all kinds of a stack", () => {
  const gemma = decoderOf("gemma-3-1b");
  expect([1, 2, 5, 6, 26].map((count) => fewestLayers(gemma, 0, count))).toEqual([1, 2, 2, 6, 6]);
  expect([1, 2, 3].map((count) => fewestLayers(gemma, 4, count))).toEqual([1, 2, 2]);
  expect([1, 2, 16].map((count) => fewestLayers(decoderOf("Llama-3.2-1B"), 0, count))).toEqual([1, 2, 2]);
});

test("windows of Qwen begin where the file says", () => {
  const windows = { use_sliding_window: true, max_window_layers: 20 };
  const { pattern, local: span } = decoderOf("Qwen2.5-0.5B", windows);
  expect(pattern).toEqual(Array.from({ length: 24 }, (_, i) => (i < 20 ? main : local)));
  expect(span).toEqual({ slidingWindow: 32768 });
});

describe("a model that sees as well", () => {
  const { model_type: _, ...text } = MODELS["gemma-3-1b"]!.config;
  const wrapped = (text_config: unknown, rest: object = {}) =>
    readDecoder({ model_type: "gemma3", text_config, vision_config: { hidden_size: 8 }, ...rest }, "config.json");

  test("is its text part", () => {
    const { decoder, notes } = wrapped({ ...text, model_type: "gemma3_text" });
    expect(decoder).toEqual(decoderOf("gemma-3-1b"));
    expect(notes).toEqual([
      expect.stringContaining("the text part of a gemma3 model is read; tokens of an image see each other"),
      ...readDecoder(MODELS["gemma-3-1b"]!.config, "config.json").notes,
    ]);
    expect(wrapped(text).decoder).toEqual(decoder);
    // gemma-3-4b says of its text part what differs from the defaults alone.
    const few = { ...{ hidden_size: 2560, intermediate_size: 10240, num_hidden_layers: 34, sliding_window: 1024 } };
    const rope = { rope_scaling: { factor: 8, rope_type: "linear" }, model_type: "gemma3_text" };
    expect(wrapped({ ...few, ...rope }).decoder).toMatchObject({
      ...{ heads: 8, kvHeads: 4, headDim: 256, vocab: 262208, maxPositions: 131072, layers: 34 },
      ...{ rope: { type: "linear", factor: 8 }, tiedHead: true },
    });
  });

  test("has its head and its quantisation where the whole model has them", () => {
    expect(wrapped(text, { tie_word_embeddings: false }).decoder.tiedHead).toBe(false);
    expect(wrapped({ ...text, tie_word_embeddings: false }).decoder.tiedHead).toBe(false);
    const sentence = '"quantization_config" is {}';
    expect(() => wrapped(text, { quantization_config: {} })).toThrow(sentence);
    expect(() => wrapped({ ...text, quantization_config: {} })).toThrow(sentence);
    expect(() => wrapped({ ...text, quantization_config: {} }, { quantization_config: null })).toThrow(sentence);
  });

  test("is refused where it does not say what its text part is", () => {
    expect(() => wrapped(undefined)).toThrow(
      'config.json: "text_config" is missing, which says what the text part of gemma3',
    );
    expect(() => wrapped([1])).toThrow('config.json: "text_config" must hold a JSON object, not a list of 1');
    expect(() => wrapped({ ...text, model_type: "llama" })).toThrow(
      'config.json: "text_config" is of model_type "llama", and that of gemma3 is "gemma3_text"',
    );
  });

  test("local layers do not turn by LongRoPE", () => {
    const sliding_attention = {
      rope_type: "longrope",
      short_factor: Array(128).fill(1),
      long_factor: Array(128).fill(1),
    };
    const change = { rope_local_base_freq: undefined, rope_parameters: { sliding_attention } };
    expect(() => decoderOf("gemma-3-1b", change)).toThrow(
      "config.json: LongRoPE for local layers alone is not supported",
    );
  });
});

describe("what contradicts itself, or is another model's", () => {
  const refusals: readonly (readonly [name: keyof typeof MODELS, change: object, sentence: string])[] = [
    [
      "Qwen2.5-0.5B",
      { layer_types: Array.from({ length: 24 }, () => "sliding_attention") },
      'config.json: "layer_types" holds "sliding_attention", and use_sliding_window does not turn a window on',
    ],
    [
      "gemma-2-2b",
      { layer_types: ["full_attention"] },
      'config.json: "layer_types" must be a list of 26, one of "full_attention" and "sliding_attention" for each layer, not a list of 1 (["full_attention"])',
    ],
    ["gemma-2-2b", { sliding_window: null }, 'config.json: "sliding_window" is missing'],
    [
      "gemma-3-1b",
      { attn_logit_softcapping: 50 },
      'config.json: "attn_logit_softcapping" is 50, which graphc\'s gemma3_text layer does not have; only null is supported',
    ],
    [
      "Llama-3.2-1B",
      { rope_scaling: null, rope_parameters: { sliding_attention: { rope_type: "default" } } },
      'config.json: "rope_parameters" has a RoPE of its own for local layers, which is not supported',
    ],
    [
      "SmolLM3-3B",
      { no_rope_layers: [1, 0] },
      'config.json: "no_rope_layers" must be a list of 36, one of 0 and 1 for each layer, not a list of 2 ([1,0])',
    ],
  ];

  test.each(refusals)("%s with %o", (name, change, sentence) => {
    expect(() => decoderOf(name, change)).toThrow(sentence);
  });
});

describe("RoPE scalings", () => {
  const llama = decoderOf("Llama-3.2-1B");
  const plain = inverseFrequencies({ ...llama, rope: { type: "default" } }, 64);

  test("llama3 leaves short turns, divides long ones, and blends between", () => {
    const ratios = [...inverseFrequencies(llama, 64)].map((x, j) => x / plain[j]!);
    const turns = [...plain].map((x) => (8192 * x) / (2 * Math.PI));
    for (const [j, turn] of turns.entries()) {
      if (turn > 4) expect(ratios[j]).toBe(1);
      else if (turn < 1) expect(ratios[j]).toBeCloseTo(1 / 32, 12);
      else expect(ratios[j]).toBeCloseTo(1 / 32 + ((turn - 1) / 3) * (31 / 32), 12);
    }
    expect(new Set(turns.map((turn) => Math.sign(turn - 4) + Math.sign(turn - 1)))).toEqual(new Set([2, 0, -2]));
  });

  test("linear divides all", () => {
    const scaled = inverseFrequencies({ ...llama, rope: { type: "linear", factor: 4 } }, 64);
    for (const [j, x] of scaled.entries()) expect(x / plain[j]!).toBeCloseTo(1 / 4, 12);
  });

  test("YaRN goes from none to all along the pairs, and its factor from the stretch", () => {
    const rope_scaling = { rope_type: "yarn", factor: 16, original_max_position_embeddings: 8192 };
    const yarn = decoderOf("Llama-3.2-1B", { rope_scaling });
    const ratios = [...inverseFrequencies(yarn, 64)].map((x, j) => x / plain[j]!);
    expect(ratios[0]).toBe(1);
    expect(ratios.at(-1)).toBeCloseTo(1 / 16, 12);
    expect(ratios.toSorted((a, b) => b - a)).toEqual(ratios);
    expect(yarn.rope).toMatchObject({
      betaFast: 32,
      betaSlow: 1,
      truncate: true,
      attentionFactor: 0.1 * Math.log(16) + 1,
    });
    const ofBoth = decoderOf("Llama-3.2-1B", { rope_scaling: { ...rope_scaling, mscale: 1, mscale_all_dim: 1 } });
    expect(ofBoth.rope).toMatchObject({ attentionFactor: 1 });
  });
});
