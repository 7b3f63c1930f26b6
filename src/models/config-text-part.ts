/** The config.json of a model that reads more than text: the record in it that says what the layers of its text part are. */
import { UserError } from "../dsl/user-error.ts";
import { brief } from "./brief.ts";
import { type Json, recordOf } from "./config-fields.ts";

/** What surrounds a text part: the part's own `model_type`, and what is to be said of the rest. */
interface Surrounding {
  readonly text: string;
  readonly note: string;
}

/** By `model_type` (transformers 5, configuration_gemma3.py). */
export const SURROUNDINGS: ReadonlyMap<string, Surrounding> = new Map([
  [
    "gemma3",
    {
      text: "gemma3_text",
      note: "the text part of a gemma3 model is read; tokens of an image see each other in both directions, which no attn_mask of graphc's shows",
    },
  ],
]);

/** Fields that count for the whole model, wherever they stand. */
const SHARED = ["tie_word_embeddings", "quantization_config"] as const;

/** The record that the layers are read from, and what is noted of the rest: all of the file where the model is text alone. @throws UserError */
export function textPartOf(top: Json, where: string): { readonly text: Json; readonly notes: readonly string[] } {
  const surrounding = typeof top.model_type === "string" ? SURROUNDINGS.get(top.model_type) : undefined;
  if (!surrounding) return { text: top, notes: [] };
  if (top.text_config === undefined || top.text_config === null)
    throw new UserError(`${where}: "text_config" is missing, which says what the text part of ${top.model_type} is`);
  const part = recordOf(top.text_config, '"text_config"', where);
  const { model_type = surrounding.text } = part;
  if (model_type !== surrounding.text)
    throw new UserError(
      `${where}: "text_config" is of model_type ${brief(model_type)}, and that of ${top.model_type} is ${JSON.stringify(surrounding.text)}`,
    );
  const shared = SHARED.flatMap((name) => (top[name] === undefined ? [] : [[name, top[name] ?? part[name]] as const]));
  return { text: { ...part, model_type, ...Object.fromEntries(shared) }, notes: [surrounding.note] };
}
