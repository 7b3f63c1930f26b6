/** Reading what must be a plain file. A pipe, a device or a socket in its place is refused, and never waited for. */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats, statSync } from "node:fs";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { UserError } from "../dsl/user-error.ts";
import { codeOf, refusing, refusingSync } from "./files.ts";

/** To open a pipe for reading waits for a writer, unless it is asked not to. Not every system knows the question. */
const WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Opens a file for reading. @throws UserError when it cannot be read or is not a file */
export function openRegular(path: string): Promise<FileHandle> {
  return refusing(path, "read", async () => {
    checkKind(path, await stat(path));
    const handle = await open(path, WITHOUT_WAITING);
    try {
      checkKind(path, await handle.stat());
      return handle;
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
  });
}

/** As `openRegular`; the caller closes the descriptor. @throws UserError when it cannot be read or is not a file */
export function openRegularSync(path: string): number {
  return refusingSync(path, "read", () => {
    checkKind(path, statSync(path));
    const fd = openSync(path, WITHOUT_WAITING);
    try {
      checkKind(path, fstatSync(fd));
      return fd;
    } catch (error) {
      closeQuietly(fd);
      throw error;
    }
  });
}

/** The whole file. @throws UserError when it cannot be read or is not a file */
export async function readRegular(path: string): Promise<Uint8Array> {
  const handle = await openRegular(path);
  return refusing(path, "read", () => handle.readFile()).finally(() => handle.close().catch(() => {}));
}

/** The whole file. @throws UserError when it cannot be read or is not a file */
export function readRegularSync(path: string): Uint8Array {
  const fd = openRegularSync(path);
  try {
    return refusingSync(path, "read", () => readFileSync(fd));
  } finally {
    closeQuietly(fd);
  }
}

/** Reads until `target` is full: a single read may give less. @throws UserError when it cannot be read, or ends before */
export function readExactly(handle: FileHandle, path: string, target: Uint8Array, position: number): Promise<void> {
  return refusing(path, "read", async () => {
    for (let done = 0; done < target.length; ) {
      const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
      if (bytesRead === 0) throw new UserError(`${path}: the file ends before byte ${position + target.length}`);
      done += bytesRead;
    }
  });
}

/** Closes what was only read: nothing is lost where that is refused. */
export function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {}
}

/** What stands at the path, links followed; undefined for nothing. @throws UserError when that cannot be told */
export const statOf = (path: string): Promise<Stats | undefined> =>
  refusing(path, "read", () => stat(path).catch(undefinedIfMissing));

/** What stands at the path, links followed; undefined for nothing. @throws UserError when that cannot be told */
export const statOfSync = (path: string): Stats | undefined =>
  refusingSync(path, "read", () => {
    try {
      return statSync(path);
    } catch (error) {
      return undefinedIfMissing(error);
    }
  });

/** The names in a folder. @throws UserError when it cannot be read */
export const namesIn = (folder: string): Promise<readonly string[]> => refusing(folder, "read", () => readdir(folder));

/** For `catch`: undefined where nothing is there, any other error again. */
export function undefinedIfMissing(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") throw error;
}

function checkKind(path: string, found: Stats): void {
  if (found.isFile()) return;
  throw new UserError(`cannot read ${path}: it is ${kindOf(found)}, not a file`);
}

/** What it is, as in `it is a pipe`. */
export function kindOf(found: Stats): string {
  if (found.isFile()) return "a file";
  if (found.isDirectory()) return "a folder";
  if (found.isFIFO()) return "a pipe";
  return found.isSocket() ? "a socket" : "a device";
}
