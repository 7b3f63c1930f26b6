/** config.json read and refused, and a checkpoint's headers held against it. */
import { expect, test } from "vitest";
import { sizeOf } from "../../src/dsl/type.ts";
import { sentenceOf } from "../../src/dsl/user-error.ts";
import { checkLayer, checkSize, PHI4_MINI, windowNotes } from "../../src/models/config.ts";
import { readDecoder } from "../../src/models/config-read.ts";
import { checkTensors, layerTensors, modelTensors, tensorFindings } from "../../src/models/config-tensors.ts";

const { shortFactor, longFactor } = PHI4_MINI.rope;
const ROPE_SCALING = { type: "longrope", short_factor: shortFactor, long_factor: longFactor };

/** config.json as microsoft published it with Phi-4-mini-instruct (the fields that say something about the model). */
const PUBLISHED = {
  architectures: ["Phi3ForCausalLM"],
  attention_bias: false,
  attention_dropout: 0.0,
  bos_token_id: 199999,
  embd_pdrop: 0.0,
  eos_token_id: 199999,
  full_attn_mod: 1,
  hidden_act: "silu",
  hidden_size: 3072,
  initializer_range: 0.02,
  intermediate_size: 8192,
  interpolate_factor: 1,
  lm_head_bias: false,
  max_position_embeddings: 131072,
  mlp_bias: false,
  model_type: "phi3",
  num_attention_heads: 24,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  original_max_position_embeddings: 4096,
  pad_token_id: 199999,
  partial_rotary_factor: 0.75,
  resid_pdrop: 0.0,
  rms_norm_eps: 1e-5,
  rope_scaling: ROPE_SCALING,
  rope_theta: 10000.0,
  sliding_window: 262144,
  tie_word_embeddings: true,
  torch_dtype: "bfloat16",
  use_cache: true,
  vocab_size: 200064,
};

/** The same as transformers 5 writes it. */
const {
  rope_scaling: _,
  rope_theta: __,
  attention_bias: ___,
  lm_head_bias: ____,
  mlp_bias: _____,
  ...rest
} = PUBLISHED;
const TRANSFORMERS_5 = {
  ...rest,
  rope_parameters: {
    ...ROPE_SCALING,
    original_max_position_embeddings: 4096,
    partial_rotary_factor: 0.75,
    rope_theta: 10000.0,
    rope_type: "longrope",
  },
};

const read = (json: unknown) => readDecoder(json, "config.json").decoder;
const refusalOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if ((error as Error).name === "UserError") return sentenceOf(error as Error);
    throw error;
  }
  return "not refused";
};
const refused = (change: Readonly<Record<string, unknown>>, json: object = PUBLISHED) =>
  refusalOf(() => read({ ...json, ...change }));
const without = (field: string, json: object = PUBLISHED) => refused({ [field]: undefined }, json);

test("Phi-4-mini as published and as transformers 5 writes it gives the built-in constant", () => {
  expect(read(PUBLISHED)).toEqual(PHI4_MINI);
  expect(read(TRANSFORMERS_5)).toEqual(PHI4_MINI);
  expect(PHI4_MINI.rope.attentionFactor).toBe(1.1902380714238083);
  expect(PHI4_MINI.rope.attentionFactor).toBeCloseTo(Math.sqrt(17 / 12), 15);
});

test("the parameters of the model, counted from its tensors", () => {
  const count = modelTensors(PHI4_MINI).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  expect(count).toBe(3_836_021_760);
  expect(modelTensors(PHI4_MINI).length).toBe(194);
});

test("plain RoPE, stated in either spelling", () => {
  expect(read({ ...PUBLISHED, rope_scaling: null }).rope).toEqual({ type: "default" });
  const { rope_scaling: _, ...plain } = PUBLISHED;
  expect(read({ ...plain, rope_parameters: { rope_type: "default" } }).rope).toEqual({ type: "default" });
});

