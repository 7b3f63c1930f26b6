/** The names that a set of files is to take in a folder, and what may stand under them: nothing else is ever replaced. */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../dsl/user-error.ts";
import { refusing } from "./files.ts";
import { statOf, undefinedIfMissing } from "./regular.ts";

/** One name of the set. */
export interface Target {
  readonly name: string;
  /** Whether what stands there may go, when it is of the same kind. */
  readonly replace: boolean;
  /** What to do where it stands and may not go; `--force` when absent. */
  readonly mend?: string;
  /** What it is called; `mark` is a file in it that tells such a folder from any other. A file has none. */
  readonly kind: { readonly name: string; readonly mark?: string };
}

/** @throws UserError when a name is taken by what may not go, or that cannot be told */
export async function checkTargets(folder: string, targets: readonly Target[]): Promise<void> {
  for (const { name, replace, mend = "--force replaces it", kind } of targets) {
    const path = join(folder, name);
    const found = await refusing(path, "write", () => lstat(path).catch(undefinedIfMissing));
    if (!found) continue;
    if (!replace) throw new UserError(`${path} exists already`, mend);
    const may =
      kind.mark === undefined ? found.isFile() : found.isDirectory() && (await isMarkedOrEmpty(path, kind.mark));
    if (!may) throw new UserError(`${path} is not a ${kind.name}; graphc will not replace it`);
  }
}

const isMarkedOrEmpty = async (path: string, mark: string): Promise<boolean> =>
  (await refusing(path, "write", () => readdir(path))).length === 0 || (await statOf(join(path, mark))) !== undefined;
