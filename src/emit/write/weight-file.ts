/** Writes the weight file of a package: streamed out of a store, or cloned from a package that holds the same bytes. */
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { cloneFile } from "../../files/clone.ts";
import { refusing } from "../../files/files.ts";
import type { HashThread } from "../../files/hash-thread.ts";
import { writeHashed } from "../../files/write-hashed.ts";
import type { WeightStore } from "../../weights/store.ts";
import { type BlobPlan, blobBytes, samePlan } from "./blob.ts";

/** A weight file; its bytes are known. */
export interface WeightFile {
  readonly path: string;
  readonly plan: BlobPlan;
  /** As hex. */
  readonly sha256: string;
  /** Kept when all bytes are there: a clone is still under way. @throws UserError when the disk refuses it */
  readonly whole: Promise<void>;
}

/** What is to be written, and how. */
export interface WeightJob {
  readonly plan: BlobPlan;
  readonly store: WeightStore;
  /** Where it is to be. */
  readonly path: string;
  /** The path that stands for it in sentences. */
  readonly shown: string;
  /** A file out of the same store: cloned where it holds the same bytes. */
  readonly twin?: WeightFile;
  /** A thread for the digest that was started already. */
  readonly hashing?: HashThread;
  /** Told when all bytes were read: the last are still being written and hashed. */
  readonly onRead?: () => void;
  /** Bytes written so far, and in all. */
  onProgress?(done: number, total: number): void;
  /** Aborting stops the writing; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Writes the file; missing folders are made. A clone is only begun: the system makes it without this thread.
 * @throws UserError for what the disk or the store refuses
 */
export async function writeWeightFile(job: WeightJob): Promise<WeightFile> {
  const { plan, path, shown, twin, onProgress, signal } = job;
  const makeFolder = () => refusing(shown, "write", () => mkdir(dirname(path), { recursive: true }));
  if (!twin || !samePlan(plan, twin.plan))
    return { path, plan, sha256: await written(job, makeFolder), whole: Promise.resolve() };
  await makeFolder();
  onProgress?.(plan.bytes, plan.bytes);
  signal?.throwIfAborted();
  const whole = refusing(shown, "write", () => cloneFile(twin.path, path));
  // Its failure is met by whoever waits for it.
  whole.catch(() => {});
  return { path, plan, sha256: twin.sha256, whole };
}

/** Writes all bytes, closes the file and returns its digest. */
async function written(
  { plan, store, path, shown, signal, onProgress, hashing, onRead }: WeightJob,
  makeFolder: () => Promise<unknown>,
) {
  let file: FileHandle | undefined;
  try {
    return await writeHashed(
      { pieces: blobBytes(plan, store), total: plan.bytes, shown, signal, onProgress, hashing, onRead },
      async () => {
        await makeFolder();
        file = await refusing(shown, "write", () => open(path, "wx"));
        return file;
      },
    );
  } finally {
    await refusing(shown, "write", async () => file?.close());
  }
}
