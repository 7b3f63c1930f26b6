/**
 * Looks for data that keep the preconditions and on which the two graphs really differ, and makes them small: as few
 * tokens and cache rows as will do, and nearly all numbers zero.
 */
import { MASK_NUMBERS, type MaskNumbers, type Role } from "../../../dsl/role.ts";
import type { Graphs } from "../../../dsl/twins.ts";
import type { Precision } from "../../interpret/reading.ts";
import { FAR } from "../logic/visible.ts";
import { type ProvenPair, provenPair } from "../program/pair.ts";
import { costOf, smallOrNone } from "./cost.ts";
import { bottomlessValues, maskedValues, newKeeper } from "./keeper.ts";
import { mismatch } from "./mismatch.ts";
import { bothRunner, runWhereDefined, type Style, sampleOf } from "./sample.ts";
import { type Counterexample, type Keeping, shrink } from "./shrink.ts";

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

/** What an input has to keep, since a proof might ask for it. */
export interface Kept extends Style {
  /** Largest score that a mask is added to; where nothing is said half of what masks add. */
  readonly gap?: number;
}

/** Where the usual input has scores beyond what it has to keep, one of smaller rows may not. */
const SMALL: Style = { scale: 1 / 8, stale: 1 / 8 };

/** Runs both graphs on random inputs that keep the preconditions, few tokens first. */
export function searchDifference(
  given: ProvenPair,
  options: CounterexampleOptions,
  { gap = Number.POSITIVE_INFINITY, ...style }: Kept = {},
): Search {
  const seed = options.seed ?? 1;
  const made = Array.from({ length: given.tokens }, (_, t) => smallOrNone(options.small, t + 1));
  const small = made.filter((graphs) => graphs !== undefined);
  const candidates = small.length > 0 ? small : [given];
  let runs = 0;
  let bitsOnly = false;
  for (const graphs of candidates) {
    if (costOf(graphs) > TOO_LARGE) return { searched: "the graphs are too large to be run here" };
    const own = provenPair(graphs.block, graphs.step, given);
    const runner = { fp16: keepingRunner(own, "fp16", gap), fp64: keepingRunner(own, "fp64", gap) };
    for (let k = 0; k < SEEDS; k++) {
      const kept = keptSample(own, runner.fp16, seed + k, style);
      // What does not keep the preconditions says nothing.
      if (!kept) continue;
      const { sample, results } = kept;
      runs++;
      if (!mismatch(own, results, "fp16")) continue;
      const exact = runner.fp64(sample);
      if (exact && mismatch(own, exact, "fp64"))
        return {
          counterexample: shrink(own, runner, { sample, seed: seed + k }, options.budget),
          searched: `${runs} inputs`,
        };
      bitsOnly = true;
    }
  }
  if (runs === 0) return { searched: "no input that was tried kept what a proof would ask for" };
  const same = bitsOnly ? "bits differ, but not the values in fp64" : "no difference found";
  return { searched: `${same} on ${runs} inputs (seeds ${seed} to ${seed + SEEDS - 1})` };
}

/** The usual input of a seed, or one of small rows where that does not keep what it has to. */
function keptSample(pair: ProvenPair, run: Keeping, seed: number, style: Style) {
  for (const rows of [style, { ...style, ...SMALL }]) {
    const sample = sampleOf(pair, seed, rows);
    const results = run(sample);
    if (results) return { sample, results };
  }
  return undefined;
}

/** No proof that a mask has a part in lets scores be larger: half of what is added to a masked-out entry, of the mask that adds least. */
function largestGap({ roles }: ProvenPair): number {
  const usual = MASK_NUMBERS.closed;
  const closed = [...roles.values()].map((role: Pick<Role, "kind"> & MaskNumbers) => role.closed ?? usual);
  return -Math.max(usual, ...closed.filter((x) => x <= FAR)) / 2;
}

/** Runs that keep what any proof would ask for; undefined for one that does not. */
function keepingRunner(pair: ProvenPair, precision: Precision, needed: number): Keeping {
  const run = bothRunner(pair, precision);
  const masked = maskedValues(pair);
  const bottomless = bottomlessValues(pair, masked);
  const gap = masked.size > 0 ? Math.min(largestGap(pair), needed) : Number.POSITIVE_INFINITY;
  return (sample) => {
    const kept = newKeeper(gap, masked, Number.POSITIVE_INFINITY, bottomless);
    const results = runWhereDefined(() => run(sample, kept.see));
    return kept.broken() === undefined ? results : undefined;
  };
}
