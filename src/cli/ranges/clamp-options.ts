/** Options that say at how many times what is clipped, and the prompt that tells what is reached. */

import type { Args } from "../options/command.ts";
import type { Option, Options } from "../options/option.ts";
import { PROMPT_OPTIONS } from "../options/prompt-options.ts";

const { prompt, raw, tokenizer, ...ids } = PROMPT_OPTIONS;

/** What tells the prompt; what does nothing without one comes first, so that it is refused by its own name. */
export const CALIBRATION_OPTIONS = {
  raw,
  tokenizer: { ...tokenizer, with: ["prompt"] },
  ...ids,
  prompt: { ...prompt, help: "a text that the layers are also run on: what it reaches stands beside the bounds" },
} as const satisfies Options;

/** How much further than what samples reach. */
export const CLAMP_OPTION = {
  kind: "form",
  value: "TIMES",
  form: /^[1-9]\d{0,4}(?:\.\d+)?$/,
  like: "4",
  help: "clip what no power of two holds at so many times what samples or the prompt reach: equal where nothing is clipped",
  with: ["engine-safe"],
  for: ["checkpoint", "graph"],
} as const satisfies Option;

/** The margin, where clamps are asked for. */
export const marginOf = (args: Args): number | undefined =>
  args.given("clamp") ? Number(args.text("clamp")) : undefined;

const PROMPT = { with: ["clamp"], for: ["checkpoint"] } as const;

/** The same for commands that only clamp. */
export const CLAMP_OPTIONS = {
  raw: { ...raw, for: PROMPT.for },
  tokenizer: { ...CALIBRATION_OPTIONS.tokenizer, for: PROMPT.for },
  "prompt-ids": { ...ids["prompt-ids"], ...PROMPT },
  prompt: { ...prompt, help: "a text on which --clamp looks at what values reach", ...PROMPT },
  clamp: CLAMP_OPTION,
} as const satisfies Options;