test("what may be given instead of being derived", () => {
  expect(read({ ...PUBLISHED, head_dim: 64, rope_scaling: null }).headDim).toBe(64);
  expect(read({ ...PUBLISHED, sliding_window: null })).not.toHaveProperty("slidingWindow");
  const factor = read({ ...PUBLISHED, rope_scaling: { ...ROPE_SCALING, attention_factor: 1.5, factor: 32 } }).rope;
  expect(factor).toMatchObject({ attentionFactor: 1.5 });
  const su = read({ ...PUBLISHED, rope_scaling: { ...ROPE_SCALING, type: "su" } }).rope;
  expect(su.type).toBe("longrope");
  const unstretched = read({ ...PUBLISHED, max_position_embeddings: 4096 }).rope;
  expect(unstretched).toMatchObject({ attentionFactor: 1 });
});

test.each([
  ["hidden_size", "3072", "a positive whole number"],
  ["num_attention_heads", "32", "a positive whole number"],
  ["num_key_value_heads", "num_attention_heads 24", "a positive whole number"],
  ["num_hidden_layers", "32", "a positive whole number"],
  ["intermediate_size", "8192", "a positive whole number"],
  ["vocab_size", "32064", "a positive whole number"],
  ["max_position_embeddings", "4096", "a positive whole number"],
  ["original_max_position_embeddings", "4096", "a positive whole number"],
  ["rms_norm_eps", "0.00001", "a positive number"],
  ["rope_theta", "10000", "a positive number"],
  ["partial_rotary_factor", "1", "a positive number"],
  ["tie_word_embeddings", "false", "true or false"],
  ["hidden_act", '"silu"', "a string"],
])("without %s", (field, what, kind) => {
  // Other dims are turned without these two.
  const others = ["partial_rotary_factor", "num_attention_heads"].includes(field);
  const json = others ? { ...PUBLISHED, rope_scaling: null } : PUBLISHED;
  const { notes } = readDecoder({ ...json, [field]: undefined }, "config.json");
  const derived = "head_dim is not given; Hugging Face's default hidden_size / num_attention_heads";
  expect(notes.filter((note) => !note.startsWith(derived))).toEqual([
    `${field} is not given; Hugging Face's default ${what}`,
  ]);
  expect(readDecoder(PUBLISHED, "config.json").notes).toEqual([`${derived} 128`]);
  expect(refused({ [field]: kind === "a string" ? 3 : "3072" })).toBe(
    `config.json: "${field}" must be ${kind}, not ${kind === "a string" ? "3" : '"3072"'}`,
  );
});

test("sizes that are not whole or not positive", () => {
  expect(refused({ hidden_size: 3072.5 })).toBe(
    'config.json: "hidden_size" must be a positive whole number, not 3072.5',
  );
  expect(refused({ num_key_value_heads: 0 })).toBe(
    'config.json: "num_key_value_heads" must be a positive whole number, not 0',
  );
  // A norm of a row of zeros would be 0 / 0.
  expect(refused({ rms_norm_eps: 1e-12 })).toBe('config.json: "rms_norm_eps" is 1e-12, which is 0 in fp16');
  expect(read({ ...PUBLISHED, rms_norm_eps: 6e-8 }).eps).toBe(6e-8);
  expect(refused({ sliding_window: -1 })).toBe('config.json: "sliding_window" must be a positive whole number, not -1');
});

const COUNTS = [
  "hidden_size",
  "num_attention_heads",
  "num_key_value_heads",
  "num_hidden_layers",
  "intermediate_size",
  "vocab_size",
  "max_position_embeddings",
  "original_max_position_embeddings",
  "sliding_window",
  "head_dim",
] as const;

