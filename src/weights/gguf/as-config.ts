/**
 * The metadata of a GGUF file as the config.json that its converter read (ggml-org/llama.cpp, convert_hf_to_gguf.py): what
 * it leaves out is told by the tensors, and what graphc does not know is left to the reader of config.json to refuse.
 */
import type { Shape } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { GgufValue } from "./header.ts";

/** What a configuration is made of. */
export interface GgufFacts {
  readonly path: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly shapes: ReadonlyMap<string, Shape>;
  /** LongRoPE's divisors, where the file has them. */
  readonly longRope?: { readonly short: readonly number[]; readonly long: readonly number[] };
}

/** Architectures by the file's name for them, and what Hugging Face calls them. */
const MODEL_TYPES: ReadonlyMap<string, string> = new Map([
  ["phi3", "phi3"],
  ["llama", "llama"],
  ["qwen2", "qwen2"],
  ["qwen3", "qwen3"],
]);

/** What a converter leaves out since llama.cpp has it in its code, or sees it by the tensors. */
function unsaid(modelType: string, shapes: ReadonlyMap<string, Shape>): Readonly<Record<string, unknown>> {
  const attention_bias = shapes.has("blk.0.attn_q.bias");
  switch (modelType) {
    case "llama":
      return { attention_bias, mlp_bias: shapes.has("blk.0.ffn_up.bias") };
    case "qwen2":
      return { use_sliding_window: false };
    case "qwen3":
      return { use_sliding_window: false, attention_bias };
    default:
      return {};
  }
}

/**
 * config.json's fields, with the numbers that were written there: the file holds them as fp32.
 * @throws UserError for an architecture that graphc does not read, and for a field that is missing or of a wrong type
 */
export function configOfGguf(facts: GgufFacts): Readonly<Record<string, unknown>> {
  const { path, metadata, shapes } = facts;
  const architecture = metadata.get("general.architecture");
  const model_type = typeof architecture === "string" ? MODEL_TYPES.get(architecture) : undefined;
  if (model_type === undefined)
    throw new UserError(
      `${path}: its architecture is ${JSON.stringify(architecture) ?? "not given"}, which graphc does not read from GGUF`,
      `it reads ${[...MODEL_TYPES.keys()].join(" and ")}`,
    );
  const f = fieldsOf(facts, `${architecture}.`);
  const [hidden_size, num_attention_heads] = [f.number("embedding_length"), f.number("attention.head_count")];
  const head_dim = f.optional("attention.key_length") ?? hidden_size / num_attention_heads;
  return {
    model_type,
    hidden_act: "silu",
    hidden_size,
    num_attention_heads,
    num_key_value_heads: f.optional("attention.head_count_kv") ?? num_attention_heads,
    head_dim,
    intermediate_size: f.number("feed_forward_length"),
    num_hidden_layers: f.number("block_count"),
    vocab_size: vocabularyOf(facts),
    max_position_embeddings: f.number("context_length"),
    rms_norm_eps: f.number("attention.layer_norm_rms_epsilon"),
    rope_theta: f.optional("rope.freq_base") ?? 10_000,
    partial_rotary_factor: (f.optional("rope.dimension_count") ?? head_dim) / head_dim,
    tie_word_embeddings: !shapes.has("output.weight"),
    // 0 says that there is none.
    ...(f.optional("attention.sliding_window") ? { sliding_window: f.number("attention.sliding_window") } : {}),
    ...unsaid(model_type, shapes),
    ...ropeOf(facts, f),
  };
}

function vocabularyOf({ path, shapes }: GgufFacts): number {
  const rows = shapes.get("token_embd.weight")?.[0];
  if (rows === undefined) throw new UserError(`${path}: tensor "token_embd.weight" is missing`);
  return rows;
}

/** LongRoPE has no key that names it: its tensors and its factor tell. */
function ropeOf(facts: GgufFacts, f: Fields): Readonly<Record<string, unknown>> {
  const { path, longRope } = facts;
  const type = f.text("rope.scaling.type");
  if (type !== undefined && type !== "none" && type !== "longrope")
    throw new UserError(`${path}: RoPE scaling "${type}" is not read from GGUF`);
  if (facts.shapes.has("rope_freqs.weight"))
    throw new UserError(`${path}: tensor "rope_freqs.weight" scales RoPE in a way that is not read from GGUF`);
  const factor = f.optional("rope.scaling.attn_factor");
  if (!longRope && factor === undefined) return { rope_scaling: null };
  const original = f.optional("rope.scaling.original_context_length");
  if (!longRope || factor === undefined || original === undefined)
    throw new UserError(
      `${path}: LongRoPE takes both tensors rope_factors_long and rope_factors_short, its attn_factor and its original_context_length, and the file has some of them only`,
    );
  checkFactor(factor, f.number("context_length") / original, original, path);
  return {
    original_max_position_embeddings: original,
    rope_scaling: { type: "longrope", short_factor: longRope.short, long_factor: longRope.long },
  };
}

/** fp32 has seven digits; the formula, which the reader of config.json applies, gives the exact factor. */
const CLOSE = 1e-6;

function checkFactor(factor: number, stretch: number, original: number, path: string): void {
  const right = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));
  if (Math.abs(factor / right - 1) > CLOSE)
    throw new UserError(`${path}: rope.scaling.attn_factor is ${factor}, where LongRoPE's formula gives ${right}`);
}

interface Fields {
  number(name: string): number;
  optional(name: string): number | undefined;
  text(name: string): string | undefined;
}

function fieldsOf({ path, metadata }: GgufFacts, prefix: string): Fields {
  const typed = (name: string, type: "number" | "string") => {
    const value = metadata.get(prefix + name);
    if (value !== undefined && typeof value !== type)
      throw new UserError(`${path}: "${prefix}${name}" must be a ${type}`);
    return value;
  };
  const optional = (name: string): number | undefined => {
    const value = typed(name, "number") as number | undefined;
    return value === undefined ? undefined : asWritten(value);
  };
  return {
    optional,
    number(name) {
      const value = optional(name);
      if (value === undefined) throw new UserError(`${path}: "${prefix}${name}" is missing`);
      return value;
    },
    text: (name) => typed(name, "string") as string | undefined,
  };
}

/** The shortest decimal number that fp32 rounds to this one: 1e-5 for 0.000009999999747378752. */
function asWritten(x: number): number {
  if (Math.fround(x) !== x || Number.isInteger(x)) return x;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return short;
  }
  return x;
}
