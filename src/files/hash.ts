/** SHA-256 of a stream of pieces. For a large stream a second thread does it: it costs as much as copying the file does. */
import { createHash } from "node:crypto";
import { type HashThread, startHashThread } from "./hash-thread.ts";

/** A SHA-256 in progress. */
export interface StreamHash {
  /** The next piece; it may be overwritten once the promise is kept. */
  update(piece: Uint8Array): Promise<void>;
  /** The digest of all pieces, as hex. */
  digest(): Promise<string>;
  /** Gives the thread back, if it was started for this; needed even when nobody asked for the digest. */
  close(): Promise<void>;
}

/** In bytes. Below this size a second thread takes longer to start than hashing takes. */
export const WORTH_A_THREAD = 32 << 20;

/** Hashes a stream of about `total` bytes, by `thread` where there is one that is done with all else. */
export const streamHash = (total: number, thread?: HashThread): StreamHash =>
  total < WORTH_A_THREAD ? hashHere() : hashBeside(thread);

function hashHere(): StreamHash {
  const hash = createHash("sha256");
  return {
    update: async (piece) => void hash.update(piece),
    digest: async () => hash.digest("hex"),
    close: async () => {},
  };
}

/** Buffers between the threads: one being filled, one being hashed, the others waiting while the thread starts or this one has other work. */
const BUFFERS = 10;
/** In bytes. Small pieces are gathered, so that a buffer carries some work. */
const BUFFER_BYTES = 4 << 20;

/** A buffer on its way round, and how much of it is filled. */
interface Load {
  readonly buffer: ArrayBuffer;
  length: number;
}

function hashBeside(thread: HashThread | undefined): StreamHash {
  const worker = thread ?? startHashThread();
  const free: ArrayBuffer[] = Array.from({ length: BUFFERS }, () => new ArrayBuffer(BUFFER_BYTES));
  const waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  let hex: string | undefined;
  let failure: Error | undefined;
  worker.listen({
    heard(answer) {
      if ("free" in answer) free.push(answer.free);
      else if ("sha256" in answer) hex = answer.sha256;
      waiting.shift()?.resolve();
    },
    failed(error) {
      failure = error;
      for (const { reject } of waiting.splice(0)) reject(error);
    },
  });
  const answer = () =>
    new Promise<void>((resolve, reject) => (failure ? reject(failure) : waiting.push({ resolve, reject })));
  let load: Load | undefined;
  const send = () => {
    if (load) worker.ask(load);
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
      worker.ask({ digest: true });
      while (hex === undefined) await answer();
      return hex;
    },
    close: async () => (thread ? undefined : worker.close()),
  };
}