test.each(COUNTS)("%s as no count, or as one that nothing can be made of", (field) => {
  const sentence = (value: string) => `config.json: "${field}" must be a positive whole number, not ${value}`;
  const given = (value: string) =>
    refusalOf(() => read(JSON.parse(JSON.stringify({ ...PUBLISHED, [field]: "?" }).replace('"?"', value))));
  for (const value of ["0", "-1", "2.5", "-1e400", "true", "[]", '"1"'])
    expect(given(value)).toBe(
      sentence(value === "-1e400" ? "a number beyond the doubles" : value === "[]" ? "a list of 0 ([])" : value),
    );
  expect(given("1e400")).toBe(sentence("a number beyond the doubles"));
  const most = field === "num_hidden_layers" ? 10_000 : 2 ** 31 - 1;
  for (const value of [most + 1, 1e15, 1e21, 1e308])
    expect(given(String(value))).toBe(`config.json: "${field}" is ${value}, and graphc takes ${most} at most`);
});

test("what the layer does not have", () => {
  const refusal = (field: string, value: string, only: string) =>
    `config.json: "${field}" is ${value}, which graphc's phi3 layer does not have; only ${only} is supported`;
  expect(refused({ attention_bias: true })).toBe(refusal("attention_bias", "true", "false"));
  expect(refused({ mlp_bias: true })).toBe(refusal("mlp_bias", "true", "false"));
  expect(refused({ lm_head_bias: true })).toBe(refusal("lm_head_bias", "true", "false"));
  expect(refused({ hidden_act: "relu" })).toBe(
    'config.json: "hidden_act" is "relu"; graphc knows "silu", "swish", "gelu", "gelu_new", "gelu_pytorch_tanh"',
  );
  expect(refused({ quantization_config: { bits: 4 } })).toBe(refusal("quantization_config", '{"bits":4}', "null"));
  const known = "graphc reads phi3, llama, mistral, qwen2, qwen3, smollm3, gemma2, gemma3_text, gemma3";
  expect(refused({ model_type: "bert" })).toBe(`config.json: "model_type" "bert" is not supported; ${known}`);
  expect(without("model_type")).toBe(`config.json: "model_type" is missing; ${known}`);
  expect(refused({ layer_types: ["full_attention", "sliding_attention"] })).toBe(
    'config.json: "layer_types" holds "sliding_attention"; all phi3 layers are "full_attention"',
  );
});

test("rope types and factors", () => {
  const scaling = (change: object) => refused({ rope_scaling: { ...ROPE_SCALING, ...change } });
  expect(scaling({ type: "yarn", factor: 32 })).toBe(
    'config.json: rope type "yarn" is none of phi3, which has "default" and "longrope"',
  );
  expect(scaling({ type: "dynamic" })).toBe(
    'config.json: rope type "dynamic" is not supported; graphc knows "default", "linear", "llama3", "yarn" and "longrope"',
  );
  expect(scaling({ type: undefined })).toBe('config.json: "rope_type" is missing; add it (a string)');
  expect(readDecoder({ ...PUBLISHED, rope_scaling: undefined }, "config.json").notes).toContain(
    `rope_type is not given; Hugging Face's default "default"`,
  );
  expect(scaling({ rope_type: "default" })).toBe(
    'config.json: "rope_scaling" has type "longrope" and rope_type "default"; keep one',
  );
  const list = "a list of 48 positive numbers, one per pair of rotary dims";
  expect(scaling({ long_factor: undefined })).toBe(`config.json: "long_factor" is missing; add it (${list})`);
  expect(scaling({ short_factor: longFactor.slice(1) })).toBe(
    `config.json: "short_factor" must be ${list}, not a list of 47`,
  );
  expect(scaling({ short_factor: longFactor.with(3, 0) })).toBe(
    `config.json: "short_factor" must be ${list}, not a list of 48`,
  );
  expect(scaling({ factor: 16 })).toBe(
    "config.json: rope factor 16 contradicts max_position_embeddings / original_max_position_embeddings = 32; correct one of them",
  );
  expect(scaling({ short_mscale: 1.2 })).toBe(
    'config.json: "short_mscale" is not supported; graphc knows one attention factor for all lengths',
  );
  expect(refused({ rope_scaling: 3 })).toBe('config.json: "rope_scaling" must hold a JSON object, not 3');
});

