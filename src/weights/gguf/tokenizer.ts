/**
 * The tokenizer in a GGUF file's metadata as the files that Hugging Face has of one: BPE over bytes (`tokenizer.ggml.model` "gpt2"). The
 * patterns by which texts are split are those of llama.cpp (ggml-org/llama.cpp, in its vocabulary) for `tokenizer.ggml.pre`.
 */
import { UserError } from "../../dsl/user-error.ts";
import type { GgufValue } from "./header.ts";

type Metadata = ReadonlyMap<string, GgufValue>;

/** How a text is split, whether the words of the vocabulary are taken whole before any merge, and whether a text has a begin of its own. */
interface Splitting {
  readonly patterns: readonly string[];
  readonly wholeWords?: boolean;
  readonly begins?: boolean;
  /** Characters are composed first. */
  readonly composed?: boolean;
}

const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const SHORT = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const gpt4 = (digits: string): string =>
  `${SHORT}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const [UPPER, LOWER] = ["\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}", "\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}"];
const GPT4O = [
  `[^\\r\\n\\p{L}\\p{N}]?[${UPPER}]*[${LOWER}]+${SHORT}?`,
  `[^\\r\\n\\p{L}\\p{N}]?[${UPPER}]+[${LOWER}]*${SHORT}?`,
  "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
].join("|");

const SPLITTINGS: ReadonlyMap<string, Splitting> = new Map<string, Splitting>([
  ["gpt-2", { patterns: [GPT2] }],
  ["smollm", { patterns: ["\\p{N}", GPT2] }],
  ["llama-bpe", { patterns: [gpt4("\\p{N}{1,3}")], wholeWords: true, begins: true }],
  ["qwen2", { patterns: [gpt4("\\p{N}")], composed: true }],
  ["gpt-4o", { patterns: [GPT4O] }],
]);

/** Kinds of tokens that a text is cut at before it is split: control tokens, and those of whoever trained the model. */
const [CONTROL, OWN] = [3, 4];

/**
 * tokenizer.json and tokenizer_config.json, by name.
 * @throws UserError for a tokenizer of another kind, or one that does not say enough
 */
export function ggufTokenizer(metadata: Metadata, path: string): ReadonlyMap<string, object> {
  const kind = metadata.get("tokenizer.ggml.model");
  if (kind !== "gpt2")
    throw new UserError(`${path}: its tokenizer is of the kind ${JSON.stringify(kind)}; graphc converts "gpt2" alone`);
  const pre = metadata.get("tokenizer.ggml.pre");
  const splitting = typeof pre === "string" ? SPLITTINGS.get(pre) : undefined;
  if (!splitting)
    throw new UserError(
      `${path}: its tokenizer splits texts as ${JSON.stringify(pre)}; graphc knows ${[...SPLITTINGS.keys()].join(", ")}`,
    );
  const tokens = textsAt(metadata, "tokens", path);
  return new Map([
    ["tokenizer.json", tokenizerOf(metadata, tokens, splitting, path)],
    ["tokenizer_config.json", configOf(metadata, tokens)],
  ]);
}

function tokenizerOf(metadata: Metadata, tokens: readonly string[], splitting: Splitting, path: string): object {
  const { patterns, wholeWords = false, composed } = splitting;
  const split = patterns.map((Regex) => ({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false }));
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens(metadata, tokens),
    normalizer: composed ? { type: "NFC" } : null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [...split, bytes] },
    post_processor: beginOf(metadata, tokens, splitting) ?? bytes,
    decoder: bytes,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: wholeWords,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: textsAt(metadata, "merges", path),
    },
  };
}

function addedTokens(metadata: Metadata, tokens: readonly string[]): readonly object[] {
  const types = metadata.get("tokenizer.ggml.token_type");
  const kindOf = (id: number) => (typeof types === "object" ? Number(types[id]) : 1);
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return tokens.flatMap((content, id) => {
    const kind = kindOf(id);
    return kind === CONTROL || kind === OWN ? [{ id, content, ...flags, special: kind === CONTROL }] : [];
  });
}

/** What puts the begin before a text; undefined where nothing does. */
function beginOf(metadata: Metadata, tokens: readonly string[], { begins = false }: Splitting): object | undefined {
  const token = tokens[idAt(metadata, "bos") ?? -1];
  if (token === undefined || (metadata.get("tokenizer.ggml.add_bos_token") ?? begins) !== true) return undefined;
  const special = { SpecialToken: { id: token, type_id: 0 } };
  const text = (id: string) => ({ Sequence: { id, type_id: 0 } });
  return {
    type: "TemplateProcessing",
    single: [special, text("A")],
    pair: [special, text("A"), text("B")],
    special_tokens: { [token]: { id: token, ids: [idAt(metadata, "bos")], tokens: [token] } },
  };
}

/** The special tokens that chat templates name, and the template itself. */
function configOf(metadata: Metadata, tokens: readonly string[]): object {
  const names = { bos: "bos", eos: "eos", unk: "unknown", pad: "padding" };
  const special = Object.entries(names).flatMap(([name, key]) => {
    const token = tokens[idAt(metadata, key) ?? -1];
    return token === undefined ? [] : [[`${name}_token`, token] as const];
  });
  const template = metadata.get("tokenizer.chat_template");
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    ...Object.fromEntries(special),
    ...(typeof template === "string" ? { chat_template: template } : {}),
  };
}

function idAt(metadata: Metadata, name: string): number | undefined {
  const id = metadata.get(`tokenizer.ggml.${name}_token_id`);
  return typeof id === "number" ? id : undefined;
}

/** @throws UserError for what is no list of texts */
function textsAt(metadata: Metadata, name: string, path: string): readonly string[] {
  const found = metadata.get(`tokenizer.ggml.${name}`);
  const isTexts = Array.isArray(found) && found.every((one) => typeof one === "string");
  if (!isTexts) throw new UserError(`${path}: its tokenizer has no list "tokenizer.ggml.${name}"`);
  return found;
}
