/**
 * Folders that appear whole or not at all. Staging writes a folder beside its place; placing gives it its name; several
 * staged folders are placed all or none. What stood there before is moved aside until all of them stand.
 */
import { randomBytes } from "node:crypto";
import { access, lstat, mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { UserError } from "../dsl/user-error.ts";
import { codeOf, notAFolder, placeError, taken } from "./place-errors.ts";

/** Where a folder is to stand, and what may be replaced there. */
export interface Target {
  readonly path: string;
  /** Whether a folder of the same kind that stands there may go. */
  readonly replace: boolean;
  /** What such a folder is called, and a file inside that tells it from any other: nothing else is ever replaced. */
  readonly kind: { readonly name: string; readonly mark: string };
}

/** A folder that is complete but has not its name yet. After `place` it can still be taken back, until `settle`. */
export interface Staged {
  /** Where the contents lie until they are placed. */
  readonly folder: string;
  /** Gives the folder its name; what stood there is moved aside. @throws UserError when that is refused: then discard it */
  place(): Promise<void>;
  /** Removes the folder, placed or not, and puts back what was moved aside. @throws UserError when that is refused */
  discard(): Promise<void>;
  /** Removes what was moved aside: from now on the folder stays. @throws UserError when it cannot be removed */
  settle(): Promise<void>;
}

/**
 * Lets `fill` write the contents of a folder beside its place; missing parent folders are made. Nothing stays of a
 * folder that could not be filled.
 * @throws UserError when the place is taken, not writable or full, and whatever `fill` throws.
 */
export async function stageFolder<X>(
  target: Target,
  fill: (folder: string) => Promise<X>,
): Promise<readonly [Staged, X]> {
  await checkFree(target);
  const path = resolve(target.path);
  const parent = dirname(path);
  const made = await makeParents(parent, target.path);
  const unique = `${process.pid}-${randomBytes(4).toString("hex")}`;
  const beside = (what: string) => join(parent, `.${basename(path)}.${what}-${unique}`);
  const staged = stagedAt(target, { path, folder: beside("tmp"), aside: beside("old"), made });
  try {
    await mkdir(staged.folder);
    return [staged, await fill(staged.folder)];
  } catch (error) {
    await staged.discard();
    throw placeError(error, target.path);
  }
}

/**
 * Places all of them, or none: when one is refused, those placed before it are taken back and what they replaced stands
 * again.
 * @throws UserError for the first that is refused
 */
export async function placeAll(staged: readonly Staged[]): Promise<void> {
  try {
    for (const one of staged) await one.place();
  } catch (error) {
    await discardAll(staged);
    throw error;
  }
  for (const one of staged) await one.settle();
}

/**
 * Discards all, the last first, so that a folder made for the first is empty when its turn comes.
 * @throws UserError for the first that cannot be undone, when the others are
 */
export async function discardAll(staged: readonly Staged[]): Promise<void> {
  const failures: unknown[] = [];
  for (const one of staged.toReversed()) await one.discard().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

interface Paths {
  readonly path: string;
  readonly folder: string;
  /** Where what stood at `path` waits. */
  readonly aside: string;
  /** The outermost parent folder that was made. */
  readonly made: string | undefined;
}

function stagedAt(target: Target, { path, folder, aside, made }: Paths): Staged {
  let stands = false;
  let replaced = false;
  return {
    folder,
    async place() {
      try {
        // It was free when it was staged; that may be minutes ago.
        await checkFree(target);
        replaced = target.replace && (await moveAside(path, aside));
        await rename(folder, path);
        stands = true;
      } catch (error) {
        throw placeError(error, target.path);
      }
    },
    async discard() {
      if (stands) await takeBack(path, folder, target.path);
      stands = false;
      await rm(folder, { recursive: true, force: true }).catch(() => {});
      if (replaced) await restore(aside, path, target.path);
      replaced = false;
      await removeEmpty(dirname(path), made);
    },
    async settle() {
      if (replaced) await removeReplaced(aside, target.path);
      replaced = false;
    },
  };
}

async function checkFree({ path, replace, kind }: Target): Promise<void> {
  const stat = await lstat(path).catch((error) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw placeError(error, path);
  });
  if (!stat) return;
  if (!replace) throw taken(path);
  // Replacing means deleting: only ever what looks like a folder of this kind.
  const may = stat.isDirectory() && (await isMarkedOrEmpty(path, kind.mark));
  if (!may) throw new UserError(`${path} is not a ${kind.name}; graphc will not replace it`);
}

async function isMarkedOrEmpty(path: string, mark: string): Promise<boolean> {
  if ((await readdir(path)).length === 0) return true;
  return access(join(path, mark)).then(
    () => true,
    () => false,
  );
}

/** Makes the folder; returns the outermost one that did not exist, if any. */
async function makeParents(folder: string, target: string): Promise<string | undefined> {
  try {
    return await mkdir(folder, { recursive: true });
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw notAFolder(target);
    // What Node makes of a read-only disk, and of a link to nowhere, when more than one folder is to be made.
    if (codeOf(error) === "ENOENT") throw new UserError(`${target} was not written: its folder cannot be made`);
    throw placeError(error, target);
  }
}

/** Removes folders that `makeParents` made, innermost first, as far as they are empty. */
async function removeEmpty(folder: string, made: string | undefined): Promise<void> {
  if (made === undefined) return;
  for (let inner = folder; !relative(made, inner).startsWith(".."); inner = dirname(inner)) {
    const removed = await rmdir(inner).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}

async function moveAside(path: string, aside: string): Promise<boolean> {
  try {
    await rename(path, aside);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function takeBack(path: string, folder: string, target: string): Promise<void> {
  await rename(path, folder).catch(() => {
    throw new UserError(`${target} should not stand without the others, and could not be taken back: remove it`);
  });
}

async function restore(aside: string, path: string, target: string): Promise<void> {
  await rename(aside, path).catch(() => {
    throw new UserError(`${target} was not written, and what stood there could not be put back: it is ${aside}`);
  });
}

async function removeReplaced(aside: string, target: string): Promise<void> {
  await rm(aside, { recursive: true, force: true }).catch(() => {
    throw new UserError(`${target} is written, but what it replaces could not be removed: it is ${aside}`);
  });
}
