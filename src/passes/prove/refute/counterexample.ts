/**
 * Looks for data that keep the preconditions and on which the two graphs really differ, and makes them small: as few
 * tokens and cache rows as will do, and nearly all numbers zero.
 */
import type { Graphs } from "../../../dsl/twins.ts";
import { type ProvenPair, provenPair } from "../program/pair.ts";
import { costOf } from "./cost.ts";
import { mismatch } from "./mismatch.ts";
import { bothRunner, runWhereDefined, type Style, sampleOf } from "./sample.ts";
import { type Counterexample, shrink } from "./shrink.ts";

/** Where to look for a counterexample, and how long. */
export interface CounterexampleOptions {
  /** Builds both graphs at small sizes, for `tokens` tokens; without it the given graphs are run if they are small. */
  readonly small?: (tokens: number) => Graphs;
  /** Runs to spend on making the input small; when absent as many as take a few seconds. */
  readonly budget?: number;
  readonly seed?: number;
}

/** What a search for a counterexample came to. */
export interface Search {
  readonly counterexample?: Counterexample;
  readonly searched: string;
}

/** Scalar operations above which the graphs are not run. */
const TOO_LARGE = 1e8;
const SEEDS = 6;

/** Runs both graphs on random inputs that keep the preconditions, few tokens first. */
export function searchDifference(given: ProvenPair, options: CounterexampleOptions, style: Style = {}): Search {
  const seed = options.seed ?? 1;
  const candidates = options.small
    ? Array.from({ length: given.tokens }, (_, t) => t + 1).map((t) => options.small!(t))
    : [given];
  let runs = 0;
  let bitsOnly = false;
  for (const graphs of candidates) {
    if (costOf(graphs) > TOO_LARGE) return { searched: "the graphs are too large to be run here" };
    const own = provenPair(graphs.block, graphs.step, given);
    const runner = { fp16: bothRunner(own, "fp16"), fp64: bothRunner(own, "fp64") };
    for (let k = 0; k < SEEDS; k++) {
      const sample = sampleOf(own, seed + k, style);
      runs++;
      const results = runWhereDefined(() => runner.fp16(sample));
      if (!results || !mismatch(own, results, "fp16")) continue;
      if (mismatch(own, runner.fp64(sample), "fp64"))
        return {
          counterexample: shrink(own, runner, { sample, seed: seed + k }, options.budget),
          searched: `${runs} inputs`,
        };
      bitsOnly = true;
    }
  }
  const same = bitsOnly ? "bits differ, but not the values in fp64" : "no difference found";
  return { searched: `${same} on ${runs} inputs (seeds ${seed} to ${seed + SEEDS - 1})` };
}