test("fields given twice that differ", () => {
  expect(refused({ rope_theta: 5000 }, TRANSFORMERS_5)).toBe(
    'config.json: "rope_theta" is given twice, as 5000 and as 10000; keep the right one',
  );
});

test("sizes that do not go together", () => {
  expect(refused({ num_attention_heads: 25, num_key_value_heads: 5 })).toBe(
    "config.json: hidden_size 3072 is not a multiple of num_attention_heads 25; give head_dim",
  );
  expect(refused({ num_key_value_heads: 7 })).toBe(
    "config.json: num_attention_heads 24 is not a multiple of num_key_value_heads 7; correct one of them",
  );
  expect(refused({ partial_rotary_factor: 0.3 })).toBe(
    'config.json: "short_factor" must be a list of 19 positive numbers, one per pair of rotary dims, not a list of 48',
  );
  for (const [factor, dims] of [
    [0.758, 97],
    [1.25, 160],
    [0.001, 0],
  ])
    expect(refused({ partial_rotary_factor: factor })).toBe(
      `config.json: partial_rotary_factor ${factor} of head_dim 128 gives ${dims} rotary dims; it must give an even number from 2 to 128`,
    );
});

test.each(["llama", "mistral", "qwen2", "qwen3", "smollm3", "gemma2", "gemma3_text"])(
  "%s turns whole heads whatever partial_rotary_factor says",
  (model_type) => {
    const plain = {
      ...PUBLISHED,
      model_type,
      head_dim: 128,
      rope_scaling: null,
      sliding_window: model_type === "llama" ? null : 8,
    };
    const refusal = `config.json: "partial_rotary_factor" is 0.75, and ${model_type} turns whole heads; only 1 is supported`;
    expect(refusalOf(() => read({ ...plain, partial_rotary_factor: 0.75 }))).toBe(refusal);
    const inRope = { rope_type: "default", rope_theta: 10000, partial_rotary_factor: 0.75 };
    const { partial_rotary_factor, rope_scaling, rope_theta, ...rest } = plain;
    expect(refusalOf(() => read({ ...rest, rope_parameters: inRope }))).toBe(refusal);
    expect(read({ ...plain, partial_rotary_factor: 1 }).rotaryDims).toBe(128);
  },
);

test("local layers turn whole heads, too", () => {
  const of = (partial: number) => ({
    ...{ ...PUBLISHED, model_type: "gemma3_text", rope_scaling: undefined, rope_theta: undefined },
    ...{ partial_rotary_factor: undefined, sliding_window: 8 },
    rope_parameters: {
      full_attention: { rope_type: "default", rope_theta: 1e6 },
      sliding_attention: { rope_type: "default", rope_theta: 1e4, partial_rotary_factor: partial },
    },
  });
  expect(refusalOf(() => read(of(0.5)))).toBe(
    'config.json: "partial_rotary_factor" is 0.5, and gemma3_text turns whole heads; only 1 is supported',
  );
  expect(read(of(1)).rotaryDims).toBe(256);
});

test.each(["phi3", "llama", "mistral", "qwen2", "qwen3", "smollm3", "gemma2", "gemma3_text"])(
  "%s whose tokens see those behind them",
  (model_type) => {
    const plain = { ...PUBLISHED, model_type, head_dim: 128, rope_scaling: null, sliding_window: null };
    const full = model_type.startsWith("gemma")
      ? { layer_types: Array.from({ length: 32 }, () => "full_attention") }
      : {};
    const json = { ...plain, ...full, partial_rotary_factor: 1 };
    const refusal = (field: string, value: string, only: string) =>
      `config.json: "${field}" is ${value}, which graphc's ${model_type} layer does not have; only ${only} is supported`;
    expect(refusalOf(() => read({ ...json, is_causal: false }))).toBe(refusal("is_causal", "false", "true"));
    expect(refusalOf(() => read({ ...json, use_bidirectional_attention: true }))).toBe(
      refusal("use_bidirectional_attention", "true", "false"),
    );
    expect(read({ ...json, is_causal: true, use_bidirectional_attention: null })).toEqual(read(json));
  },
);

