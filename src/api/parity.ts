/** `parity` of the library. */

import { optionsGiven, wholeGiven } from "../dsl/given/values.ts";
import type { Decoder } from "../models/decoder.ts";
import { decoderGiven } from "../models/given.ts";
import type { ParityReport } from "../passes/parity/parity.ts";
import { COMPARED_OPTIONS, type Compared, type ComparedOptions, openCompared, watchGiven } from "./compared.ts";
import { parityOf } from "./parity-run.ts";
import { neededWeights, weightsGiven } from "./weights.ts";

/** How blocks are run against single tokens. */
export interface ParityRunOptions extends ComparedOptions {
  /** Of the rows that are fed; 1 when absent. */
  readonly seed?: number;
  /** 1 or 2; the bits are the same. */
  readonly threads?: number;
  /** For RoPE rows of this model; rows of any numbers when absent. */
  readonly decoder?: Decoder;
}

/**
 * Runs blocks against single tokens over rejections, stale rows, scattered and padded blocks and full caches, and compares every bit, the sign
 * of zero aside. The report says what was exercised.
 * @throws UserError for what is no pair, where weights are missing, where no block fits the cache or memory does not do; GraphError where the
 * graphs do not fit each other or a role must be stated; the signal's reason
 */
export async function parity(compared: Compared, options: ParityRunOptions = {}): Promise<ParityReport> {
  const given = optionsGiven(options, "parity", [...COMPARED_OPTIONS, "seed", "threads", "decoder"]);
  const config = given.decoder === undefined ? undefined : decoderGiven(given.decoder);
  const how = {
    seed: wholeGiven(given.seed ?? 1, "seed", 0),
    threads: wholeGiven(given.threads ?? 1, "threads", 1, 2),
  };
  const open = openCompared(compared, given);
  const openWeights = neededWeights([open.block, open.step], weightsGiven(given.weights));
  return parityOf({ ...open, openWeights, ...(config ? { config } : {}) }, how, watchGiven(given));
}
