/** Files that appear whole or not at all, and what makes that last through a loss of power. */
import { type FileHandle, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../dsl/user-error.ts";
import { codeOf, refusing } from "./files.ts";
import { ownName, sweep } from "./owner.ts";
import { kindOf, statOf } from "./regular.ts";

const PREFIX = ".graphc-tmp-";

/**
 * Writes a file beside its final place and renames it when all is written; on any error nothing stays. What a killed
 * process left there of this kind is removed.
 * @throws UserError for what the file system refuses.
 */
export async function writeWhole(path: string, fill: (handle: FileHandle) => Promise<void>): Promise<void> {
  await checkReplaceable(path);
  const folder = dirname(path);
  await sweep(folder, PREFIX);
  const beside = join(folder, ownName(PREFIX));
  await refusing(path, "write", async () => {
    try {
      const handle = await open(beside, "wx");
      try {
        await fill(handle);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(beside, path);
    } catch (error) {
      await rm(beside, { force: true }).catch(() => {});
      throw error;
    }
  });
  // The file stands whole whatever comes of this.
  await syncFolder(folder).catch(() => {});
}

/** A rename would put the file in the place of a device as well. */
async function checkReplaceable(path: string): Promise<void> {
  const found = await statOf(path);
  if (found && !found.isFile()) throw new UserError(`cannot write ${path}: it is ${kindOf(found)}, not a file`);
}

/** Hands a folder, with every file and folder in it, over to the disk. @throws the system's error when that is refused */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    await (entry.isDirectory() ? syncTree(path) : syncAt(path));
  }
  await syncFolder(folder);
}

/**
 * Begins to hand files over to the disk, which goes on while this thread is busy.
 * @returns `done` is kept when the disk has them, and rejected with the system's error
 * @throws the system's error when one cannot be opened
 */
export async function beginSync(paths: readonly string[]): Promise<{ readonly done: Promise<void> }> {
  const handles = await Promise.all(paths.map((path) => open(path, "r")));
  const syncs = Promise.allSettled(handles.map((handle) => handle.sync().finally(() => handle.close())));
  const done = syncs.then((results) => {
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  });
  // Its failure is met by whoever waits for it.
  done.catch(() => {});
  return { done };
}

/** Hands the names in a folder over to the disk; a system that cannot is left in peace. @throws the system's error */
export async function syncFolder(folder: string): Promise<void> {
  await syncAt(folder).catch((error: unknown) => {
    if (!UNABLE.has(codeOf(error) ?? "")) throw error;
  });
}

/** What systems answer that do not open or sync folders. */
const UNABLE: ReadonlySet<string> = new Set(["EISDIR", "EINVAL", "ENOTSUP", "EPERM", "EACCES"]);

async function syncAt(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A write may take only a part, above all when the disk is about to be full. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
