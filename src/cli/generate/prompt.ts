/** The prompt of `generate`: ids as they are, or a text through the model's own tokenizer. */
import { join } from "node:path";
import { MANIFEST_FILE } from "../../build/build.ts";
import { openTokenizer, type Tokenizer } from "../../build/text/tokenizer.ts";
import { UserError } from "../../dsl/user-error.ts";
import { statOf } from "../../files/regular.ts";
import type { Args } from "../options/command.ts";

/** A prompt as ids; with the tokenizer where there is text to show. */
export interface Prompt {
  readonly ids: readonly number[];
  readonly tokenizer?: Tokenizer;
  readonly note?: string;
}

/** @throws UserError for a prompt that is missing or empty, or a text where there is no tokenizer */
export async function promptOf(args: Args): Promise<Prompt> {
  const folder = args.operands[0]!;
  if (!(await statOf(join(folder, MANIFEST_FILE))))
    throw new UserError(`${folder} holds no built model (${MANIFEST_FILE})`, "graphc build writes such a folder");
  return promptIn(folder, args);
}

/** The same for the tokenizer of any folder. @throws UserError as `promptOf` does */
export async function promptIn(folder: string, args: Args): Promise<Prompt> {
  const [text, ids] = [args.text("prompt"), args.text("prompt-ids")];
  if (text === undefined && ids === undefined)
    throw new UserError("there is no prompt", "give --prompt TEXT, or --prompt-ids 1,2,3");
  const place = args.text("tokenizer");
  if (text === undefined) {
    const own = { ids: ids!.split(",").map(Number) };
    return place === undefined ? own : { ...own, tokenizer: await openTokenizer(place) };
  }
  const tokenizer = await openTokenizer(place ?? folder);
  if (args.flag("raw")) return { ids: tokenizer.encode(text), tokenizer };
  if (tokenizer.hasTemplate) return { ids: tokenizer.encodeChat(text), tokenizer };
  const note = "the tokenizer has no template for chats: the text is taken as it is";
  return { ids: tokenizer.encode(text), tokenizer, note };
}
