/** What the file system refuses where a folder is to be placed, as sentences for the user. */
import { dirname, resolve } from "node:path";
import { UserError } from "../dsl/user-error.ts";

/** The refusal of a place where something stands already. */
export const taken = (target: string): UserError => new UserError(`${target} exists already`, "--force replaces it");

/** The refusal of a place below a file. */
export const notAFolder = (target: string): UserError =>
  new UserError(`${target} was not written: a part of its path is a file, not a folder`);

/** The system's code of an error, such as `ENOENT`; undefined when it has none. */
export const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

/** A refusal of the file system about the target's folder as a UserError; any other error as it is. */
export function placeError(error: unknown, target: string): unknown {
  const folder = dirname(target);
  // A file that was read for the folder's contents, such as a weight's, is not the place's fault.
  if (!isAbout(error, resolve(folder))) return error;
  switch (codeOf(error)) {
    case "ENOSPC":
    case "EDQUOT":
      return new UserError(`the disk is full: ${target} was not written`);
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return new UserError(`${target} was not written: there is no permission to write in ${folder}`);
    case "EEXIST":
    case "ENOTEMPTY":
      return taken(target);
    case "ENOTDIR":
      return notAFolder(target);
    case "ENAMETOOLONG":
      return new UserError(`${target} was not written: its name is too long`);
    default:
      return error;
  }
}

/** Whether a refusal is about something in the folder, or about a folder above it. Writes to an open file do not say. */
function isAbout(error: unknown, folder: string): boolean {
  const { path } = error as { path?: unknown };
  return typeof path !== "string" || resolve(path).startsWith(folder) || folder.startsWith(resolve(path));
}
