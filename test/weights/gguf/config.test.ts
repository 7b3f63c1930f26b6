/** The metadata of a GGUF file as a configuration. */
import { expect, test } from "vitest";
import { readDecoder } from "../../../src/models/config-read.ts";
import { inverseFrequencies } from "../../../src/models/frequencies.ts";
import {
  EMBEDDING,
  FACTORS,
  f32,
  LONG,
  open,
  PHI,
  tensor,
  tensorOf,
  type Values,
  valuesOf,
} from "../../support/gguf/gguf-checkpoint.ts";
import { listOf, type RawInfo, type RawValue, string, whole } from "../../support/gguf/gguf-files.ts";

test("the configuration is the one that was converted", async () => {
  const { config, notes, close } = await open({ ...PHI, ...LONG }, [EMBEDDING, ...FACTORS]);
  expect(config).toEqual({
    model_type: "phi3",
    hidden_act: "silu",
    hidden_size: 8,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 4,
    intermediate_size: 6,
    num_hidden_layers: 1,
    vocab_size: 3,
    max_position_embeddings: 131072,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    partial_rotary_factor: 0.5,
    tie_word_embeddings: true,
    original_max_position_embeddings: 4096,
    rope_scaling: { type: "longrope", short_factor: [1], long_factor: [2.5] },
  });
  expect(notes).toEqual([]);
  await close();
});

const truth = (x: boolean): RawValue => [7, Uint8Array.of(Number(x))];
const BIASED = tensor("blk.0.attn_q.bias", [8]);

test.each([
  ["llama", { attention_bias: true, mlp_bias: false }],
  ["qwen2", { use_sliding_window: false }],
  ["qwen3", { use_sliding_window: false, attention_bias: true }],
  ["smollm3", { use_sliding_window: false, attention_bias: true, mlp_bias: false, no_rope_layer_interval: 4 }],
])("what a converter of %s leaves out is told by its tensors", async (architecture, told) => {
  const { config, tensors, close } = await open(valuesOf(architecture), [
    EMBEDDING,
    BIASED,
    tensor("blk.0.attn_q_norm.weight", [1]),
  ]);
  expect(config).toMatchObject({ model_type: architecture, rope_scaling: null, hidden_act: "silu", ...told });
  expect([...tensors.keys()].slice(1)).toEqual(
    ["proj.bias", "norm.weight"].map((what) => `model.layers.0.self_attn.q_${what}`),
  );
  await close();
});

/** The record that comes of a file, and what is noted of it. */
async function decoderOf(values: Values, tensors: readonly RawInfo[] = [EMBEDDING]) {
  const { config, configPath, notes, close } = await open(values, tensors);
  await close();
  const read = readDecoder(config, configPath);
  return { decoder: read.decoder, notes: [...notes, ...read.notes].map((note) => note.replace(configPath, "m.gguf")) };
}

const SCALE = (what: string) => `m.gguf: the scale of queries is not given; as in llama.cpp ${what} to the power -1/2`;
const spans = (pattern: readonly { readonly span: string }[]) => pattern.map(({ span }) => span[0]).join("");

test("of a smollm3 RoPE leaves every fourth layer alone, which is noted", async () => {
  const { decoder, notes } = await decoderOf(valuesOf("smollm3", { block_count: whole(8) }));
  expect(decoder.pattern.map(({ turned }) => turned)).toEqual([1, 1, 1, 0, 1, 1, 1, 0].map(Boolean));
  expect(notes).toEqual(["m.gguf: which layers RoPE does not turn is not given; as in llama.cpp every 4th"]);
});

const WINDOW = { "attention.sliding_window": whole(3) };
const HEAD = { "attention.key_length": whole(6) };

test("a gemma2 has caps, norms on both sides, and a window on every other layer", async () => {
  const caps = { attn_logit_softcapping: f32(20), final_logit_softcapping: f32(10) };
  const { decoder, notes } = await decoderOf(
    valuesOf("gemma2", { ...WINDOW, ...HEAD, ...caps, block_count: whole(4) }),
  );
  expect(decoder).toMatchObject({
    architecture: "gemma2",
    headDim: 6,
    activation: "gelu_tanh",
    gain: "one_plus",
    postNorms: true,
    qkNorm: "none",
    scoreCap: 20,
    logitCap: 10,
    queryScale: 6 ** -0.5,
    embeddingMultiplier: Math.sqrt(8),
    local: { slidingWindow: 3 },
    ropeTheta: 10_000,
    tiedHead: true,
  });
  expect(decoder.local).not.toHaveProperty("table");
  expect(spans(decoder.pattern)).toBe("lmlm");
  expect(notes).toEqual([
    SCALE("head_dim 6"),
    "m.gguf: which layers are local is not given; as in llama.cpp all but every 2nd",
  ]);
});

