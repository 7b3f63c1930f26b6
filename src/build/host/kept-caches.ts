/** The caches that this host keeps for a package: between two calls it writes the new rows of accepted tokens at their slots, and no others. */
import type { Graph } from "../../dsl/graph.ts";
import { statedCaches } from "../../dsl/host/host-caches.ts";
import { sizeOf } from "../../dsl/type.ts";
import type { RawArray } from "../../passes/kernels/raw.ts";

type Arrays = Readonly<Record<string, RawArray>>;

/** Where the tokens of a call stand: the first one's position, and how many there are; slots behind them are padding. */
export interface CallPlace {
  readonly at: number;
  readonly used: number;
}

/** Caches of one package. */
export interface KeptCaches {
  /** What the package is fed at a call whose first token is at a position: what went before it is accepted, what came after it is forgotten. */
  before(at: number): Arrays;
  /** The outputs of that call. */
  after(outputs: Arrays, place: CallPlace): void;
}

/** Zero at first. Caches are [1, kvHeads, max_seq, headDim], and their new rows [1, kvHeads, T, headDim]. */
export function keptCaches(graph: Graph): KeptCaches {
  const caches = statedCaches(graph, new Map()).map(({ input: { name = "", type }, facts: { rows } }) => ({
    name,
    rows,
    array: { ...type, data: new Uint16Array(sizeOf(type.shape)) },
  }));
  let last: { readonly outputs: Arrays; readonly place: CallPlace } | undefined;
  return {
    before(at) {
      if (last)
        for (const { rows, array } of caches)
          writeAccepted(array, last.outputs[rows]!, {
            ...last.place,
            used: Math.min(last.place.used, at - last.place.at),
          });
      last = undefined;
      return Object.fromEntries(caches.map(({ name, array }) => [name, array]));
    },
    after(outputs, place) {
      last = { outputs, place };
    },
  };
}

/** Copies the first `used` of the new rows into the cache, from row `at` on. */
function writeAccepted(cache: RawArray, rows: RawArray, { at, used }: CallPlace): void {
  const [, heads, slots, width] = cache.shape as readonly [number, number, number, number];
  const tokens = rows.shape[2]!;
  for (let head = 0; head < heads; head++)
    for (let t = 0; t < used; t++) {
      const row = (head * tokens + t) * width;
      const into = (head * slots + at + t) * width;
      for (let k = 0; k < width; k++) cache.data[into + k] = rows.data[row + k]!;
    }
}
