/**
 * What a GGUF file of Gemma 2 or 3 leaves to llama.cpp's code (ggml-org/llama.cpp, load_arch_hparams of both): the scale
 * of queries, which layers are local, and by what table those turn.
 */
import type { Shape } from "../../../dsl/type.ts";
import type { Unsaid } from "./facts.ts";
import type { Fields } from "./fields.ts";

type Json = Readonly<Record<string, unknown>>;

/** Layers of the models of 27 billion parameters, whose scale is another one. */
const [LAYERS_OF_GEMMA2_27B, LAYERS_OF_GEMMA3_27B] = [46, 62] as const;
const [PATTERN, WINDOW, LOCAL_BASE] = [
  "attention.sliding_window_pattern",
  "attention.sliding_window",
  "rope.freq_base_swa",
] as const;

/** Local and other layers take turns; one table for both. */
export function gemma2(f: Fields, shapes: ReadonlyMap<string, Shape>): Unsaid {
  if (f.optional(WINDOW) === 0) f.fail(WINDOW, "is 0, and layers of gemma2 are local");
  const theta = f.optional("rope.freq_base") ?? 10_000;
  const localTheta = f.optional(LOCAL_BASE) ?? theta;
  if (localTheta !== theta) f.fail(LOCAL_BASE, `is ${localTheta}, and layers of gemma2 turn by the theta ${theta}`);
  const pattern = patternOf(f, 2);
  if (typeof pattern.period === "number" && pattern.period !== 2)
    f.fail(PATTERN, `is ${pattern.period}, and of gemma2 every 2nd layer is not local`);
  const scale = scaleOf(f, LAYERS_OF_GEMMA2_27B);
  return {
    fields: { ...scale.fields, ...pattern.types, ...common(f, shapes), ...cap(f, "attn_logit_softcapping") },
    notes: [...scale.notes, ...pattern.notes],
  };
}

/** All but every sixth layer are local and turn by a table of their own; none where there is no window. */
export function gemma3(f: Fields, shapes: ReadonlyMap<string, Shape>): Unsaid {
  const scale = scaleOf(f, LAYERS_OF_GEMMA3_27B);
  const fields = { ...scale.fields, ...common(f, shapes) };
  if (!f.optional(WINDOW)) return { fields: { ...fields, sliding_window_pattern: 1 }, notes: scale.notes };
  const { period, types, notes } = patternOf(f, 6);
  const theta = f.optional(LOCAL_BASE);
  const rope_local_base_freq = theta ?? 10_000;
  return {
    fields: { ...fields, ...types, ...(period ? { sliding_window_pattern: period } : {}), rope_local_base_freq },
    notes: [
      ...scale.notes,
      ...notes,
      ...(theta === undefined ? ["RoPE's theta of local layers is not given; as in llama.cpp 10000"] : []),
    ],
  };
}

const common = (f: Fields, shapes: ReadonlyMap<string, Shape>): Json => ({
  hidden_activation: "gelu_pytorch_tanh",
  attention_bias: shapes.has("blk.0.attn_q.bias"),
  ...cap(f, "final_logit_softcapping"),
});

function cap(f: Fields, name: string): Json {
  const value = f.optional(name);
  return value === undefined ? {} : { [name]: value };
}

function scaleOf(f: Fields, of27B: number): Unsaid {
  const [width, heads] = [f.number("embedding_length"), f.number("attention.head_count")];
  const is27B = f.number("block_count") === of27B;
  const query_pre_attn_scalar = is27B ? width / heads : (f.optional("attention.key_length") ?? width / heads);
  if (!Number.isInteger(query_pre_attn_scalar))
    f.fail(
      "embedding_length",
      `is ${width}, no multiple of the ${heads} heads, so that the scale of queries is unknown`,
    );
  const from = is27B ? `embedding_length / head_count, with ${of27B} layers,` : "head_dim";
  return {
    fields: { query_pre_attn_scalar },
    notes: [`the scale of queries is not given; as in llama.cpp ${from} ${query_pre_attn_scalar} to the power -1/2`],
  };
}

/** Which layers are local: all but every n-th, or those of a list. */
interface Pattern {
  readonly period?: number;
  readonly types: Json;
  readonly notes: readonly string[];
}

function patternOf(f: Fields, usual: number): Pattern {
  const value = f.value(PATTERN);
  const ordinal = usual === 2 ? "2nd" : `${usual}th`;
  if (value === undefined)
    return {
      period: usual,
      types: {},
      notes: [`which layers are local is not given; as in llama.cpp all but every ${ordinal}`],
    };
  if (typeof value === "number" && Number.isInteger(value) && value > 0) return { period: value, types: {}, notes: [] };
  const layers = f.number("block_count");
  if (!(value instanceof Uint8Array) || value.length !== layers)
    return f.fail(PATTERN, `must be a number of layers or a list of ${layers} truth values`);
  const layer_types = Array.from(value, (isLocal) => (isLocal ? "sliding_attention" : "full_attention"));
  return { types: { layer_types }, notes: [] };
}
