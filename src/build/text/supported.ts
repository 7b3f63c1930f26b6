/**
 * Which tokenizers are read: those whose every part the library does as Hugging Face's tokenizers does. What it does otherwise is respelt
 * where that can be done, and refused by name where not.
 */
import { fields, list, nullable, optional, recordOf, shaped } from "../../files/json-shape.ts";

const PART = nullable("any");
const SHAPE = fields({
  added_tokens: list(fields({ id: "count", content: "string", special: "boolean", single_word: optional("boolean") })),
  normalizer: PART,
  pre_tokenizer: PART,
  post_processor: PART,
  decoder: PART,
  model: fields({
    type: optional("string"),
    vocab: recordOf("count"),
    merges: list("any"),
    dropout: optional("any"),
    continuing_subword_prefix: optional("any"),
    end_of_word_suffix: optional("any"),
  }),
});

/** A part of a tokenizer, such as a normalizer. */
type Step = { readonly type?: unknown } & Readonly<Record<string, unknown>>;

const NORMALIZERS = ["NFC", "NFD", "NFKC", "NFKD", "Replace", "Prepend"];
const PRE_TOKENIZERS = ["Split", "ByteLevel", "Digits", "Metaspace"];
const POST_PROCESSORS = ["ByteLevel", "TemplateProcessing"];
const DECODERS = ["ByteLevel", "Replace", "ByteFallback", "Fuse", "Strip", "Metaspace"];

/**
 * The contents of tokenizer.json as the library is given them.
 * @throws what `refuse` makes of the first thing that is not read
 */
export function supportedTokenizer(json: unknown, refuse: (problem: string) => Error): object {
  const found = shaped(json, SHAPE, refuse);
  const { model } = found;
  if (model.type !== "BPE" && model.type !== undefined) throw refuse(`its model is ${model.type}, and BPE is read`);
  for (const key of ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] as const)
    if (model[key]) throw refuse(`its model has ${key}`);
  const single = found.added_tokens.find((token) => token.single_word);
  if (single) throw refuse(`the added token ${JSON.stringify(single.content)} is a single word`);
  const steps = {
    normalizer: stepsIn(found.normalizer, "normalizers"),
    pre_tokenizer: stepsIn(found.pre_tokenizer, "pretokenizers"),
    post_processor: stepsIn(found.post_processor, "processors"),
    decoder: stepsIn(found.decoder, "decoders"),
  };
  checkTypes(steps.normalizer, NORMALIZERS, "normalizer", refuse);
  checkTypes(steps.pre_tokenizer, PRE_TOKENIZERS, "pre_tokenizer", refuse);
  checkTypes(steps.post_processor, POST_PROCESSORS, "post_processor", refuse);
  checkTypes(steps.decoder, DECODERS, "decoder", refuse);
  const spaceless = steps.normalizer.some(({ type, pattern }) => type === "Replace" && isSpace(pattern));
  const split = steps.pre_tokenizer.filter((step) => !(spaceless && isSplitAtSpace(step))).map(respelt);
  for (const step of split) checkSplit(step, refuse);
  return {
    ...(json as object),
    pre_tokenizer: split.length === 0 ? null : { type: "Sequence", pretokenizers: split },
    post_processor: steps.post_processor.length === 0 ? null : found.post_processor,
  };
}

/** A sequence as its steps, and a step by itself as one. */
function stepsIn(part: unknown, key: string): readonly Step[] {
  if (part === null || part === undefined) return [];
  const step = part as Step;
  if (step.type !== "Sequence") return [step];
  const inner = step[key];
  return Array.isArray(inner) ? inner.flatMap((one) => stepsIn(one, key)) : [{ type: `Sequence without ${key}` }];
}

function checkTypes(
  steps: readonly Step[],
  known: readonly string[],
  what: string,
  refuse: (problem: string) => Error,
): void {
  const other = steps.find(({ type }) => !known.includes(`${type}`));
  if (other) throw refuse(`its ${what} has ${JSON.stringify(other.type)}, and ${known.join(", ")} are read`);
}

const isSpace = (pattern: unknown): boolean => (pattern as { readonly String?: unknown } | null)?.String === " ";

/** Gemma's: its normalizer has replaced every space before. */
const isSplitAtSpace = ({ type, pattern }: Step): boolean => type === "Split" && isSpace(pattern);

/** The library's digits are those of ASCII; Hugging Face's are every number of Unicode. */
function respelt(step: Step): Step {
  if (step.type !== "Digits") return step;
  const Regex = step.individual_digits === true ? "\\p{N}" : "\\p{N}+";
  return { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false };
}

/** The library knows what stays in place, and what is removed; a pattern that is inverted keeps what it matches, and nothing else. */
function checkSplit({ type, behavior, invert = false }: Step, refuse: (problem: string) => Error): void {
  if (type !== "Split") return;
  const isKnown = (behavior === "Isolated" && invert === false) || behavior === "Removed";
  if (!isKnown) throw refuse(`it splits with ${JSON.stringify(behavior)}${invert ? ", inverted" : ""}`);
}
