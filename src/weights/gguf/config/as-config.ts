/**
 * The metadata of a GGUF file as the config.json that its converter read (ggml-org/llama.cpp, convert_hf_to_gguf.py): what
 * it leaves out is told by the tensors or by llama.cpp's code, and what graphc does not know is left to the reader of
 * config.json to refuse.
 */
import { UserError } from "../../../dsl/user-error.ts";
import { ARCHITECTURES, type GgufArchitecture } from "./architectures.ts";
import type { GgufFacts } from "./facts.ts";
import { type Fields, fieldsOf } from "./fields.ts";
import { ropeOf } from "./rope.ts";

/** A configuration, and a sentence for each thing that was taken from llama.cpp's code. */
export interface GgufConfig {
  readonly config: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
}

/** The architecture of a file. @throws UserError for one that graphc does not read from GGUF */
export function architectureOf({ path, metadata }: Pick<GgufFacts, "path" | "metadata">): GgufArchitecture {
  const name = metadata.get("general.architecture");
  const found = typeof name === "string" ? ARCHITECTURES.get(name) : undefined;
  if (found !== undefined) return found;
  throw new UserError(
    `${path}: its architecture is ${JSON.stringify(name) ?? "not given"}, which graphc does not read from GGUF`,
    `it reads ${[...ARCHITECTURES.keys()].join(", ")}`,
  );
}

/**
 * config.json's fields, with the numbers that were written there: the file holds them as fp32.
 * @throws UserError for an architecture that graphc does not read, for a field that is missing or of a wrong type, and for
 * one that tells of another layer
 */
export function configOfGguf(facts: GgufFacts): GgufConfig {
  const { path, metadata, shapes } = facts;
  const architecture = architectureOf(facts);
  const f = fieldsOf(path, metadata, String(metadata.get("general.architecture")));
  const [hidden_size, num_attention_heads] = [f.number("embedding_length"), f.number("attention.head_count")];
  const head_dim = f.optional("attention.key_length") ?? hidden_size / num_attention_heads;
  const rotaryDims = f.optional("rope.dimension_count") ?? head_dim;
  const unsaid = architecture.unsaid(f, shapes);
  const config = {
    model_type: architecture.modelType,
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
    partial_rotary_factor: rotaryDims / head_dim,
    tie_word_embeddings: !shapes.has("output.weight"),
    // 0 says that there is none.
    ...(architecture.windows && f.optional("attention.sliding_window")
      ? { sliding_window: f.number("attention.sliding_window") }
      : {}),
    ...unsaid.fields,
    ...ropeOf(facts, rotaryDims, f),
  };
  refuseUnread(architecture, f);
  return { config, notes: unsaid.notes.map((note) => `${path}: ${note}`) };
}

/** Keys that tell nothing of a layer that its tensors do not tell. */
const IDLE: readonly string[] = [
  "vocab_size",
  "attention.value_length",
  "rope.scaling.original_context_length",
  "rope.scaling.finetuned",
  "tensor_data_layout",
  "pooling_type",
];

/** What nothing here has asked for may make another layer. 0 and false are as good as absent, but of `attention.causal`. */
function refuseUnread({ modelType }: GgufArchitecture, f: Fields): void {
  for (const name of f.unread()) {
    const value = f.value(name);
    if (!IDLE.includes(name) && Boolean(value) !== (name === "attention.causal"))
      f.fail(name, `is ${String(value)}, which graphc's ${modelType} layer does not have`);
  }
}

function vocabularyOf({ path, shapes }: GgufFacts): number {
  const rows = shapes.get("token_embd.weight")?.[0];
  if (rows === undefined) throw new UserError(`${path}: tensor "token_embd.weight" is missing`);
  return rows;
}