test("a window that the class of a model half knows", () => {
  const llama = { ...PUBLISHED, model_type: "llama", partial_rotary_factor: 1, rope_scaling: null };
  expect(refusalOf(() => read({ ...llama, sliding_window: 4096 }))).toBe(
    'config.json: "sliding_window" is 4096, which graphc\'s llama layer does not have; only null is supported',
  );
  expect(read({ ...llama, sliding_window: null })).not.toHaveProperty("slidingWindow");
  const layer_types = Array.from({ length: 32 }, () => "full_attention");
  const mistral = { ...llama, model_type: "mistral", layer_types };
  expect(refusalOf(() => read({ ...mistral, sliding_window: 4096 }))).toBe(
    'config.json: "layer_types" says that no layer has a window, and "sliding_window" is 4096; keep the right one',
  );
  expect(read({ ...mistral, sliding_window: null })).not.toHaveProperty("slidingWindow");
});

test("no object at all", () => {
  expect(refusalOf(() => read([1]))).toBe("config.json: the file must hold a JSON object, not a list of 1 ([1])");
  expect(refusalOf(() => read(null))).toBe("config.json: the file must hold a JSON object, not null");
});

test("sizes of a build", () => {
  const size = (tokens: number, maxSeq: number) => refusalOf(() => checkSize(PHI4_MINI, { tokens, maxSeq }));
  expect(size(4, 131072)).toBe("not refused");
  expect(size(0, 16)).toBe("tokens must be a positive whole number, not 0");
  expect(size(1, 1.5)).toBe("max_seq must be a positive whole number, not 1.5");
  expect(size(17, 16)).toBe("a block of 17 tokens does not fit a cache of 16 rows; raise max_seq");
  expect(size(4, 131073)).toBe("max_seq 131073 is beyond the model's max_position_embeddings 131072; lower max_seq");
  const [local, maxPositions] = [{ slidingWindow: 512 }, 4096];
  expect(windowNotes({ slidingWindow: 2047, maxPositions }, 4097)).toEqual([]);
  const note = "a token sees the last 512 of 513 cache rows; what is older is for attn_mask_local to hide";
  expect(windowNotes({ slidingWindow: 2047, local, maxPositions }, 512)).toEqual([]);
  expect(windowNotes({ slidingWindow: 2047, local, maxPositions }, 513)).toEqual([note]);
  expect(windowNotes({ slidingWindow: 2047, maxPositions }, 2048)).toEqual([
    "a token sees the last 2047 of 2048 cache rows; what is older is for attn_mask to hide",
  ]);
  expect(windowNotes({ maxPositions }, 2048)).toEqual([]);
  expect(refusalOf(() => checkLayer(PHI4_MINI, 31))).toBe("not refused");
  for (const layer of [32, -1, 0.5])
    expect(refusalOf(() => checkLayer(PHI4_MINI, layer))).toBe(
      `there is no layer ${layer}; the model has layers 0 to 31`,
    );
});

const CONFIG = { ...PHI4_MINI, layers: 2, vocab: 256 };
const tensorProblems = (...args: Parameters<typeof tensorFindings>) => tensorFindings(...args).problems;
const HELD = modelTensors(CONFIG).map((tensor) => ({ ...tensor, dtype: "BF16" }));

