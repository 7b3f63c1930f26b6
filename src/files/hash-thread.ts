/** A second thread that hashes. It takes a while to start: whoever knows that there will be much to hash starts it first of all. */
import { Worker } from "node:worker_threads";
import type { FileRange } from "./file-range.ts";

/** What the thread is asked: a piece of the stream, which it gives back; the stream's digest; or digests of stretches of a file. */
export type HashRequest =
  | { readonly buffer: ArrayBuffer; readonly length: number }
  | { readonly digest: true }
  | { readonly path: string; readonly ranges: readonly FileRange[] };

/** What it says: a piece that it is done with, the stream's digest (hex), that of a stretch, or that no more of them will come. */
export type HashAnswer =
  | { readonly free: ArrayBuffer }
  | { readonly sha256: string }
  | { readonly range: FileRange; readonly sha256: string }
  | { readonly end: true };

/** Who hears the thread. */
export interface HashListener {
  heard(answer: HashAnswer): void;
  failed(error: Error): void;
}

/** The thread: it does one thing at a time, in the order in which it is asked. */
export interface HashThread {
  /** A new job: who hears what the thread is asked from now on. What was asked before is heard by nobody, and a stream begins anew. */
  listen(listener: HashListener): void;
  ask(request: HashRequest): void;
  /** Ends it, whatever it is doing. */
  close(): Promise<void>;
}

/** A bundle has no separate file for a thread's code, so this is text. A file that cannot be read has no digests: whoever needs them meets the reason. */
const THREAD = `
const { parentPort } = require("node:worker_threads");
const { closeSync, openSync, readSync } = require("node:fs");
const { createHash } = require("node:crypto");
let [job, stream] = [];
parentPort.on("message", (asked) => {
  if (asked.job !== job) [job, stream] = [asked.job, createHash("sha256")];
  const answer = (said, moved) => parentPort.postMessage({ ...said, job }, moved);
  if (asked.buffer) {
    stream.update(new Uint8Array(asked.buffer, 0, asked.length));
    answer({ free: asked.buffer }, [asked.buffer]);
  } else if (asked.digest) {
    answer({ sha256: stream.digest("hex") });
  } else {
    try {
      hashRanges(asked, answer);
    } catch {}
    answer({ end: true });
  }
});
function hashRanges({ path, ranges }, answer) {
  const file = openSync(path, "r");
  const piece = new Uint8Array(2 ** 20);
  try {
    for (const range of ranges) {
      const hash = createHash("sha256");
      for (let done = 0; done < range.bytes; ) {
        const read = readSync(file, piece, 0, Math.min(piece.length, range.bytes - done), range.begin + done);
        if (read === 0) throw new Error("the file became shorter");
        hash.update(piece.subarray(0, read));
        done += read;
      }
      answer({ range, sha256: hash.digest("hex") });
    }
  } finally {
    closeSync(file);
  }
}`;

/** Starts it. */
export function startHashThread(): HashThread {
  const worker = new Worker(THREAD, { eval: true });
  let [listener, failure]: [HashListener | undefined, Error | undefined] = [undefined, undefined];
  let job = 0;
  worker.on("message", (answer: HashAnswer & { readonly job: number }) => {
    if (answer.job === job) listener?.heard(answer);
  });
  worker.on("error", (error: Error) => {
    failure = error;
    listener?.failed(error);
  });
  return {
    listen(next) {
      listener = next;
      job++;
      if (failure) next.failed(failure);
    },
    ask: (request) => worker.postMessage({ ...request, job }, "buffer" in request ? [request.buffer] : []),
    close: async () => void (await worker.terminate()),
  };
}
