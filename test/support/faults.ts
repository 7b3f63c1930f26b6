/** A file system that fails on request: every function of node:fs that the source calls is wrapped while a run lasts. */
import fs from "node:fs";
import promises, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { constants, devNull } from "node:os";

/** The codes that a file system refuses with, as the system numbers them. */
export const CODES = [
  "EIO",
  "ENOSPC",
  "EDQUOT",
  "EROFS",
  "EACCES",
  "EPERM",
  "EMFILE",
  "ENFILE",
  "EBUSY",
  "EXDEV",
  "EFBIG",
  "ELOOP",
  "ENOTDIR",
  "EISDIR",
  "ENAMETOOLONG",
  "ENOENT",
  "ENOMEM",
  "ETIMEDOUT",
] as const satisfies readonly (keyof typeof constants.errno)[];
export type Code = (typeof CODES)[number];

/** Which calls fail, counted from 1, and how. */
export interface Fault {
  readonly from: number;
  /** The last that fails; without one all do from `from` on, as when the process were dead or the disk gone. */
  readonly to?: number;
  readonly code: Code;
}

/** What a run called, in order, such as `rename /a/b`. */
export type Calls = readonly string[];

type Callable = (...args: unknown[]) => unknown;
type Table = Record<string, Callable>;

const PROMISED = [
  "open",
  "copyFile",
  "stat",
  "lstat",
  "mkdir",
  "rename",
  "rm",
  "rmdir",
  "readdir",
  "readFile",
  "writeFile",
];
const SYNCHRONOUS = ["openSync", "statSync", "fstatSync", "readSync", "readFileSync", "readlinkSync", "closeSync"];
const OF_HANDLES = ["read", "write", "readFile", "writeFile", "stat", "sync"];

/** Runs `work` while the calls of the fault fail; without a fault it only counts. */
export async function withFault<X>(
  fault: Fault | undefined,
  work: () => Promise<X>,
): Promise<{ result: X; calls: Calls }> {
  const calls: string[] = [];
  const strike: Strike = (name, path) => {
    calls.push(`${name} ${typeof path === "string" ? path : ""}`.trim());
    const hit = fault && calls.length >= fault.from && calls.length <= (fault.to ?? Number.POSITIVE_INFINITY);
    return hit ? systemError(fault.code, name, path) : undefined;
  };
  const handles = (await handlePrototype()) as unknown as Table;
  const undo = [
    ...PROMISED.map((name) => wrap(promises as unknown as Table, name, strike, true)),
    ...SYNCHRONOUS.map((name) => wrap(fs as unknown as Table, name, strike, false)),
    ...OF_HANDLES.map((name) => wrap(handles, name, strike, true)),
  ];
  syncBuiltinESMExports();
  try {
    return { result: await work(), calls };
  } finally {
    for (const one of undo) one();
    syncBuiltinESMExports();
  }
}

type Strike = (name: string, path: unknown) => Error | undefined;

function wrap(table: Table, name: string, strike: Strike, later: boolean): () => void {
  const real = table[name]!;
  table[name] = function (this: unknown, ...args: unknown[]) {
    const error = strike(name, args[0]);
    if (name === "open" && !error)
      return (real.apply(this, args) as Promise<FileHandle>).then((h) => closing(h, strike));
    // It is closed all the same, as the system does.
    if (error && name === "closeSync") real.apply(this, args);
    if (error && later) return Promise.reject(error);
    if (error) throw error;
    return real.apply(this, args);
  };
  return () => {
    table[name] = real;
  };
}

/** Every handle has a method of its own for this. */
function closing(handle: FileHandle, strike: Strike): FileHandle {
  const real = handle.close.bind(handle);
  return Object.assign(handle, {
    async close() {
      const error = strike("close", undefined);
      await real();
      if (error) throw error;
    },
  });
}

async function handlePrototype(): Promise<FileHandle> {
  const handle = await promises.open(devNull, "r");
  await handle.close();
  return Object.getPrototypeOf(handle);
}

/** As Node makes one. */
function systemError(code: Code, name: string, path: unknown): Error {
  const syscall = name.replace(/Sync$/, "");
  const about = typeof path === "string" ? { path } : {};
  const text = `${code}: injected, ${syscall}${typeof path === "string" ? ` '${path}'` : ""}`;
  return Object.assign(new Error(text), { code, errno: -constants.errno[code], syscall, ...about });
}
