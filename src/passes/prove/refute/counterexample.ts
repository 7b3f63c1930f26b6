/**
 * Looks for data that keep the preconditions and on which the two graphs really differ, and makes them small: as few
 * tokens and cache rows as will do, and nearly all numbers zero.
 */

import type { Graphs } from "../../../dsl/host/twins.ts";
import { MASK_NUMBERS, type MaskNumbers, type Role } from "../../../dsl/role.ts";
import { FAR } from "../logic/visible.ts";
import { type ProvenPair, provenPair } from "../program/pair.ts";
import { costOf, smallOrNone } from "./cost.ts";
import { bottomlessValues, flagsOf, maskedValues, newKeeper } from "./keeper.ts";
import { mismatch } from "./mismatch.ts";
import {
  bothRunner,
  type OwnRuns,
  ownRunner,
  type RunBoth,
  runWhereDefined,
  type Style,
  sampleOf,
  type Weights,
} from "./sample.ts";
import { asItIs, type Counterexample, type Keeping, shrink } from "./shrink.ts";

/** Where to look for a counterexample, and how long. */
export interface CounterexampleOptions {
  /** Builds both graphs at small sizes, for `tokens` tokens; without it the given graphs are run if they are small. */
  readonly small?: (tokens: number) => Graphs;
  /** Runs to spend on making the input small; when absent as many as take a few seconds. */
  readonly budget?: number;
  readonly seed?: number;
  /** Runs the graphs with their own weights, where they are too large to be run without. */
  readonly ownRuns?: OwnRuns;
}

/** What a search for a counterexample came to. */
export interface Search {
  readonly counterexample?: Counterexample;
  readonly searched: string;
}

/** Scalar operations above which the graphs are not run. */
const TOO_LARGE = 1e8;
const SEEDS = 6;

/** Where the graphs reckon with positions, the ends of a cache are looked at too: a remainder or a bound that is off by one parts there alone. */
const ENDS = ["last", "first"] as const satisfies readonly Style["rows"][];

/** What an input has to keep, since a proof might ask for it. */
export interface Kept extends Style {
  /** Largest score that a mask is added to; where nothing is said half of what masks add. */
  readonly gap?: number;
}

/** Where the usual input has scores beyond what it has to keep, one of smaller rows may not. */
const SMALL: Style = { scale: 1 / 8, stale: 1 / 8 };
/** Of usual rows a softmax shows little but the largest score; of small ones it shows them all. */
const SMALLER = [1 / 8, 1 / 64, 1 / 512];

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
    if (costOf(graphs) > TOO_LARGE) {
      const { ownRuns } = graphs === given ? options : {};
      if (ownRuns) return searchLarge(given, ownRuns, seed, { gap, ...style });
      return { searched: "the graphs are too large to be run here" };
    }
    const own = provenPair(graphs.block, graphs.step, given);
    const runner = {
      fp16: keepingRunner(own, bothRunner(own, "fp16"), gap),
      fp64: keepingRunner(own, bothRunner(own, "fp64"), gap),
    };
    for (const [k, of] of stylesOf(own, style).entries()) {
      const kept = keptSample(own, runner.fp16, seed + k, of);
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
  return { searched: `${same} on ${runs} inputs (seeds ${seed} to ${seed + stylesOf(given, style).length - 1})` };
}

/** A style for each seed. */
function stylesOf({ roles }: ProvenPair, style: Style): readonly Style[] {
  const usual = [
    ...Array.from({ length: SEEDS }, () => style),
    ...SMALLER.map((scale) => ({ ...style, scale, stale: scale })),
  ];
  const hasPositions = [...roles.values()].some(({ kind }) => kind === "position");
  return hasPositions ? [...usual, ...ENDS.map((rows) => ({ ...style, rows }))] : usual;
}

const SEEDS_LARGE = 2;

/** The same with the weights that the graphs hold; what is found is not made small, since every run takes its time. */
function searchLarge(
  pair: ProvenPair,
  ownRuns: OwnRuns,
  first: number,
  { gap = Number.POSITIVE_INFINITY, ...style }: Kept,
): Search {
  const [half, exact] = (["fp16", "fp64"] as const).map((precision) =>
    keepingRunner(pair, ownRunner(pair, precision, ownRuns), gap),
  ) as [Keeping, Keeping];
  let runs = 0;
  for (let seed = first; seed < first + SEEDS_LARGE; seed++) {
    const kept = keptSample(pair, half, seed, style, "own");
    if (!kept) continue;
    runs++;
    const { sample, results } = kept;
    const found = mismatch(pair, results, "fp16");
    const inReals = found && exact(sample);
    if (found && inReals && mismatch(pair, inReals, "fp64"))
      return {
        counterexample: { ...asItIs(pair, sample, seed), mismatch: found, weights: "own" },
        searched: `${runs} inputs`,
      };
  }
  return { searched: `no difference found on ${runs} inputs with the weights that they hold` };
}

/** The usual input of a seed, or one of small rows where that does not keep what it has to. */
function keptSample(pair: ProvenPair, run: Keeping, seed: number, style: Style, weights: Weights = "random") {
  for (const rows of [style, { ...style, ...SMALL }]) {
    const sample = sampleOf(pair, seed, rows, weights);
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
function keepingRunner(pair: ProvenPair, run: RunBoth, needed: number): Keeping {
  const masked = maskedValues(pair);
  const [bottomless, flags] = [bottomlessValues(pair, masked), flagsOf(pair)];
  const gap = masked.size > 0 ? Math.min(largestGap(pair), needed) : Number.POSITIVE_INFINITY;
  return (sample) => {
    const kept = newKeeper(gap, masked, Number.POSITIVE_INFINITY, bottomless, flags);
    const results = runWhereDefined(() => run(sample, kept.see));
    return kept.broken() === undefined ? results : undefined;
  };
}
