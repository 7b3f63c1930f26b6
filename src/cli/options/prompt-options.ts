/** Options that tell a prompt. */
import type { Options } from "./option.ts";

/** What tells it. */
export const PROMPT_OPTIONS = {
  prompt: { kind: "name", value: "TEXT", help: "what the user says", without: ["prompt-ids"] },
  "prompt-ids": {
    kind: "form",
    value: "ID,ID,...",
    form: /^\d{1,9}(,\d{1,9})*$/,
    like: "1,2,3",
    help: "tokens of the prompt, in place of a text",
    without: ["prompt"],
  },
  raw: { kind: "flag", help: "take the text as it is, without the model's template for chats", with: ["prompt"] },
  tokenizer: { kind: "folder", help: "folder of a tokenizer.json, in place of the model's own" },
} as const satisfies Options;
