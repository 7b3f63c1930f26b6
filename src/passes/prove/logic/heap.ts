/** Memory of a proof: Node ends itself where its heap is full, so that a proof stops before. */
import { getHeapStatistics } from "node:v8";
import { UserError } from "../../../dsl/user-error.ts";

/** Bytes in use, and the most that Node takes. */
export interface Heap {
  readonly used: number;
  readonly most: number;
}

const MiB = 2 ** 20;

/**
 * MiB of a half space of the young generation where nobody says otherwise: of V8 12 and before, and of later ones (Node 22 and 24 with
 * --max-old-space-size=500 tell a limit of 548 and of 692 MiB).
 */
const halfSpace = (): number => (Number(process.versions.v8.split(".")[0]) <= 12 ? 16 : 64);

/** Bytes of the young generation, which Node counts into its limit: three half spaces. What lives on needs room beside it. */
export function youngBytes(options: readonly string[] = process.execArgv): number {
  const said = /--max[-_]semi[-_]space[-_]size[= ](\d+)/.exec(options.join(" "))?.[1];
  return 3 * (Number(said ?? 0) || halfSpace()) * MiB;
}

/** Node's own, of what lives on. */
export function nodeHeap(): Heap {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return { used, most: Math.max(limit - youngBytes(), 2 * MiB) };
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
