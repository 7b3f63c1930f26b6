/** The passes of a parity run: sequences from fresh caches, each with numbers and rows that the others do not have. */
import { type Abilities, hardSequence, type PlannedCall, usualSequence } from "./sequence.ts";

/** One sequence, and what it is fed. */
export interface Pass {
  readonly calls: readonly PlannedCall[];
  /** Added to the seed of the run. */
  readonly seed: number;
  /** Root of the variance of the rows fed: the first of these at which the results of the first call are finite. */
  readonly scales: readonly number[];
  /** The same of what the caches hold at first. */
  readonly stale: number;
  /** As many cache rows, from the first, count as committed at first: tokens see what they hold. */
  readonly committed: number;
  /** Whether masks shut some of the committed rows too. */
  readonly shutsOld: boolean;
  /** Whether all of it has to be finite for a yes: rows of usual size are what every host feeds. */
  readonly decides: boolean;
}

/** fp16 ends at 65504: the largest rows are some 28000, and are tried smaller where a graph does not bear these. */
const LARGE = [16384, 2048, 256, 32, 4];
const SMALL = [1 / 64];
/** Scores of a full cache are then large, on both sides of 0. */
const STALE = 8;
/** What every host feeds, whatever it decodes. */
const AS_HOSTS = { seed: 0, scales: [1], stale: 1, committed: 0, shutsOld: false, decides: true } as const;

/**
 * A pass as hosts decode; one at the end of a full cache with large rows and large scores; one with small rows, where masks
 * shut some old rows.
 */
export function usualPasses(tokens: number, slots: number, can: Abilities): readonly Pass[] {
  const full = hardSequence(tokens, slots, can, "end");
  const fresh = hardSequence(tokens, slots, can, "start");
  const all: readonly Pass[] = [
    { ...AS_HOSTS, calls: usualSequence(tokens, slots, can) },
    { ...AS_HOSTS, calls: full, seed: 1, scales: LARGE, stale: STALE, committed: firstRow(full), decides: false },
    { ...AS_HOSTS, calls: fresh, seed: 2, scales: SMALL, stale: 1 / 64, shutsOld: true, decides: false },
  ];
  return all.filter(({ calls }) => calls.length > 0);
}

/** Calls that were asked for, as hosts decode. */
export const onlyPass = (calls: readonly PlannedCall[]): readonly Pass[] =>
  calls.length === 0 ? [] : [{ ...AS_HOSTS, calls }];

const firstRow = (calls: readonly PlannedCall[]): number =>
  Math.min(...calls.flatMap(({ rows }) => rows.filter((row) => row !== undefined)));
