/** Where a graph's weights come from: a checkpoint, another package, or a generator. */

import type { TensorType } from "../dsl/type.ts";
import type { WeightSource } from "../dsl/weight-source.ts";

/** Gives the elements of weights by their source; nothing is held in memory beyond a few chunks. */
export interface WeightStore {
  /**
   * The elements of a weight in row-major order, encoded as in weight.bin (fp16 little-endian for a weight of a
   * checkpoint), in chunks of at most 4 MiB. A chunk stays valid until the next but one is asked for, of this weight or
   * of the store's next: it may still be on its way to the disk while the next one is converted.
   * @throws UserError when the tensor is missing, has another shape, or overflows fp16.
   */
  stream(source: WeightSource, type: TensorType): AsyncIterable<Uint8Array>;
  /** What converting cost so far. */
  report(): WeightReport;
  close(): Promise<void>;
}

/** What converting to fp16 cost, over all weights that were streamed. */
export interface WeightReport {
  /** Elements that fp16 could not hold exactly, and the largest such error. */
  readonly rounded: number;
  readonly worstError: number;
  /** NaN or Inf in the checkpoint: tensor and flat index of the first, and how many. Reported, not fatal. */
  readonly nonFinite: readonly { readonly tensor: string; readonly index: number; readonly count: number }[];
}

/** The report of a store that converts nothing. */
export const nothingToReport: WeightReport = { rounded: 0, worstError: 0, nonFinite: [] };