test("a gemma2 without a window or caps has the usual ones, which is noted", async () => {
  const { decoder, notes } = await decoderOf(valuesOf("gemma2", { ...HEAD, block_count: whole(2) }));
  expect([decoder.local?.slidingWindow, decoder.scoreCap, decoder.logitCap]).toEqual([4096, 50, 30]);
  for (const name of ["sliding_window", "attn_logit_softcapping", "final_logit_softcapping"])
    expect(notes.join("\n")).toContain(`${name} is not given; Hugging Face's default `);
});

const YARN = {
  "rope.scaling.type": string("yarn"),
  "rope.scaling.factor": f32(4),
  "rope.scaling.original_context_length": whole(4096),
};
const divisors = (...numbers: readonly number[]) => ({ ...factors(...numbers), name: "rope_freqs.weight" });

test("Llama 3's scaling is the divisors that the file holds", async () => {
  const { decoder, notes } = await decoderOf(valuesOf("llama"), [EMBEDDING, divisors(1, 32)]);
  expect(decoder.rope).toEqual({ type: "divided", divisors: [1, 32] });
  const { rotaryDims, ropeTheta, rope } = decoder;
  expect([...inverseFrequencies({ rotaryDims, ropeTheta, rope }, 8)]).toEqual([1, 1 / (32 * ropeTheta ** 0.5)]);
  expect(notes).toEqual([]);
});

test.each([
  ["what it leaves out is as in transformers", {}, { betaFast: 32, betaSlow: 1 }],
  [
    "its ramp",
    {
      "rope.scaling.yarn_beta_fast": f32(16),
      "rope.scaling.yarn_beta_slow": f32(2),
      "rope.scaling.yarn_ext_factor": f32(-1),
    },
    { betaFast: 16, betaSlow: 2 },
  ],
])("YaRN of a qwen2: %s", async (_, keys, ramp) => {
  const { decoder } = await decoderOf(valuesOf("qwen2", { ...YARN, ...keys }));
  const attentionFactor = 0.1 * Math.log(4) + 1;
  const yarn = { type: "yarn", factor: 4, truncate: true, originalMaxPositions: 4096, attentionFactor };
  expect(decoder.rope).toEqual({ ...yarn, ...ramp });
});

const LINEAR = { "rope.scaling.type": string("linear"), "rope.scaling.factor": f32(8) };

test("local layers of a gemma3 turn by a table of their own, which is not scaled", async () => {
  const values = { ...WINDOW, ...LINEAR, ...HEAD, "rope.freq_base": f32(1e6), block_count: whole(7) };
  const { decoder, notes } = await decoderOf(valuesOf("gemma3", values));
  expect(decoder).toMatchObject({
    architecture: "gemma3_text",
    activation: "gelu_tanh",
    gain: "one_plus",
    postNorms: true,
    qkNorm: "per_head",
    queryScale: 6 ** -0.5,
    ropeTheta: 1e6,
    rope: { type: "linear", factor: 8 },
    local: { slidingWindow: 3, table: { ropeTheta: 10_000, rope: { type: "default" } } },
  });
  expect(spans(decoder.pattern)).toBe("lllllml");
  expect([decoder.scoreCap, decoder.logitCap]).toEqual([undefined, undefined]);
  expect(notes).toEqual([
    SCALE("head_dim 6"),
    "m.gguf: which layers are local is not given; as in llama.cpp all but every 6th",
    "m.gguf: RoPE's theta of local layers is not given; as in llama.cpp 10000",
  ]);
});

const truths = (...of: readonly number[]) => listOf(7, of.length, Uint8Array.from(of));

