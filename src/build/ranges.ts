/** How a model is divided: its layers into shards, its vocabulary into heads. Every division covers all, once, in order. */
import { UserError } from "../dsl/user-error.ts";
import type { VocabRange } from "../models/head.ts";

/** Layers [begin, end). */
export interface LayerRange {
  readonly begin: number;
  readonly end: number;
}

/** Shards of so many layers each. @throws UserError unless they are all layers of the model */
export function shardsOf(counts: readonly number[], layers: number): readonly LayerRange[] {
  const sum = counts.reduce((total, n) => total + n, 0);
  if (counts.length === 0 || counts.some((n) => !Number.isSafeInteger(n) || n < 1))
    throw new UserError(`shards of ${counts.join(",")} layers: each needs one layer or more`);
  if (sum !== layers)
    throw new UserError(
      `shards of ${counts.join(",")} layers hold ${sum} layers, and the model has ${layers}`,
      "the numbers must add up to it",
    );
  const beginOf = (k: number) => counts.slice(0, k).reduce((total, n) => total + n, 0);
  return counts.map((n, k) => ({ begin: beginOf(k), end: beginOf(k) + n }));
}

/**
 * As few shards as a budget allows, all of the same number of layers where the layers divide so, since equal graphs are compiled once.
 * @param bytes of each layer's weights
 * @throws UserError when a layer alone is larger than the budget
 */
export function shardsWithin(budget: number, bytes: readonly number[]): readonly LayerRange[] {
  const large = bytes.findIndex((n) => n > budget);
  if (large >= 0)
    throw new UserError(
      `layer ${large} has ${bytes[large]} bytes of weights, more than --shard-bytes ${budget}`,
      `give ${bytes[large]} or more`,
    );
  const ranges: LayerRange[] = [];
  let [begin, sum] = [0, 0];
  for (const [layer, n] of bytes.entries()) {
    if (sum + n > budget) {
      ranges.push({ begin, end: layer });
      [begin, sum] = [layer, 0];
    }
    sum += n;
  }
  ranges.push({ begin, end: bytes.length });
  return evened(ranges, budget, bytes);
}

/** The same number of shards, of equal counts, where these fit the budget too. */
function evened(ranges: readonly LayerRange[], budget: number, bytes: readonly number[]): readonly LayerRange[] {
  const size = bytes.length / ranges.length;
  if (!Number.isInteger(size)) return ranges;
  const even = ranges.map((_, k) => ({ begin: k * size, end: (k + 1) * size }));
  const fits = even.every(({ begin, end }) => bytes.slice(begin, end).reduce((sum, n) => sum + n, 0) <= budget);
  return fits ? even : ranges;
}

/** So many heads, all of the same range but the last. @throws UserError for more heads than tokens, or none */
export function headsOf(count: number, vocab: number): readonly VocabRange[] {
  const size = Math.ceil(vocab / count);
  if (!Number.isSafeInteger(count) || count < 1 || size * (count - 1) >= vocab)
    throw new UserError(`a vocabulary of ${vocab} tokens cannot be divided into ${count} heads`);
  return Array.from({ length: count }, (_, k) => ({ begin: k * size, end: Math.min((k + 1) * size, vocab) }));
}
