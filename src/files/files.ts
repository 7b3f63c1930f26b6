/** File errors as sentences for the user, and files that appear whole or not at all. */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { UserError } from "../dsl/user-error.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder, not a file",
  ENOTDIR: "it is a file, not a folder",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the disk is read-only",
  EMFILE: "too many files are open",
  EIO: "the disk reports an error",
};

/** A failure of the file system as a UserError; any other error as it is. */
export function fileError(error: unknown, path: string, doing: "read" | "write"): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  const reason = code === undefined ? undefined : REASONS[code];
  return reason === undefined ? error : new UserError(`cannot ${doing} ${path}: ${reason}`);
}

/**
 * Writes a file beside its final place and renames it when all is written; on any error nothing stays.
 * @throws UserError for what the file system refuses.
 */
export async function writeWhole(path: string, fill: (handle: FileHandle) => Promise<void>): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    const handle = await open(beside, "w");
    try {
      await fill(handle);
    } finally {
      await handle.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    throw fileError(error, path, "write");
  }
}
