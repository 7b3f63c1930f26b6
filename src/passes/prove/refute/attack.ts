/**
 * A proof is attacked before it is told: both graphs are run on inputs at the edges of the preconditions.
 * The first input that keeps all preconditions is the proof's witness, so that they can be met at all.
 */
import { schedule } from "../../../dsl/graph.ts";
import type { Mode } from "../logic/setting.ts";
import type { ProvenPair } from "../program/pair.ts";
import { costOf, isLarge } from "./cost.ts";
import { type Sample, shutsSomewhere } from "./feeds.ts";
import { bottomlessValues, flagsOf, maskedValues, newKeeper } from "./keeper.ts";
import { type Mismatch, mismatch } from "./mismatch.ts";
import { bothRunner, type OwnRuns, ownRunner, runWhereDefined, type Style, sampleOf, type Weights } from "./sample.ts";
import { jumpOperands, tieWatch } from "./ties.ts";

/** What was claimed, as far as an input has to keep to it. */
export interface Claim {
  /** The cache rows that P2 allows, the last one excluded; all when absent. */
  readonly within?: Style["within"];
  /** Of blocks with padding tokens in them. */
  readonly padding?: boolean;
  readonly level: Mode;
  /** The bound of P8; infinite where nothing is masked out. */
  readonly gap: number;
  /** P2' is among the preconditions. */
  readonly contiguous: boolean;
  readonly seed: number;
}

/** A feed that keeps every precondition, and how to make it again. */
export interface Witness {
  readonly seed: number;
  readonly style: Style;
  readonly tokens: number;
  /** Whether weights are random as well, or those that the graphs hold. */
  readonly weights: Weights;
}

/** How an attack ended. */
export interface Attack {
  /** Inputs that were run, and those among them that say anything: preconditions kept, and not decided by rounding. */
  readonly runs: number;
  readonly met: number;
  readonly witness?: Witness;
  /** A value that kept an input from meeting the preconditions, where none did. */
  readonly unmet?: string;
  /** An input that keeps the preconditions and on which the graphs differ: a fault of the prover. */
  readonly contradiction?: Contradiction;
}

/** An attack on the graphs that were proven, or on those of the same model at small sizes. */
export interface Attacked extends Attack {
  readonly small: boolean;
}

/** The feed that contradicts a proof. */
export interface Contradiction extends Witness {
  readonly mismatch: Mismatch;
  readonly sample: Sample;
}

/** Ends of what the preconditions allow: scores small and large, positions at both ends and falling, all rows seen or none. */
const STYLES: readonly Style[] = [
  { scale: 0.5, stale: 0.5 },
  {},
  { rows: "last", visible: "all", stale: 30 },
  { rows: "falling", visible: "none" },
  { rows: "first", visible: "all", scale: 12, stale: 12 },
  { rows: "last", visible: "none", scale: 40, stale: 200 },
  { scale: 1 / 16, stale: 1 / 16 },
  { scale: 1 / 256, stale: 1 / 256, visible: "none" },
];

/** Of blocks some of whose tokens are padding. */
const PADDED: readonly Style[] = [
  { scale: 0.5, stale: 0.5, padding: "odd" },
  { padding: "even" },
  { rows: "last", visible: "all", stale: 30, padding: "odd" },
  { scale: 1 / 16, stale: 1 / 16, padding: "even" },
];

const PADDED_RUNS = 3;

/** Styles that are tried in any case; the others while runs are cheap. */
const LEAST = 4;
/** Of graphs that are too large for the prover's own runs: over the reals one that counts is enough, since fp64 has no fast kernels. */
const LEAST_LARGE: Readonly<Record<Mode, number>> = { exact: 2, reals: 1 };
/** Scalar operations that an attack may spend: about as long as a proof takes. To begin an op costs as much as so many. */
const BUDGET = 2e7;
const PER_OP = 2000;

/** Attacks a proof of this pair; undefined where the graphs are too large to be run without calls of their own. */
export function attack(
  pair: ProvenPair,
  claim: Claim,
  ownRuns?: OwnRuns,
  runner: typeof bothRunner = bothRunner,
): Attack | undefined {
  const large = isLarge(pair, pair.tokens);
  if (large && !ownRuns) return undefined;
  const styles = (claim.padding ? PADDED : STYLES).map((style) =>
    claim.contiguous && !endsOf(style) ? { ...style, rows: "contiguous" as const } : style,
  );
  const { within } = claim;
  const weights = large ? "own" : "random";
  const ops = schedule(pair.block).length + schedule(pair.step).length;
  const cost = (costOf(pair) + PER_OP * ops) * (pair.tokens + 1);
  const most = claim.padding
    ? PADDED_RUNS
    : Math.max(large ? LEAST_LARGE[claim.level] : LEAST, Math.min(styles.length, Math.floor(BUDGET / cost)));
  const [masked, jumping] = [maskedValues(pair), jumpOperands(pair)];
  const [bottomless, flags] = [bottomlessValues(pair, masked), flagsOf(pair)];
  const precision = claim.level === "exact" ? "fp16" : "fp64";
  const run = large && ownRuns ? ownRunner(pair, precision, ownRuns) : runner(pair, precision);
  let [runs, met] = [0, 0];
  let witness: Witness | undefined;
  let unmet: string | undefined;
  for (const [k, style] of styles.entries()) {
    // The smallest numbers are only for where nothing else met the preconditions; a run that rounding decides is made up for by one more.
    if (witness && (met > 0 ? runs >= most : runs > most)) break;
    runs++;
    const seed = claim.seed + k;
    const sample = sampleOf(pair, seed, within ? { ...style, within } : style, weights);
    const kept = newKeeper(claim.gap, masked, claim.gap, bottomless, flags);
    const ties = claim.level === "reals" ? tieWatch(masked, jumping) : undefined;
    const results = runWhereDefined(() =>
      run(sample, (...seen) => {
        kept.see(...seen);
        ties?.see(...seen);
      }),
    );
    unmet ??= results ? kept.broken() : "an index outside its axis";
    if (!results) continue;
    if (kept.broken() !== undefined) continue;
    // Where a mask of −∞ shuts nothing, no NaN is seen that it would make.
    const fed: Witness = { seed, style, tokens: pair.tokens, weights };
    if (shutsSomewhere(pair, sample)) witness ??= fed;
    const found = mismatch(pair, results, precision);
    // fp64 does not speak for the reals there.
    if (found && (ties?.met() || ties?.mayPart(found.block, found.step))) continue;
    met++;
    if (found) return { runs, met, contradiction: { ...fed, mismatch: found, sample } };
  }
  return { runs, met, ...(witness ? { witness } : unmet === undefined ? {} : { unmet }) };
}

const endsOf = ({ rows }: Style): boolean => rows === "first" || rows === "last";
