/** What a parity run tried, as it is told beside its verdict. */

import type { Twins } from "../../dsl/host/twins.ts";
import { largest } from "../../dsl/number.ts";
import type { CallReport, Counts } from "./call.ts";
import { fedZeroOrOne } from "./fed.ts";

/** Counts over calls that count. */
export interface Exercised {
  readonly calls: number;
  /** Live tokens, each compared by all its outputs. */
  readonly tokens: number;
  readonly seeds: readonly number[];
  /** Fewest and most cache rows that a token was shown; absent where no mask shows any. */
  readonly seen?: readonly [least: number, most: number];
  /** Whether some of the committed rows were shut from tokens, as a sliding window does. */
  readonly oldRowsShut: boolean;
  /** The last cache row by what the interface tells, if it was written; absent also where nothing tells of a cache. */
  readonly lastRow?: number;
  readonly rejected: number;
  readonly deadColumns: number;
  /** Those of them that stand before a live one. */
  readonly deadBeforeLive: number;
  /** Smallest and largest |x| that a call's rows and shared inputs reach. */
  readonly largest: readonly [least: number, most: number];
  /** Inputs of whole numbers that were fed 0 and 1 only. */
  readonly wholeNumbers: readonly string[];
  /** Attempts of a pass with larger rows than it was run with in the end. */
  readonly dropped: readonly Dropped[];
  /** Calls that said nothing. */
  readonly notFinite: number;
  readonly beyondMask: number;
}

/** A scale at which a call did not count, so that the pass began again with a smaller one. */
export interface Dropped {
  /** Largest |x| that was fed. */
  readonly largest: number;
  readonly why: Exclude<Counts, "yes">;
}

/** What was tried of twins. */
export interface Tried {
  readonly twins: Twins;
  /** The calls of all passes. */
  readonly calls: readonly CallReport[];
  readonly dropped: readonly Dropped[];
}

/** The attempt that these calls are, if one of them does not count. */
export function droppedBy(calls: readonly CallReport[]): readonly Dropped[] {
  const why = calls.map(({ counts }) => counts).find((counts) => counts !== "yes");
  return why === undefined ? [] : [{ largest: Math.max(...calls.map(({ fed }) => fed.largest)), why }];
}

/** Of all that was tried. */
export function exercisedBy({ twins, calls: all, dropped }: Tried): Exercised {
  const { slots } = twins;
  const calls = all.filter(({ counts }) => counts === "yes");
  const sum = (of: (report: CallReport) => number): number => calls.reduce((n, report) => n + of(report), 0);
  const seen = calls.flatMap(({ fed }) => fed.seen);
  const sizes = calls.map(({ fed }) => fed.largest);
  return {
    calls: calls.length,
    tokens: sum((report) => live(report).length),
    seeds: [...new Set(calls.map(({ fed }) => fed.seed))],
    ...(seen.length > 0 ? { seen: [-largest(seen.map((n) => -n)), largest(seen)] } : {}),
    oldRowsShut: calls.some(({ fed }) => fed.oldShut > 0),
    ...(slots !== undefined && calls.some(({ call }) => call.rows.includes(slots - 1)) ? { lastRow: slots - 1 } : {}),
    rejected: sum((report) => live(report).filter((token) => token >= report.call.accepted).length),
    deadColumns: sum(({ call }) => call.rows.filter((row) => row === undefined).length),
    deadBeforeLive: sum(({ call }) => {
      const last = call.rows.findLastIndex((row) => row !== undefined);
      return call.rows.filter((row, token) => row === undefined && token < last).length;
    }),
    largest: calls.length === 0 ? [0, 0] : [Math.min(...sizes), Math.max(...sizes)],
    wholeNumbers: fedZeroOrOne(twins),
    dropped,
    notFinite: count(all, "not finite"),
    beyondMask: count(all, "beyond the mask"),
  };
}

const count = (all: readonly CallReport[], why: Counts): number => all.filter(({ counts }) => counts === why).length;

/** Tokens of a call that have a cache row. */
const live = ({ call }: CallReport): readonly number[] =>
  call.rows.flatMap((row, token) => (row === undefined ? [] : [token]));
