/** SHA-256 of stretches of a file, by a second thread: while it reads and hashes, this one has other work. */
import { Worker } from "node:worker_threads";

/** Where a stretch lies, in bytes. */
export interface FileRange {
  readonly begin: number;
  readonly bytes: number;
}

/** Digests on their way. */
export interface RangeHashes {
  /** The digest (hex) of a stretch that was asked for, if it is there by now. */
  of(range: FileRange): string | undefined;
  /** Kept when all are there, or none will come any more: whoever still needs one hashes it again, and meets the reason. */
  readonly settled: Promise<void>;
  /** Gives the thread back. */
  close(): Promise<void>;
}

/** A bundle has no separate file for a thread's code, so this is text. */
const THREAD = `
const { parentPort, workerData } = require("node:worker_threads");
const { openSync, readSync } = require("node:fs");
const { createHash } = require("node:crypto");
const file = openSync(workerData.path, "r");
const piece = new Uint8Array(2 ** 20);
for (const { begin, bytes } of workerData.ranges) {
  const hash = createHash("sha256");
  for (let done = 0; done < bytes; ) {
    const read = readSync(file, piece, 0, Math.min(piece.length, bytes - done), begin + done);
    if (read === 0) throw new Error("the file became shorter");
    hash.update(piece.subarray(0, read));
    done += read;
  }
  parentPort.postMessage([begin + "+" + bytes, hash.digest("hex")]);
}`;

const keyOf = ({ begin, bytes }: FileRange): string => `${begin}+${bytes}`;

/** Begins to hash these stretches of the file. */
export function hashRanges(path: string, ranges: readonly FileRange[]): RangeHashes {
  const worker = new Worker(THREAD, { eval: true, workerData: { path, ranges } });
  const found = new Map<string, string>();
  worker.on("message", ([key, digest]: readonly [string, string]) => found.set(key, digest));
  const settled = new Promise<void>((resolve) => {
    worker.on("error", () => resolve());
    worker.on("exit", () => resolve());
  });
  return {
    of: (range) => found.get(keyOf(range)),
    settled,
    close: async () => void (await worker.terminate()),
  };
}
