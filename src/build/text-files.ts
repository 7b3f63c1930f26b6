/** Texts of a build beside its packages: the files of the tokenizer, and what else is no package. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { refusing } from "../files/files.ts";
import { writeWhole } from "../files/whole.ts";
import { TEXT_FILES, type TextFiles } from "../weights/text/files.ts";

/** Those of another build that stood here would put other words in this model's mouth. */
export async function placeTexts(folder: string, files: TextFiles["files"]): Promise<void> {
  for (const name of TEXT_FILES) {
    const [path, text] = [join(folder, name), files.get(name)];
    if (text) await writeText(path, text);
    else await refusing(path, "write", () => rm(path, { force: true }));
  }
}

/** Writes a text, whole or not at all. @throws UserError for what the disk refuses */
export const writeText = (path: string, text: string | Uint8Array): Promise<void> =>
  writeWhole(path, async (handle) => void (await handle.writeFile(text)));
