/**
 * Whose a temporary file or folder is, told from its name alone: `PREFIX<host>-<boot>-<pid>-<start>-<random>`, so that
 * making it and saying who made it are one step. A process is known by its number and the time at which it started, so
 * that a number that was given out again is told apart (where the system has /proc; elsewhere such a number counts as
 * alive). The host is the machine's name with the namespace of process numbers, so that a container is another host.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/** What is known of the process that made a name. */
export type Owner =
  | { readonly kind: "alive"; readonly pid: number }
  | { readonly kind: "dead" }
  /** On another host, where nothing can be asked: judged by how long it has been silent. */
  | { readonly kind: "elsewhere" };

/** How long something of another host may be untouched before it counts as left by the dead, in milliseconds. */
export const SILENCE_MS = 15 * 60_000;

/** A new name of this process. */
export function ownName(prefix: string): string {
  const { host, boot } = machine();
  return `${prefix}${host}-${boot}-${process.pid}-${startOf(process.pid)}-${randomBytes(4).toString("hex")}`;
}

/** Who made this name; undefined when it is not such a name. Text may follow the name. */
export function ownerOf(name: string, prefix: string): Owner | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const parts = /^([0-9a-f]{8})-([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{8}(\.|$)/.exec(name.slice(prefix.length));
  if (!parts) return undefined;
  const [, host, boot, pid, start] = parts as unknown as [string, string, string, string, string];
  const here = machine();
  if (host !== here.host) return { kind: "elsewhere" };
  // The same machine, started again since.
  if (boot !== here.boot || !isRunning(Number(pid))) return { kind: "dead" };
  const now = startOf(Number(pid));
  return start !== "0" && now !== "0" && now !== start ? { kind: "dead" } : { kind: "alive", pid: Number(pid) };
}

/**
 * Removes files of this prefix whose process is dead. Tidying up after others is no reason to fail: what cannot be
 * removed stays.
 */
export async function sweep(folder: string, prefix: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const path = join(folder, name);
    const owner = ownerOf(name, prefix);
    if (owner?.kind === "dead" || (owner?.kind === "elsewhere" && (await isSilent(path))))
      await rm(path, { force: true }).catch(() => {});
  }
}

const isSilent = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > SILENCE_MS,
    () => false,
  );

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Eight hex digits each; where a system does not tell, that part is the same for all. */
function machine(): { readonly host: string; readonly boot: string } {
  const namespace = orNothing(() => readlinkSync("/proc/self/ns/pid"));
  const boot = orNothing(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  return { host: shortHash(`${hostname()} ${namespace}`), boot: shortHash(boot) };
}

const shortHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 8);

/** When a process started, in ticks since the machine did (proc(5), field 22 of stat); "0" where that is not told. */
function startOf(pid: number): string {
  const text = orNothing(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The second field is the program's name in parentheses and may hold anything, parentheses too.
  return /\) (?:\S+ ){19}(\d+) /.exec(text.slice(Math.max(0, text.lastIndexOf(")"))))?.[1] ?? "0";
}

function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
