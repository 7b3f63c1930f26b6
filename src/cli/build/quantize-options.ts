/** The options that say how matrices are stored. */
import { formOfWord, type Quantize } from "../../build/quantize.ts";
import { UserError } from "../../dsl/user-error.ts";
import { CHIPS } from "../../passes/lint/quantised-forms.ts";
import type { Args } from "../options/command.ts";
import type { Options } from "../options/option.ts";

/** Of all matrices, of single ones, and for which chip. */
export const QUANTIZE_OPTIONS = {
  quantize: {
    kind: "choice",
    values: ["none", "int8", "int8-coremltools", "lut4", "lut6", "lut8"],
    help: "how matrices are stored: int8 with a scale for each row, codes that err least or those of coremltools; or 2^N fp16 numbers for 32 rows",
    default: "none",
  },
  "quantize-for": {
    kind: "forms",
    value: "PIECE=HOW",
    form: /^[\w.]{1,200}=(int8|int8-coremltools|lut4|lut6|lut8)$/,
    like: "down_proj=lut6",
    help: "tensors with this piece in their names otherwise; the first that fits counts",
    with: ["quantize"],
  },
  keep: {
    kind: "forms",
    value: "PIECE",
    form: /^[\w.]{1,200}$/,
    like: "down_proj",
    help: "a piece of the names of tensors that stay fp16",
    with: ["quantize"],
  },
  target: {
    kind: "choice",
    values: CHIPS,
    help: "tell what is on record about these forms on a chip's engine",
    with: ["quantize"],
  },
} as const satisfies Options;

/** What they say. @throws UserError for words about single tensors where nothing is quantised */
export function quantizeOf(args: Args): Quantize {
  const [how, kept, pairs] = [formOfWord(args.text("quantize")!), args.texts("keep"), args.texts("quantize-for")];
  const idle = ["keep", "quantize-for", "target", "report"].find((option) => args.given(option));
  const others = pairs.map((pair) => pair.split("=") as [string, string]);
  if (how) return { how, kept, others: others.map(([piece, word]) => ({ piece, how: formOfWord(word)! })) };
  if (idle) throw new UserError(`--${idle} does nothing with --quantize none`, "give --quantize int8");
  return { how: "none" };
}
