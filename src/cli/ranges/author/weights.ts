/** The weights of an author's graphs as numbers, held whole while they are bounded. */
import { freeMemory } from "../../../api/memory.ts";
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { fp16Value } from "../../../dsl/number.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { isFloat, sizeOf } from "../../../dsl/type.ts";
import { UserError } from "../../../dsl/user-error.ts";
import type { WeightSource } from "../../../dsl/weight-source.ts";
import { bytes } from "../../../files/bytes.ts";
import type { Numbers } from "../../../passes/ranges/graph/numbers.ts";
import type { WeightStore } from "../../../weights/store.ts";
import type { Io } from "../../terminal/io.ts";

/** Bytes of a bounded element: its two ends. */
const ENDS = 16;

/** A weight of graphs, once: block and step read the same one. */
interface Held {
  readonly source: WeightSource;
  readonly values: readonly Tensor[];
}

/** Every weight of the graphs, whole. @throws UserError for what the store refuses, for weights that are not fp16, and where memory will not do */
export async function readWeights(
  graphs: readonly Graph[],
  store: WeightStore,
  io: Io,
): Promise<ReadonlyMap<Tensor, Numbers>> {
  const weights = heldIn(graphs);
  checkRoom(graphs, weights);
  const progress = io.progress("reading weights");
  try {
    const found = new Map<Tensor, Numbers>();
    for (const [n, { source, values }] of weights.entries()) {
      progress.update(n, weights.length);
      io.signal.throwIfAborted();
      const numbers = await contentsOf(values[0]!, source, store);
      for (const value of values) found.set(value, numbers);
    }
    return found;
  } finally {
    progress.end();
  }
}

function heldIn(graphs: readonly Graph[]): readonly Held[] {
  const held = new Map<string, Held>();
  for (const value of graphs.flatMap(schedule)) {
    if (value.def.kind !== "weight") continue;
    const { source } = value.def;
    const key = JSON.stringify([source, value.type.dtype, sizeOf(value.type.shape)]);
    held.set(key, { source, values: [...(held.get(key)?.values ?? []), value] });
  }
  return [...held.values()];
}

async function contentsOf({ type }: Tensor, source: WeightSource, store: WeightStore): Promise<Numbers> {
  if (type.dtype !== "fp16")
    throw new UserError(`bounds are of weights in fp16, and one of this graph is in ${type.dtype}`);
  const numbers = new Float32Array(sizeOf(type.shape));
  let at = 0;
  for await (const chunk of store.stream(source, type)) {
    const bits = new Uint16Array(chunk.buffer, chunk.byteOffset, chunk.byteLength / 2);
    for (const half of bits) numbers[at++] = fp16Value(half);
  }
  return numbers;
}

/** @throws UserError where the numbers that are held whole, and the two ends of every element, are more than is free */
function checkRoom(graphs: readonly Graph[], weights: readonly Held[]): void {
  const stored = weights.reduce((sum, { values }) => sum + 4 * sizeOf(values[0]!.type.shape), 0);
  const bounded = graphs
    .flatMap(schedule)
    .filter(({ def, type }) => def.kind !== "weight" && isFloat(type.dtype))
    .reduce((sum, { type }) => sum + ENDS * sizeOf(type.shape), 0);
  const free = freeMemory();
  if (stored + bounded > free)
    throw new UserError(
      `bounding this graph needs at least ${bytes(stored + bounded)} of memory, and ${bytes(free)} is free`,
      "lower --max-seq or --tokens, or bound fewer layers",
    );
}
