/** Memory of a proof: Node ends itself where its heap is full, so that a proof stops before. */
import { getHeapStatistics } from "node:v8";
import { UserError } from "../../../dsl/user-error.ts";

/** Bytes in use, and the most that Node takes. */
export interface Heap {
  readonly used: number;
  readonly most: number;
}

/** Node's limit counts its young generation in: three half spaces of 16 MiB. What lives on needs room beside it. */
const YOUNG = 3 * 2 ** 24;

/** Node's own, of what lives on. */
export function nodeHeap(): Heap {
  return {
    used: getHeapStatistics().used_heap_size,
    most: Math.max(getHeapStatistics().heap_size_limit - YOUNG, YOUNG),
  };
}

/** A collection comes half way between what is alive and the most: above this, most of it is alive, and a table that grows needs room. */
const FULL = 0.8;

/** Terms from one look at the memory to the next: some megabytes. */
const LOOK = 4096;

/** To be told of every term that is made. @throws UserError */
export function watchHeap(terms: number, check: (terms: number) => void = checkHeap): void {
  if (terms % LOOK === 0) check(terms);
}

/** @throws UserError where the heap is nearly full */
export function checkHeap(terms: number, { used, most }: Heap = nodeHeap()): void {
  if (used <= FULL * most) return;
  const MB = Math.round(most / 1e6);
  throw new UserError(
    `the proof does not fit into the ${MB} MB that Node takes: it has come to ${terms} terms`,
    `lower --tokens, or give Node more: NODE_OPTIONS=--max-old-space-size=${2 * MB}`,
  );
}
