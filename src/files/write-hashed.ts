/** Writes a stream of pieces into a file and hashes it on the way. */
import type { FileHandle } from "node:fs/promises";
import { refusing } from "./files.ts";
import { streamHash } from "./hash.ts";
import type { HashThread } from "./hash-thread.ts";
import { writeAll } from "./whole.ts";

/** What is written. */
export interface HashedStream {
  /** Each is valid until the next but one is asked for. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** In bytes. */
  readonly total: number;
  /** The path that stands for the file in sentences. */
  readonly shown: string;
  /** Aborting stops the writing; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes so far, and in all. */
  onProgress?: ((done: number, total: number) => void) | undefined;
  /** A thread for the digest that was started already; whoever started it ends it. */
  readonly hashing?: HashThread | undefined;
  /** Told when there are no more pieces: the last are still being written and hashed. */
  onRead?: (() => void) | undefined;
}

/**
 * Writes all pieces and returns the SHA-256 of what was written as hex. While a piece is on its way to the disk, the next one is made.
 * @param open Opens the file: the hash's thread takes a while to start. The file stays open.
 * @throws UserError for what the disk refuses, and what the pieces throw
 */
export async function writeHashed(stream: HashedStream, open: () => Promise<FileHandle>): Promise<string> {
  const { pieces, total, shown, signal, onProgress, hashing, onRead } = stream;
  const hash = streamHash(total, hashing);
  let writing = Promise.resolve();
  try {
    const file = await open();
    let position = 0;
    for await (const bytes of pieces) {
      await writing;
      signal?.throwIfAborted();
      writing = refusing(shown, "write", () => writeAll(file, bytes, position));
      // Its failure is met at the next turn; until then nobody waits for it.
      writing.catch(() => {});
      await hash.update(bytes);
      position += bytes.length;
      onProgress?.(position, total);
    }
    const digest = hash.digest();
    digest.catch(() => {});
    onRead?.();
    await writing;
    return await digest;
  } finally {
    await writing.catch(() => {});
    await hash.close();
  }
}
