/** What a parity run tried, as it is told beside its verdict. */
import type { CallReport, Counts } from "./call.ts";

/** Counts over calls that count. */
export interface Exercised {
  readonly calls: number;
  /** Live tokens, each compared by all its outputs. */
  readonly tokens: number;
  readonly seeds: readonly number[];
  /** Fewest and most cache rows that a token was shown; absent where no mask shows any. */
  readonly seen?: readonly [least: number, most: number];
  /** Cache rows, and whether the last of them was written; absent where nothing tells of them. */
  readonly lastRow: boolean;
  readonly rejected: number;
  readonly deadColumns: number;
  /** Those of them that stand before a live one. */
  readonly deadBeforeLive: number;
  /** Smallest and largest |x| that a call's rows reach. */
  readonly largest: readonly [least: number, most: number];
  /** Calls that said nothing. */
  readonly notFinite: number;
  readonly beyondMask: number;
}

/** Of the calls of all passes, on a cache of so many rows. */
export function exercisedBy(all: readonly CallReport[], slots: number): Exercised {
  const calls = all.filter(({ counts }) => counts === "yes");
  const sum = (of: (report: CallReport) => number): number => calls.reduce((n, report) => n + of(report), 0);
  const seen = calls.flatMap(({ fed }) => fed.seen);
  const largest = calls.map(({ fed }) => fed.largest);
  return {
    calls: calls.length,
    tokens: sum((report) => live(report).length),
    seeds: [...new Set(calls.map(({ fed }) => fed.seed))],
    ...(seen.length > 0 ? { seen: [Math.min(...seen), Math.max(...seen)] } : {}),
    lastRow: calls.some(({ call }) => call.rows.includes(slots - 1)),
    rejected: sum((report) => live(report).filter((token) => token >= report.call.accepted).length),
    deadColumns: sum(({ call }) => call.rows.filter((row) => row === undefined).length),
    deadBeforeLive: sum(({ call }) => {
      const last = call.rows.findLastIndex((row) => row !== undefined);
      return call.rows.filter((row, token) => row === undefined && token < last).length;
    }),
    largest: calls.length === 0 ? [0, 0] : [Math.min(...largest), Math.max(...largest)],
    notFinite: count(all, "not finite"),
    beyondMask: count(all, "beyond the mask"),
  };
}

const count = (all: readonly CallReport[], why: Counts): number => all.filter(({ counts }) => counts === why).length;

/** Tokens of a call that have a cache row. */
const live = ({ call }: CallReport): readonly number[] =>
  call.rows.flatMap((row, token) => (row === undefined ? [] : [token]));
