/**
 * One emit, or one build, at a time in a folder. The lock is a hidden folder whose name says whose it is: it is made first, and only
 * then is looked for others, so that of two at the same moment at least one sees the other. Who sees a living one removes
 * its own, and tries again a little later in case the other did the same.
 */
import { mkdir, readdir, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../dsl/user-error.ts";
import { codeOf } from "./files.ts";
import { ownerOf, ownName, SILENCE_MS } from "./owner.ts";

/** What the names of locks begin with. */
export const LOCK_PREFIX = ".graphc-emit-";

/** Who locks: what the names of its locks begin with, and what it is called. */
export interface LockKind {
  readonly prefix: string;
  readonly work: string;
}

const EMIT: LockKind = { prefix: LOCK_PREFIX, work: "an emit" };

/** A folder that is this process's alone. */
export interface Lock {
  /** The lock's own name in the folder. */
  readonly own: string;
  /** The names of locks that the dead left. */
  readonly left: readonly string[];
}

const ATTEMPTS = 4;
const PAUSE_MS = 50;
const SIGN = "alive";
const SIGN_OF_LIFE_MS = 5_000;

/** @throws UserError when another process is at work there, and the system's error */
export async function takeLock(folder: string, kind: LockKind = EMIT): Promise<Lock> {
  for (let attempt = 1; ; attempt++) {
    const own = ownName(kind.prefix);
    await mkdir(join(folder, own));
    try {
      const { busy, left } = await othersIn(folder, own, kind);
      if (busy === undefined) return { own, left };
      if (attempt === ATTEMPTS)
        throw new UserError(`${busy} is writing into ${folder}`, "wait for it, or give another --out");
    } catch (error) {
      await rmdir(join(folder, own)).catch(() => {});
      throw error;
    }
    await rmdir(join(folder, own));
    await sleep(PAUSE_MS * (1 + Math.random()));
  }
}

/**
 * Lets other hosts see that the process of this lock still works, until it is told to stop. A sign that cannot be given
 * costs the lock only after a long silence.
 */
export function giveSignsOfLife(folder: string, own: string): () => Promise<void> {
  let last = Promise.resolve();
  const give = (): void => {
    last = writeFile(join(folder, own, SIGN), `${process.pid}`).catch(() => {});
  };
  const timer = setInterval(give, SIGN_OF_LIFE_MS).unref();
  return () => {
    clearInterval(timer);
    return last;
  };
}

async function othersIn(
  folder: string,
  own: string,
  { prefix, work }: LockKind,
): Promise<{ readonly busy?: string; readonly left: string[] }> {
  const left: string[] = [];
  for (const name of await readdir(folder)) {
    const owner = name === own ? undefined : ownerOf(name, prefix);
    if (owner?.kind === "alive") return { busy: `${work} in process ${owner.pid}`, left };
    if (owner?.kind === "elsewhere" && !(await isSilent(folder, name, own)))
      return { busy: `${work} on another machine or in another container (its lock is ${name})`, left };
    if (owner) left.push(name);
  }
  return { left };
}

/** By the clock of the file system, which also stamped the lock that was just made. */
async function isSilent(folder: string, name: string, own: string): Promise<boolean> {
  const now = (await stat(join(folder, own))).mtimeMs;
  const touched = await Promise.all([touchedAt(join(folder, name)), touchedAt(join(folder, name, SIGN))]);
  return now - Math.max(...touched) > SILENCE_MS;
}

const touchedAt = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    (error: unknown) => {
      if (codeOf(error) === "ENOENT") return 0;
      throw error;
    },
  );