test("a checkpoint's headers against the configuration", () => {
  expect(layerTensors(PHI4_MINI, 7).map(({ name, shape }) => `${name} [${shape.join(",")}]`)).toEqual([
    "model.layers.7.input_layernorm.weight [3072]",
    "model.layers.7.self_attn.qkv_proj.weight [5120,3072]",
    "model.layers.7.self_attn.o_proj.weight [3072,3072]",
    "model.layers.7.post_attention_layernorm.weight [3072]",
    "model.layers.7.mlp.gate_up_proj.weight [16384,3072]",
    "model.layers.7.mlp.down_proj.weight [3072,8192]",
  ]);
  expect(tensorProblems(CONFIG, HELD)).toEqual([]);
  const head = { name: "lm_head.weight", dtype: "BF16", shape: [256, 3072] };
  expect(tensorFindings(CONFIG, [...HELD, head])).toEqual({
    problems: [],
    notes: [
      'tensor "lm_head.weight" is stored though the head is tied to the embedding; no layer reads it, and a build asks that it holds the same',
    ],
  });
  const table = { name: "model.layers.0.self_attn.rotary_emb.inv_freq", dtype: "F32", shape: [48] };
  expect(tensorProblems(CONFIG, [...HELD, table])).toEqual([]);
});

test("what no layer reads is noted", () => {
  const wide = HELD.map((tensor) => (tensor.name.includes("embed") ? { ...tensor, shape: [320, 3072] } : tensor));
  const score = { name: "score.weight", dtype: "BF16", shape: [2, 3072] };
  expect(tensorFindings({ ...CONFIG, tiedHead: false }, [...wide, score])).toEqual({
    problems: [],
    notes: [
      'tensor "lm_head.weight" is missing, which no layer reads',
      'tensor "model.embed_tokens.weight" has 320 rows for a vocabulary of 256',
      'tensor "score.weight" is not part of the model that config.json describes; nothing would read it',
    ],
  });
  const narrow = HELD.map((tensor) => (tensor.name.includes("embed") ? { ...tensor, shape: [255, 3072] } : tensor));
  expect(tensorProblems(CONFIG, narrow)).toEqual([
    'tensor "model.embed_tokens.weight" has shape [255,3072], but config.json asks for [256,3072]',
  ]);
  expect(checkTensors(CONFIG, [...HELD, score], "phi")).toEqual([expect.stringMatching(/^phi: tensor "score/)]);
});

test("missing and extra tensors, wrong shapes and dtypes", () => {
  const norm = "model.norm.weight";
  const change = (more: object) => HELD.map((tensor) => (tensor.name === norm ? { ...tensor, ...more } : tensor));
  expect(tensorProblems(CONFIG, HELD.slice(0, -1))).toEqual([`tensor "${norm}" [3072] is missing`]);
  expect(tensorProblems(CONFIG, change({ shape: [1, 3072] }))).toEqual([
    `tensor "${norm}" has shape [1,3072], but config.json asks for [3072]`,
  ]);
  expect(tensorProblems(CONFIG, change({ dtype: "I8" }))).toEqual([
    `tensor "${norm}" has dtype I8, which is not supported; convert it to BF16, F16 or F32`,
  ]);
  const bias = { name: "model.layers.0.self_attn.qkv_proj.bias", dtype: "BF16", shape: [5120] };
  const extra = `tensor "${bias.name}" is not part of the model that config.json describes; nothing would read it`;
  expect(tensorProblems(CONFIG, [...HELD, bias])).toEqual([extra]);
  expect(refusalOf(() => checkTensors(CONFIG, [...HELD, bias], "phi"))).toBe(`phi: ${extra}`);
  // Beside what is read, and of a layer under the name of a GGUF file.
  for (const name of ["lm_head.bias", "model.norm.bias", "model.embed_tokens.scale", "blk.0.attn_sinks.weight"])
    expect(tensorProblems(CONFIG, [...HELD, { ...bias, name }])).toEqual([extra.replace(bias.name, name)]);
  expect(refusalOf(() => checkTensors(CONFIG, [bias], "phi"))).toBe(
    'phi: tensor "model.embed_tokens.weight" [256,3072] is missing (and 14 more problems like this)',
  );
});
