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

/** Below this size a second thread takes longer to start than hashing takes. */
const WORTH_A_THREAD = 32 << 20;

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

/** Copies that may be under way at a time: one being hashed, two waiting. */
const BUFFERS = 3;

function hashBeside(): StreamHash {
  const worker = new Worker(THREAD, { eval: true });
  const free: ArrayBuffer[] = Array.from({ length: BUFFERS }, () => new ArrayBuffer(0));
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
  return {
    async update(piece) {
      if (free.length === 0) await answer();
      const old = free.pop()!;
      const buffer = old.byteLength < piece.length ? new ArrayBuffer(piece.length) : old;
      new Uint8Array(buffer).set(piece);
      worker.postMessage({ buffer, length: piece.length }, [buffer]);
    },
    async digest() {
      worker.postMessage({});
      while (hex === undefined) await answer();
      return hex;
    },
    close: async () => void (await worker.terminate()),
  };
}