test("a file that says which layers are local and how they turn is believed", async () => {
  const values = { ...WINDOW, ...HEAD, block_count: whole(4), "rope.freq_base_swa": f32(500) };
  const read = (pattern: Values) => decoderOf(valuesOf("gemma3", { ...values, ...pattern }));
  const list = await read({ "attention.sliding_window_pattern": truths(0, 1, 1, 0) });
  expect(spans(list.decoder.pattern)).toBe("mllm");
  expect(list.decoder.local?.table?.ropeTheta).toBe(500);
  expect(list.notes).toEqual([SCALE("head_dim 6")]);
  expect(spans((await read({ "attention.sliding_window_pattern": whole(3) })).decoder.pattern)).toBe("llml");
  const two = { ...WINDOW, ...HEAD, block_count: whole(4), "rope.freq_base_swa": f32(10000) };
  for (const pattern of [whole(2), truths(1, 0, 1, 0)]) {
    const { decoder } = await decoderOf(valuesOf("gemma2", { ...two, "attention.sliding_window_pattern": pattern }));
    expect(spans(decoder.pattern)).toBe("lmlm");
  }
});

test("no layer of a gemma3 without a window is local", async () => {
  for (const window of [{}, { "attention.sliding_window": whole(0) }]) {
    const { decoder, notes } = await decoderOf(valuesOf("gemma3", { ...HEAD, ...window, block_count: whole(3) }));
    expect([spans(decoder.pattern), decoder.local]).toEqual(["mmm", undefined]);
    expect(notes).toEqual([SCALE("head_dim 6")]);
  }
});

test.each([
  ["gemma2", 46],
  ["gemma3", 62],
])("the scale of a %s of %s layers is that of the largest model", async (architecture, layers) => {
  const values = { ...WINDOW, ...HEAD, block_count: whole(layers) };
  const { decoder, notes } = await decoderOf(valuesOf(architecture, values));
  expect(decoder.queryScale).toBe(4 ** -0.5);
  expect(notes[0]).toBe(SCALE(`embedding_length / head_count, with ${layers} layers, 4`));
  await expect(decoderOf(valuesOf(architecture, { ...values, embedding_length: whole(9) }))).rejects.toThrow(
    `"${architecture}.embedding_length" is 9, no multiple of the 2 heads, so that the scale of queries is unknown`,
  );
});

test("a factor without a type is linear, of an older name too; none says that there is no scaling", async () => {
  const scalingOf = async (more: Values) => (await decoderOf(valuesOf("llama", more))).decoder.rope;
  const linear = { type: "linear", factor: 8 };
  expect(await scalingOf(LINEAR)).toEqual(linear);
  expect(await scalingOf({ "rope.scaling.factor": f32(8) })).toEqual(linear);
  expect(await scalingOf({ "rope.scale_linear": f32(8) })).toEqual(linear);
  expect(await scalingOf({ "rope.scaling.factor": f32(0) })).toEqual({ type: "default" });
  expect(await scalingOf({ ...LINEAR, "rope.scaling.type": string("none") })).toEqual({ type: "default" });
});

test("keys that change no layer are read over, and 0 and false are as good as absent", async () => {
  const idle = {
    vocab_size: whole(3),
    "attention.value_length": whole(4),
    "attention.causal": truth(true),
    "rope.scaling.finetuned": truth(true),
    "rope.scaling.original_context_length": whole(4096),
    tensor_data_layout: string("Meta AI original pth"),
    pooling_type: whole(3),
    expert_count: whole(0),
    use_parallel_residual: truth(false),
  };
  const { decoder } = await decoderOf(valuesOf("llama", idle));
  expect(decoder).toEqual((await decoderOf(valuesOf("llama"))).decoder);
});

const without = (key: string): Values => Object.fromEntries(Object.entries(PHI).filter(([name]) => name !== key));
const [SHORT, OTHER] = FACTORS;
const factors = (...numbers: readonly number[]) => tensorOf("rope_factors_long.weight", [numbers.length], numbers);
const SOME = /LongRoPE takes both tensors .* some of them only$/;
const only = (key: string): Values => Object.fromEntries(Object.entries(LONG).filter(([name]) => name === key));
const gemma = (architecture: string, more: Values) => valuesOf(architecture, { ...WINDOW, ...more });

