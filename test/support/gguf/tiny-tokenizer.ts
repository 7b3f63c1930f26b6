/** Small tokenizers of BPE over bytes, as the metadata of a GGUF file has them. */
import type { GgufValue } from "../../../src/weights/gguf/header.ts";

/** How bytes are written as characters (GPT-2): such as have a glyph as themselves, the others from U+0100 on, in their order. */
const BYTES: readonly string[] = (() => {
  const hasGlyph = (b: number) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(hasGlyph(b) ? b : next++));
})();

const CHAT =
  "{% for m in messages %}<|user|>{{ m['content'] }}<|end|>{% endfor %}{% if add_generation_prompt %}<|user|>{% endif %}";

/** Merges that make words of several bytes, so that tokens and characters do not begin at the same places. */
const MERGES = ["h e", "l l", "he ll", "Ġ w", "Ã ©", "ð Ł", "o Ġw", "1 2"];

const bytesOf = (text: string): readonly string[] => [...Buffer.from(text)].map((b) => BYTES[b]!);

/** The metadata of a tokenizer whose words are these bytes, those that its merges make of them, and two special tokens at the end. */
function metadataOf(bytes: readonly string[], merges: readonly string[], size: number): Map<string, GgufValue> {
  const words = [...new Set(bytes), ...merges.map((merge) => merge.replace(" ", ""))];
  const filled = [...words, ...Array.from({ length: size - 2 - words.length }, (_, k) => `[unused${k}]`)];
  const tokens = [...filled, "<|user|>", "<|end|>"];
  return new Map<string, GgufValue>([
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", "smollm"],
    ["tokenizer.ggml.tokens", tokens],
    ["tokenizer.ggml.token_type", Int32Array.from(tokens, (_, id) => (id >= filled.length ? 3 : 1))],
    ["tokenizer.ggml.merges", merges],
    ["tokenizer.ggml.bos_token_id", filled.length],
    ["tokenizer.ggml.eos_token_id", filled.length + 1],
    ["tokenizer.chat_template", CHAT],
  ]);
}

/** Every byte has a word, so that every text has ids. */
export const byteTokenizer = (): Map<string, GgufValue> => metadataOf(BYTES, MERGES, 300);

/** Fifty words, as many as the tiny Phi has: small letters, the space, and the bytes of é. */
export const tinyTokenizer = (): Map<string, GgufValue> =>
  metadataOf(bytesOf("abcdefghijklmnopqrstuvwxyz é"), ["h e", "l l", "he ll"], 50);
