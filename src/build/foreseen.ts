/** How long a build will take here: a trial of the weights that it reads, without a byte written. */
import { performance } from "node:perf_hooks";
import { blobBytes } from "../emit/write/blob.ts";
import { streamHash } from "../files/hash.ts";
import type { WeightStore } from "../weights/store.ts";
import type { BuildPlan } from "./plan.ts";

/** A trial and what follows from it; the disk's part and the proofs are not in it. */
export interface Foreseen {
  /** Bytes of weight files that were made and hashed. */
  readonly tried: number;
  /** That it took. */
  readonly seconds: number;
  /** For all bytes of the plan, at that rate. */
  readonly whole: number;
}

/** In seconds. At the start the code is not compiled yet, and the threads only start: that does not count where enough follows. */
const LIMITS = { warmUp: 0.5, trial: 1 };

/**
 * Reads, converts and hashes the weights of the first shard for about a second, as the build does it.
 * @throws UserError for what the weights refuse
 */
export async function foresee({ shards, bytes }: BuildPlan, store: WeightStore, limits = LIMITS): Promise<Foreseen> {
  const { blobs } = shards[0]!.lowered;
  const hash = streamHash(blobs.bytes);
  const start = performance.now();
  let [begun, made] = [{ at: start, made: 0 }, 0];
  const since = (at: number) => (performance.now() - at) / 1000;
  try {
    for await (const piece of blobBytes(blobs, store)) {
      await hash.update(piece);
      made += piece.length;
      if (since(start) < limits.warmUp) begun = { at: performance.now(), made };
      else if (since(begun.at) >= limits.trial) break;
    }
    await hash.digest();
  } finally {
    await hash.close();
  }
  // All of a small shard is made before the start is over.
  const from = made > begun.made ? begun : { at: start, made: 0 };
  const [seconds, tried] = [since(from.at), made - from.made];
  return { tried, seconds, whole: (bytes * seconds) / tried };
}