test.each<readonly [sentence: RegExp, values: Values, tensors: readonly RawInfo[]]>([
  [/its architecture is "gpt2", which graphc does not read/, valuesOf("gpt2"), [EMBEDDING]],
  [/its architecture is not given/, without("general.architecture"), [EMBEDDING]],
  [/its architecture is 1, /, { ...PHI, "general.architecture": whole(1) }, [EMBEDDING]],
  [/"phi3.block_count" is missing$/, without("phi3.block_count"), [EMBEDDING]],
  [/"phi3.block_count" must be a number$/, { ...PHI, "phi3.block_count": string("1") }, [EMBEDDING]],
  [/tensor "token_embd.weight" is missing$/, PHI, []],
  [
    /"llama.expert_count" is 8, which graphc's llama layer /,
    valuesOf("llama", { expert_count: whole(8) }),
    [EMBEDDING],
  ],
  [/"gemma2.attention.scale" is 0.5, /, valuesOf("gemma2", { "attention.scale": f32(0.5) }), [EMBEDDING]],
  [/"llama.attention.sliding_window" is 3, /, valuesOf("llama", WINDOW), [EMBEDDING]],
  [
    /"qwen3.attention.sliding_window_pattern" is 2, /,
    valuesOf("qwen3", { "attention.sliding_window_pattern": whole(2) }),
    [EMBEDDING],
  ],
  // A key that nothing has asked for, whatever it is.
  ...(
    [
      ["llama", "attention.causal", false],
      ["qwen3", "attention.causal", false],
      ["llama", "attn_logit_softcapping", 50],
      ["llama", "attention.temperature_scale", 0.5],
      ["gemma3", "rope.local.freq_base", 500],
      ["phi3", "rope.scaling.yarn_beta_fast", 4],
      ["smollm3", "no_rope_layer_interval", 2],
    ] as const
  ).map(
    ([architecture, key, value]) =>
      [
        new RegExp(`"${architecture}.${key}" is ${value}, which graphc's ${architecture}\\w* layer does not have$`),
        valuesOf(architecture, { [key]: typeof value === "number" ? f32(value) : truth(value) }),
        [EMBEDDING],
      ] as const,
  ),
  [/"qwen2.attention.sliding_window" is 3, /, valuesOf("qwen2", WINDOW), [EMBEDDING]],
  [
    /"phi3.rope.scaling.factor" is 8, /,
    { ...PHI, ...LONG, "phi3.rope.scaling.factor": f32(8) },
    [EMBEDDING, ...FACTORS],
  ],
  // RoPE
  [SOME, { ...PHI, ...LONG }, [EMBEDDING]],
  [SOME, PHI, [EMBEDDING, ...FACTORS]],
  [SOME, { ...PHI, ...only("phi3.rope.scaling.attn_factor") }, [EMBEDDING, ...FACTORS]],
  [SOME, { ...PHI, ...only("phi3.rope.scaling.original_context_length") }, [EMBEDDING, ...FACTORS]],
  [SOME, { ...PHI, "phi3.rope.scaling.type": string("longrope") }, [EMBEDDING]],
  [
    /"phi3.rope.scaling.type" is "linear", and the file has LongRoPE's tensors$/,
    { ...PHI, ...LONG, "phi3.rope.scaling.type": string("linear") },
    [EMBEDDING, ...FACTORS],
  ],
  [/tensor "rope_factors_long.weight" is missing beside its twin$/, { ...PHI, ...LONG }, [EMBEDDING, SHORT]],
  [/tensor "rope_factors_short.weight" is missing beside its twin$/, { ...PHI, ...LONG }, [EMBEDDING, OTHER]],
  [
    /tensor "rope_factors_long.weight" has 2 numbers for 1 pairs of rotary dims$/,
    { ...PHI, ...LONG },
    [EMBEDDING, SHORT, factors(1, 2)],
  ],
  [
    /tensor "rope_factors_long.weight" has -1 at \[0\], where RoPE's frequencies are divided by it$/,
    { ...PHI, ...LONG },
    [EMBEDDING, SHORT, factors(-1)],
  ],
  [
    /tensor "rope_factors_long.weight" has NaN at \[0\], where RoPE's frequencies are divided by it$/,
    { ...PHI, ...LONG },
    [EMBEDDING, SHORT, factors(Number.NaN)],
  ],
  [
    /tensor "rope_factors_long.weight" must be a list of F32 numbers$/,
    { ...PHI, ...LONG },
    [EMBEDDING, SHORT, { ...OTHER, dims: [1, 1] }],
  ],
  [
    /tensor "rope_factors_long.weight" must be a list of F32 numbers$/,
    { ...PHI, ...LONG },
    [EMBEDDING, SHORT, { ...OTHER, type: 1, data: new Uint8Array(2) }],
  ],
  [
    /attn_factor" is 1.2, where LongRoPE's formula gives 1.190/,
    { ...PHI, ...LONG, "phi3.rope.scaling.attn_factor": f32(1.2) },
    [EMBEDDING, ...FACTORS],
  ],
  [
    /attn_factor" is 1.190241, where LongRoPE's formula gives 1.190238/,
    { ...PHI, ...LONG, "phi3.rope.scaling.attn_factor": f32(1.190241) },
    [EMBEDDING, ...FACTORS],
  ],
  [
    /attn_factor" is NaN, where LongRoPE's formula gives 1.190/,
    { ...PHI, ...LONG, "phi3.rope.scaling.attn_factor": f32(Number.NaN) },
    [EMBEDDING, ...FACTORS],
  ],
  [/RoPE scaling "su" is not read/, { ...PHI, "phi3.rope.scaling.type": string("su") }, [EMBEDDING]],
  [/"qwen2.rope.scaling.factor" is missing$/, valuesOf("qwen2", { "rope.scaling.type": string("yarn") }), [EMBEDDING]],
  ...[
    ["attn_factor", 1.5],
    ["yarn_attn_factor", 0.5],
    ["yarn_ext_factor", 0.25],
    ["yarn_log_multiplier", 0.125],
  ].map(
    ([name, value]) =>
      [
        new RegExp(`"qwen2.rope.scaling.${name}" is ${value}, which is not read; graphc takes [01]$`),
        valuesOf("qwen2", { ...YARN, [`rope.scaling.${name}`]: f32(Number(value)) }),
        [EMBEDDING],
      ] as const,
  ),
  [/LongRoPE's tensors stand beside RoPE scaling "yarn"/, valuesOf("qwen2", YARN), [EMBEDDING, ...FACTORS]],
  [
    /LongRoPE's tensors stand beside tensor "rope_freqs.weight"/,
    valuesOf("llama"),
    [EMBEDDING, divisors(1, 32), ...FACTORS],
  ],
  [
    /"phi3.rope.scaling.factor" is missing, which RoPE scaling "linear" takes$/,
    { ...PHI, "phi3.rope.scaling.type": string("linear") },
    [EMBEDDING],
  ],
  [/"rope_freqs.weight" scales RoPE of llama only, and the architecture is phi3$/, PHI, [EMBEDDING, divisors(1)]],
  [/has 3 numbers for 2 pairs of rotary dims$/, valuesOf("llama"), [EMBEDDING, divisors(1, 1, 2)]],
  [/has 0 at \[1\], where RoPE's frequencies are divided by it$/, valuesOf("llama"), [EMBEDDING, divisors(1, 0)]],
  [
    /has 0.5 at \[1\], and Llama 3's divisors rise from 1: these are none$/,
    valuesOf("llama"),
    [EMBEDDING, divisors(1, 0.5)],
  ],
  [
    /has 0.5 at \[0\], and Llama 3's divisors rise from 1: these are none$/,
    valuesOf("llama"),
    [EMBEDDING, divisors(0.5, 2)],
  ],
  [
    /"llama.rope.scaling.factor" is 8, and tensor "rope_freqs.weight" scales RoPE already$/,
    valuesOf("llama", { "rope.scaling.factor": f32(8) }),
    [EMBEDDING, divisors(1, 2)],
  ],
  // Gemma
  [
    /"gemma2.attention.sliding_window" is 0, and layers of gemma2 are local$/,
    gemma("gemma2", { "attention.sliding_window": whole(0) }),
    [EMBEDDING],
  ],
  [
    /"gemma2.rope.freq_base_swa" is 500, and layers of gemma2 turn by the theta 10000$/,
    gemma("gemma2", { "rope.freq_base_swa": f32(500) }),
    [EMBEDDING],
  ],
  [
    /"gemma2.attention.sliding_window_pattern" is 3, and of gemma2 every 2nd layer is not local$/,
    gemma("gemma2", { "attention.sliding_window_pattern": whole(3) }),
    [EMBEDDING],
  ],
  ...[truths(1, 1), whole(0), string("a"), listOf(4, 1, new Uint8Array(4))].map(
    (pattern) =>
      [
        /"gemma3.attention.sliding_window_pattern" must be a number of layers or a list of 1 truth values$/,
        gemma("gemma3", { "attention.sliding_window_pattern": pattern }),
        [EMBEDDING],
      ] as const,
  ),
  [
    /"gemma3.attn_logit_softcapping" is 50, which graphc.s gemma3_text layer does not have$/,
    gemma("gemma3", { attn_logit_softcapping: f32(50) }),
    [EMBEDDING],
  ],
])("%s", async (sentence, values, tensors) => {
  await expect(open(values, tensors)).rejects.toThrow(sentence);
});
