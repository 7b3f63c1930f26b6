/** Makes an input on which two graphs differ small: nearly all of its numbers zero, the others 1 where that will do. */
import type { Graphs } from "../../../dsl/host/twins.ts";
import type { Precision } from "../../interpret/reading.ts";
import type { ProvenPair } from "../program/pair.ts";
import { costOf } from "./cost.ts";
import type { Sample } from "./feeds.ts";
import { type Mismatch, mismatch } from "./mismatch.ts";
import type { BothRuns } from "./sample.ts";

/** An input on which the graphs differ, made small. */
export interface Counterexample {
  readonly pair: ProvenPair;
  readonly sample: Sample;
  /** As it was found: nothing of it made zero. */
  readonly found: Sample;
  readonly tokens: number;
  readonly slots: number;
  readonly mismatch: Mismatch;
  /** At the value that the finding names. */
  readonly value?: Mismatch;
  /** How many of all numbers of the input, the cache and the weights are not zero. */
  readonly nonZero: number;
  readonly numbers: number;
  readonly seed: number;
  /** Present where the graphs were run with the weights that they hold, which are none of these numbers then. */
  readonly weights?: "own";
}

/** Runs the pair; undefined where the input does not keep what a proof would ask for. */
export type Keeping = (sample: Sample) => BothRuns | undefined;

/** What runs the pair, by precision. */
export type Runners = Readonly<Record<Precision, Keeping>>;

/** Relative difference that no rounding to fp16 on the way explains. */
const PLAIN = 0.01;

/** Scalar operations that shrinking may spend when no number of runs is given: a few seconds. */
const SHRINK_COST = 4e7;
const runsFor = (graphs: Graphs): number => Math.min(400, Math.max(20, Math.floor(SHRINK_COST / costOf(graphs))));

/** A run of elements of an array. */
interface Stretch {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Which half it is of what it was cut from. */
  readonly second?: boolean;
}

/**
 * Zeroes what the difference does not need: the largest part first, of whatever array; what cannot go is cut in half.
 * What is left becomes 1 where that will do.
 */
export function shrink(
  pair: ProvenPair,
  run: Runners,
  { sample: first, seed }: { readonly sample: Sample; readonly seed: number },
  budget = runsFor(pair),
): Counterexample {
  let runs = budget;
  const parted = (sample: Sample, precision: Precision, noise?: number): Mismatch | undefined => {
    const results = run[precision](sample);
    return results && mismatch(pair, results, precision, noise);
  };
  const differs = (sample: Sample): boolean =>
    parted(sample, "fp64", PLAIN) !== undefined && parted(sample, "fp16") !== undefined;
  let sample = first;
  const attempt = (name: string, from: number, to: number, value: number): boolean => {
    const old = sample.arrays.get(name)!;
    if (old.subarray(from, to).every((x) => x === 0 || x === value)) return true;
    runs--;
    const data = old.map((x, k) => (k >= from && k < to && x !== 0 ? value : x));
    const next = { ...sample, arrays: new Map(sample.arrays).set(name, data) };
    if (!differs(next)) return false;
    sample = next;
    return true;
  };
  if (differs(sample)) {
    zeroParts(
      first,
      (part) => attempt(part.name, part.from, part.to, 0),
      () => runs > 0,
    );
    for (const [name, data] of first.arrays) attempt(name, 0, data.length, 1);
  }
  return { ...asItIs(pair, sample, seed), found: first, mismatch: parted(sample, "fp16")! };
}

/** An input with its figures, as it was found. */
export function asItIs(pair: ProvenPair, sample: Sample, seed: number): Omit<Counterexample, "mismatch"> {
  let [nonZero, numbers] = [0, 0];
  for (const data of sample.arrays.values()) {
    numbers += data.length;
    for (let k = 0; k < data.length; k++) if (data[k] !== 0) nonZero++;
  }
  return { pair, sample, found: sample, tokens: pair.tokens, slots: pair.slots ?? 0, nonZero, numbers, seed };
}

function zeroParts({ arrays }: Sample, attempt: (part: Stretch) => boolean, more: () => boolean): void {
  let parts: readonly Stretch[] = [...arrays].map(([name, data]) => ({ name, from: 0, to: data.length }));
  const size = ({ from, to }: Stretch): number => to - from;
  while (parts.length > 0 && more()) {
    const largest = Math.max(...parts.map(size));
    const left = parts.filter((part) => size(part) < largest);
    let zeroed: Stretch | undefined;
    for (const part of parts.filter((x) => size(x) === largest)) {
      // Where the first half could go and the whole could not, the second is needed: only parts of it can go.
      const needed = part.second && zeroed?.second === false && zeroed.to === part.from && zeroed.name === part.name;
      zeroed = undefined;
      if (!needed && more() && attempt(part)) zeroed = part;
      else if (largest > 1) left.push(...halves(part));
    }
    parts = left;
  }
}

function halves({ name, from, to }: Stretch): readonly Stretch[] {
  const middle = (from + to) >> 1;
  return [
    { name, from, to: middle, second: false },
    { name, from: middle, to, second: true },
  ];
}
