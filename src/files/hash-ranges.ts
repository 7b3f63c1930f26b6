/** SHA-256 of stretches of a file, by a second thread: while it reads and hashes, this one has other work. */
import type { FileRange } from "./file-range.ts";
import { type HashThread, startHashThread } from "./hash-thread.ts";

/** Digests on their way. */
export interface RangeHashes {
  /** The digest (hex) of a stretch that was asked for, if it is there by now. */
  of(range: FileRange): string | undefined;
  /** Kept when all are there, or none will come any more: whoever still needs one hashes it again, and meets the reason. */
  readonly settled: Promise<void>;
  /** Gives the thread back, if it was started for these. */
  close(): Promise<void>;
}

const keyOf = ({ begin, bytes }: FileRange): string => `${begin}+${bytes}`;

/** Begins to hash these stretches of the file, by `thread` where there is one that is done with all else. */
export function hashRanges(path: string, ranges: readonly FileRange[], thread?: HashThread): RangeHashes {
  const worker = thread ?? startHashThread();
  const found = new Map<string, string>();
  const settled = new Promise<void>((resolve) => {
    worker.listen({
      heard(answer) {
        if ("range" in answer) found.set(keyOf(answer.range), answer.sha256);
        if ("end" in answer) resolve();
      },
      failed: () => resolve(),
    });
  });
  worker.ask({ path, ranges });
  return {
    of: (range) => found.get(keyOf(range)),
    settled,
    close: async () => (thread ? undefined : worker.close()),
  };
}
