/** The tokenizer of a GGUF file, made and used as `build` and `generate` do: `text.ts FILE FOLDER TEXTS`. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openTokenizer } from "../src/build/text/tokenizer.ts";
import { textFiles } from "../src/weights/text/files.ts";

const [file, folder, texts] = process.argv.slice(2) as [string, string, string];
mkdirSync(folder, { recursive: true });
for (const [name, bytes] of (await textFiles(file)).files) writeFileSync(join(folder, name), bytes);
const { encode, encodeChat, decode } = await openTokenizer(folder);
const all: readonly string[] = JSON.parse(readFileSync(texts, "utf8"));
const ids = all.map(encode);
console.log(JSON.stringify({ ids, texts: ids.map(decode), chats: all.map(encodeChat) }));
