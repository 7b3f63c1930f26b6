/** Puts a folder in its place in one step: everything is written beside it, and nothing is left when that fails. */
import { randomBytes } from "node:crypto";
import { access, lstat, mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { UserError } from "../../dsl/user-error.ts";
import { MANIFEST_PATH } from "../mil/manifest.ts";

/**
 * Lets `fill` write the contents of a folder, then gives it its name. With `replace`, a package of that name is moved
 * aside, and removed once the new one stands.
 * @throws UserError when the place is taken, not writable or full.
 */
export async function placeAtomically<X>(
  target: string,
  replace: boolean,
  fill: (folder: string) => Promise<X>,
): Promise<X> {
  const path = resolve(target);
  const folder = dirname(path);
  await checkFree(target, replace);
  const made = await makeParents(folder, target);
  const unique = `${process.pid}-${randomBytes(4).toString("hex")}`;
  const beside = join(folder, `.${basename(path)}.tmp-${unique}`);
  try {
    await mkdir(beside);
    const result = await fill(beside);
    await moveInto(beside, path, join(folder, `.${basename(path)}.old-${unique}`), replace);
    return result;
  } catch (error) {
    await rm(beside, { recursive: true, force: true }).catch(() => {});
    await removeEmpty(folder, made);
    throw explained(error, target);
  }
}

async function checkFree(target: string, replace: boolean): Promise<void> {
  const stat = await lstat(target).catch((error) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw explained(error, target);
  });
  if (!stat) return;
  if (!replace) throw taken(target);
  // Replacing means deleting: only ever what looks like a package.
  const isPackage = stat.isDirectory() && (await isPackageOrEmpty(target));
  if (!isPackage) throw new UserError(`${target} is not a Core ML package; graphc will not replace it`);
}

async function isPackageOrEmpty(path: string): Promise<boolean> {
  if ((await readdir(path)).length === 0) return true;
  return access(join(path, MANIFEST_PATH)).then(
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
    throw explained(error, target);
  }
}

/** Removes folders that `makeParents` made, innermost first, as far as they are empty. */
async function removeEmpty(folder: string, made: string | undefined): Promise<void> {
  if (made === undefined) return;
  for (let inner = folder; !relative(made, inner).startsWith(".."); inner = dirname(inner)) {
    if (
      !(await rmdir(inner)
        .then(() => true)
        .catch(() => false))
    )
      return;
  }
}

async function moveInto(from: string, to: string, aside: string, replace: boolean): Promise<void> {
  const moved = replace && (await moveAside(to, aside));
  try {
    await rename(from, to);
  } catch (error) {
    if (moved) await rename(aside, to);
    throw error;
  }
  if (moved) await rm(aside, { recursive: true, force: true });
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

const taken = (target: string) => new UserError(`${target} exists already`, "--force replaces it");

const notAFolder = (target: string) =>
  new UserError(`${target} was not written: a part of its path is a file, not a folder`);

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

/** A refusal of the file system as a sentence for the user; anything else as it is. */
function explained(error: unknown, target: string): unknown {
  const folder = dirname(target);
  // A file that was read for the package, such as a weight's, is not the place's fault.
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
