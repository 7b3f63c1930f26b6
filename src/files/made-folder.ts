/** Folders that are made for a set of files, and go again when it comes to nothing. */
import { mkdir, rmdir } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { UserError } from "../dsl/user-error.ts";
import { codeOf, fileError } from "./files.ts";

/** Makes the folder; returns the outermost one that did not exist, if any. @throws UserError about `shown`, which goes there */
export async function makeFolder(folder: string, shown: string): Promise<string | undefined> {
  try {
    return await mkdir(folder, { recursive: true });
  } catch (error) {
    // A file where a folder should be.
    if (codeOf(error) === "EEXIST") throw fileError({ code: "ENOTDIR" }, shown, "write");
    // What Node makes of a read-only disk, and of a link to nowhere, when more than one folder is to be made.
    if (codeOf(error) === "ENOENT") throw new UserError(`cannot write ${shown}: its folder cannot be made`);
    throw fileError(error, shown, "write");
  }
}

/** Removes folders that `makeFolder` made, innermost first, as far as they are empty. */
export async function removeEmpty(folder: string, made: string | undefined): Promise<void> {
  if (made === undefined) return;
  for (let inner = folder; !relative(made, inner).startsWith(".."); inner = dirname(inner)) {
    const removed = await rmdir(inner).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}
