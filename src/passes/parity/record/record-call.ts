/** Runs one call of a recording: block, steps and fp64, each on a cache of its own. */
import type { Twins } from "../../../dsl/host/twins.ts";
import { type RawArray, toNDArray, toRaw } from "../../kernels/raw.ts";
import type { RawResults } from "../../run/run.ts";
import { type Feed, feed, type Source } from "../feeds.ts";
import type { Arrays, RunnableGraphs, Runner } from "../runner.ts";
import type { PlannedCall } from "../sequence.ts";
import { sourceOf } from "./draws.ts";
import { type PlacedToken, rowsOf, withRows } from "./host-rows.ts";
import type { Computed, Prediction, RecordedCache, RecordedCall, RecordedState } from "./recording.ts";

/** The caches that are carried from call to call, states and what the host keeps. */
export interface RecordedChain {
  block: Arrays;
  steps: Arrays;
  exact: Arrays;
  predicted: Arrays;
  readonly committed: Set<number>;
}

/** One call, and all that it is run by. */
export interface RecordingJob {
  readonly graphs: RunnableGraphs;
  readonly runExact: Runner;
  readonly runPredicted?: Runner;
  /** The graphs with states in place of what the host keeps: what else there is to feed. */
  readonly twins: Twins;
  readonly call: PlannedCall;
  readonly states: readonly RecordedState[];
  readonly caches: readonly RecordedCache[];
  readonly chain: RecordedChain;
  readonly source: Source;
  readonly context: Feed;
}

/** Runs one call, and moves the chain on. */
export async function recordCall(job: RecordingJob): Promise<RecordedCall> {
  const { graphs, runExact, runPredicted, twins, call, chain, context } = job;
  const source = sourceOf(job.source, call.draw);
  const inputs = mapValues(feed(twins.block, source, context), toBits);
  const live = call.rows.flatMap((row, token) => (row === undefined ? [] : [{ row, token }]));
  const accepted = live.filter(({ token }) => token < call.accepted);
  const block = await graphs.runBlock({ ...inputs, ...chain.block });
  const exact = await runExact({ ...inputs, ...chain.exact });
  const predicted = await runPredicted?.({ ...inputs, ...chain.predicted });
  const steps = new Map<number, Prediction>();
  let cache = chain.steps;
  for (const { row, token } of live) {
    const fed = mapValues(feed(twins.step, source, context, token), toBits);
    const step = await graphs.runStep({ ...fed, ...cache });
    const alone = [{ row, token: 0 }];
    // The next tokens of the block see this one, whether it will be accepted or not.
    cache = after(cache, step, job, alone);
    if (token < call.accepted) chain.steps = cache;
    steps.set(token, { inputs: fed, ...computed(step, job, alone) });
  }
  chain.block = after(chain.block, block, job, accepted);
  chain.exact = after(chain.exact, exact, job, accepted, toNDArray);
  if (predicted) chain.predicted = after(chain.predicted, predicted, job, accepted);
  for (const { row } of accepted) chain.committed.add(row);
  return {
    call,
    block: { inputs, ...computed(block, job, live) },
    steps,
    exact: computed(exact, job, live, toNDArray),
    ...(predicted ? { predicted: computed(predicted, job, live) } : {}),
  };
}

type Kept = Pick<RecordingJob, "states" | "caches">;

/** What is carried to the next call: the states as the call left them, and caches with the rows that the host writes. */
const after = (
  before: Arrays,
  { states, outputs }: RawResults,
  { caches }: Kept,
  tokens: readonly PlacedToken[],
  as = toBits,
): Arrays => ({ ...states, ...withRows(before, mapValues(outputs, as), caches, tokens) });

function computed(
  { outputs, states: left }: RawResults,
  { states, caches }: Kept,
  tokens: readonly PlacedToken[],
  as = toBits,
): Computed {
  const isRows = new Set(caches.map(({ rows }) => rows));
  const [slots, places] = [tokens.map(({ row }) => row), tokens.map(({ token }) => token)];
  return {
    outputs: mapValues(Object.fromEntries(Object.entries(outputs).filter(([name]) => !isRows.has(name))), as),
    rows: Object.fromEntries([
      ...states.map(({ name, rowAxis }) => [name, as(rowsOf(left[name]!, rowAxis, slots))] as const),
      ...caches.map(({ name, rows, rowAxis }) => [name, as(rowsOf(outputs[rows]!, rowAxis, places))] as const),
    ]),
  };
}

/** fp16 as bits, in whichever form a run returned it. */
export const toBits = (array: RawArray): RawArray => toRaw(toNDArray(array));

/** Every array of a record by the same function. */
export const mapValues = (arrays: Arrays, f: (array: RawArray) => RawArray): Arrays =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, f(array)]));
