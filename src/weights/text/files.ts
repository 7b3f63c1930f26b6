/** What a checkpoint has about texts, as files: its tokenizer, and the template of its chats. */
import { join } from "node:path";
import { isUserError } from "../../dsl/user-error.ts";
import { readRegular, statOf } from "../../files/regular.ts";
import { openGguf } from "../gguf/file.ts";
import { ggufTokenizer } from "../gguf/tokenizer.ts";

/** The files of a tokenizer in a Hugging Face folder. */
export const TEXT_FILES = ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"] as const;

/** Files by name, and why there are none where that is worth a word. */
export interface TextFiles {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly note?: string;
}

/** Those of a folder as they are; of a GGUF file what its metadata converts to. @throws UserError for what cannot be read */
export const textFiles = (path: string): Promise<TextFiles> => (path.endsWith(".gguf") ? ofGguf(path) : ofFolder(path));

async function ofFolder(folder: string): Promise<TextFiles> {
  const files = new Map<string, Uint8Array>();
  for (const name of TEXT_FILES) {
    const path = join(folder, name);
    if (await statOf(path)) files.set(name, await readRegular(path));
  }
  if (files.has("tokenizer.json")) return { files };
  return { files: new Map(), note: `${folder} has no tokenizer.json: what is built takes ids, and no text` };
}

async function ofGguf(path: string): Promise<TextFiles> {
  const file = await openGguf(path);
  try {
    const made = [...ggufTokenizer(file.metadata, path)];
    return { files: new Map(made.map(([name, json]) => [name, Buffer.from(`${JSON.stringify(json)}\n`)])) };
  } catch (error) {
    if (!isUserError(error)) throw error;
    return { files: new Map(), note: `${error.message}: what is built takes ids, and no text` };
  } finally {
    await file.close();
  }
}
