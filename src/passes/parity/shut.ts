/**
 * Whether numbers are so large that what a mask shuts shows: then block and steps may differ, and P8 says that they may. A
 * host that feeds such rows is beyond what the mask can do, whatever the graphs are. The steps are asked, since what the
 * block alone lets through is its fault.
 */
import { slotAxisOf } from "../../dsl/host/slots.ts";
import type { Twins } from "../../dsl/host/twins.ts";
import { arrayOf, rowOf, stridesOf } from "../interpret/array.ts";
import { type RawArray, toNDArray } from "../kernels/raw.ts";
import type { RawResults } from "../run/run.ts";
import type { Feed, Source } from "./feeds.ts";
import { distance } from "./metrics.ts";
import type { Arrays, RunnableGraphs } from "./runner.ts";

/** One step of a call, as it was run. */
export interface StepRun {
  /** In the block, from 0. */
  readonly token: number;
  /** The cache row of that token. */
  readonly row: number;
  /** Inputs and states. */
  readonly entry: Arrays;
  readonly exit: RawResults;
}

interface Job extends Twins, RunnableGraphs {
  readonly source: Source;
}

/**
 * The steps again, with what the block's states hold at exit in the rows that are hidden: those of later tokens and stale
 * ones, at the size that the block had beside it. True when that changes what a step gives, or the cache row it writes.
 */
export async function showsWhatIsShut(
  job: Job,
  context: Feed,
  steps: readonly StepRun[],
  block: RawResults,
): Promise<boolean> {
  const { maxSeq } = job.source;
  for (const step of steps) {
    const again = await job.runStep({ ...step.entry, ...withHidden(step, context, block.states, maxSeq) });
    if (!givesTheSame(step, again, maxSeq)) return true;
  }
  return false;
}

/** The states of a step at entry; rows neither committed nor written up to its token are those of `hidden`. */
function withHidden({ token, entry }: StepRun, { rows, committed }: Feed, hidden: Arrays, maxSeq: number): Arrays {
  const known = new Set([...committed, ...rows.slice(0, token + 1)]);
  return Object.fromEntries(
    Object.entries(hidden).map(([name, from]) => {
      const axis = slotAxisOf(from.shape, maxSeq);
      const own = entry[name]!;
      return [name, axis === undefined ? own : withRows(own, from, axis, (row) => !known.has(row))];
    }),
  );
}

/** `into`, with the rows along an axis that are `taken` from another array. */
function withRows(into: RawArray, from: RawArray, axis: number, taken: (row: number) => boolean): RawArray {
  const { dtype, shape, data } = toNDArray(into);
  const other = toNDArray(from).data;
  const stride = stridesOf(shape)[axis]!;
  return arrayOf(
    dtype,
    shape,
    data.map((x, n) => (taken(Math.floor(n / stride) % shape[axis]!) ? other[n]! : x)),
  );
}

/** In every output, the token's row of every cache, and every other state. */
function givesTheSame({ exit, row }: StepRun, again: RawResults, maxSeq: number): boolean {
  const all = (a: Arrays, b: Arrays, axisOf: (x: RawArray) => number | undefined) =>
    Object.entries(a).every(([name, x]) => {
      const [one, two] = [x, b[name]!].map((y) => rowOf(toNDArray(y), axisOf(x), row));
      return distance(one!, two!).equal;
    });
  return (
    all(exit.outputs, again.outputs, () => undefined) &&
    all(exit.states, again.states, ({ shape }) => slotAxisOf(shape, maxSeq))
  );
}
