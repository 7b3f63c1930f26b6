/**
 * Looks for data that keep the preconditions and on which the two graphs really differ, and makes them small: as few
 * tokens and cache rows as will do, and nearly all numbers zero.
 */
import { schedule } from "../../../dsl/graph.ts";
import { operandsOf } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { type Graphs, tokenAxisOf } from "../../../dsl/twins.ts";
import { sizeOf } from "../../../dsl/type.ts";
import type { Precision } from "../../interpret/reading.ts";
import { type ProvenPair, provenPair } from "../program/pair.ts";
import type { Sample } from "./feeds.ts";
import { type BothRuns, bothRunner, type RunBoth, runWhereDefined, type Style, sampleOf } from "./sample.ts";

/** Where to look for a counterexample, and how long. */
export interface CounterexampleOptions {
  /** Builds both graphs at small sizes, for `tokens` tokens; without it the given graphs are run if they are small. */
  readonly small?: (tokens: number) => Graphs;
  /** Runs to spend on making the input small; when absent as many as take a few seconds. */
  readonly budget?: number;
  readonly seed?: number;
}

/** The first place at which a run of both graphs differs. */
export interface Mismatch {
  /** The output or state that differs. */
  readonly name: string;
  /** Token of the row; absent for a state. */
  readonly token?: number;
  readonly index: readonly number[];
  readonly block: number;
  readonly step: number;
}

/** An input on which the graphs differ, made small. */
export interface Counterexample {
  readonly pair: ProvenPair;
  readonly sample: Sample;
  readonly tokens: number;
  readonly slots: number;
  readonly mismatch: Mismatch;
  /** How many of all numbers of the input, the cache and the weights are not zero. */
  readonly nonZero: number;
  readonly numbers: number;
  readonly seed: number;
}

/** What a search for a counterexample came to. */
export interface Search {
  readonly counterexample?: Counterexample;
  readonly searched: string;
}

/** Scalar operations above which the graphs are not run. */
const TOO_LARGE = 1e8;
const SEEDS = 6;

type Runners = Readonly<Record<Precision, RunBoth>>;

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
        return { counterexample: shrink(own, runner, { sample, seed: seed + k }, options), searched: `${runs} inputs` };
      bitsOnly = true;
    }
  }
  const same = bitsOnly ? "bits differ, but not the values in fp64" : "no difference found";
  return { searched: `${same} on ${runs} inputs (seeds ${seed} to ${seed + SEEDS - 1})` };
}

/** Scalar operations of one run of both graphs, roughly. */
export function costOf({ block, step }: Graphs): number {
  let cost = 0;
  for (const { def, type } of [...schedule(block), ...schedule(step)]) {
    if (def.kind !== "op") continue;
    const inner = has(def, "contracts") ? Math.max(...operandsOf(def)[0]!.type.shape) : 4;
    cost += sizeOf(type.shape) * inner;
  }
  return cost;
}

/** Relative difference in fp64 that reordering alone does not make. */
const FP64_NOISE = 1e-9;

/** Relative difference that no rounding to fp16 on the way explains. */
const PLAIN = 0.01;

/** The first difference of a run; undefined when there is none, or when a result is not finite (P7). */
export function mismatch(
  { block, step: single, tokens }: ProvenPair,
  run: BothRuns,
  precision: Precision,
  noise = FP64_NOISE,
): Mismatch | undefined {
  const last = run.steps.at(-1)!;
  let found: Mismatch | undefined;
  const check = (name: string, index: readonly number[], block: number, step: number, token?: number): boolean => {
    if (!Number.isFinite(block) || !Number.isFinite(step)) return false;
    const tolerance = precision === "fp64" ? noise * (1 + Math.abs(step)) : 0;
    if (Math.abs(block - step) > tolerance)
      found ??= { name, index, block, step, ...(token === undefined ? {} : { token }) };
    return true;
  };
  for (const [name, value] of Object.entries(block.outputs)) {
    const axis = tokenAxisOf(value, single.outputs[name]!, tokens);
    const finite = eachIndex(value.type.shape, (index, flat) => {
      const token = typeof axis === "number" ? index[axis]! : 0;
      const own = typeof axis === "number" ? index.with(axis, 0) : index;
      const step = run.steps[token]!.outputs[name]!;
      return check(name, index, run.block.outputs[name]!.data[flat]!, step.data[flatten(own, step.shape)]!, token);
    });
    if (!finite) return undefined;
  }
  for (const { name, entry } of block.states) {
    const finite = eachIndex(entry.type.shape, (index, flat) =>
      check(name, index, run.block.states[name]!.data[flat]!, last.states[name]!.data[flat]!),
    );
    if (!finite) return undefined;
  }
  return found;
}

/** Calls `visit` for every index in row-major order, until it says no. */
function eachIndex(shape: readonly number[], visit: (index: readonly number[], flat: number) => boolean): boolean {
  const n = sizeOf(shape);
  for (let flat = 0; flat < n; flat++) {
    let rest = flat;
    const index = shape.toReversed().map((size) => {
      const i = rest % size;
      rest = (rest - i) / size;
      return i;
    });
    if (!visit(index.reverse(), flat)) return false;
  }
  return true;
}

const flatten = (index: readonly number[], shape: readonly number[]): number =>
  index.reduce((sum, i, axis) => sum * shape[axis]! + i, 0);

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
function shrink(
  pair: ProvenPair,
  run: Runners,
  { sample: first, seed }: { readonly sample: Sample; readonly seed: number },
  options: CounterexampleOptions,
): Counterexample {
  let runs = options.budget ?? runsFor(pair);
  const differs = (sample: Sample): boolean => mismatch(pair, run.fp64(sample), "fp64", PLAIN) !== undefined;
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
  const found = mismatch(pair, run.fp16(sample), "fp16") ?? mismatch(pair, run.fp16(first), "fp16")!;
  const all = [...sample.arrays.values()].flatMap((x) => [...x]);
  return {
    pair,
    sample,
    tokens: pair.tokens,
    slots: pair.slots ?? 0,
    mismatch: found,
    nonZero: all.filter((x) => x !== 0).length,
    numbers: all.length,
    seed,
  };
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
