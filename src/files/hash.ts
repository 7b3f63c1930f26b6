/** SHA-256 of a stream of pieces. For a large stream a second thread does it: it costs as much as copying the file does. */
import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";

/** A SHA-256 in progress. */
export interface StreamHash {
  /** The next piece; it may be overwritten once the promise is kept. */
  update(piece: Uint8Array): Promise<void>;
  /** The digest of all pieces, as hex. */
  digest(): Promise<string>;
  /** Gives the thread back; needed even when nobody asked for the digest. */
  close(): Promise<void>;
}

/** In bytes. Below this size a second thread takes longer to start than hashing takes. */
export const WORTH_A_THREAD = 32 << 20;

/** Hashes a stream of about `total` bytes. */
export const streamHash = (total: number): StreamHash => (total < WORTH_A_THREAD ? hashHere() : hashBeside());

function hashHere(): StreamHash {
  const hash = createHash("sha256");
  return {
    update: async (piece) => void hash.update(piece),
    digest: async () => hash.digest("hex"),
    close: async () => {},
  };
}

/** A bundle has no separate file for a thread's code, so this is text. It gives each buffer back once it is hashed. */
const THREAD = `
const { parentPort } = require("node:worker_threads");
const hash = require("node:crypto").createHash("sha256");
parentPort.on("message", ({ buffer, length }) => {
  if (buffer === undefined) return parentPort.postMessage(hash.digest("hex"));
  hash.update(new Uint8Array(buffer, 0, length));
  parentPort.postMessage(buffer, [buffer]);
});`;

/** Buffers between the threads: one being filled, one being hashed, the others waiting while the thread starts. */
const BUFFERS = 6;
/** In bytes. Small pieces are gathered, so that a buffer carries some work. */
const BUFFER_BYTES = 4 << 20;

/** A buffer on its way round, and how much of it is filled. */
interface Load {
  readonly buffer: ArrayBuffer;
  length: number;
}

function hashBeside(): StreamHash {
  const worker = new Worker(THREAD, { eval: true });
  const free: ArrayBuffer[] = Array.from({ length: BUFFERS }, () => new ArrayBuffer(BUFFER_BYTES));
  const waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  let hex: string | undefined;
  let failure: Error | undefined;
  worker.on("message", (message: ArrayBuffer | string) => {
    if (typeof message === "string") hex = message;
    else free.push(message);
    waiting.shift()?.resolve();
  });
  worker.on("error", (error: Error) => {
    failure = error;
    for (const { reject } of waiting.splice(0)) reject(error);
  });
  const answer = () =>
    new Promise<void>((resolve, reject) => (failure ? reject(failure) : waiting.push({ resolve, reject })));
  let load: Load | undefined;
  const send = () => {
    if (load) worker.postMessage(load, [load.buffer]);
    load = undefined;
  };
  return {
    async update(piece) {
      for (let done = 0; done < piece.length; ) {
        if (!load && free.length === 0) await answer();
        load ??= { buffer: free.pop()!, length: 0 };
        const part = piece.subarray(done, done + BUFFER_BYTES - load.length);
        new Uint8Array(load.buffer).set(part, load.length);
        load.length += part.length;
        done += part.length;
        if (load.length === BUFFER_BYTES) send();
      }
    },
    async digest() {
      send();
      worker.postMessage({});
      while (hex === undefined) await answer();
      return hex;
    },
    close: async () => void (await worker.terminate()),
  };
}
