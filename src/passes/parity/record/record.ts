/** Records a parity sequence: what each call is fed and what must come out, for a device that computes it again. */

import type { Graph } from "../../../dsl/graph.ts";
import { hostCaches } from "../../../dsl/host-caches.ts";
import type { GivenRoles } from "../../../dsl/role.ts";
import { slotAxisOf } from "../../../dsl/slots.ts";
import { type Graphs, type Twins, twinsOf } from "../../../dsl/twins.ts";
import type { Shape } from "../../../dsl/type.ts";
import { UserError } from "../../../dsl/user-error.ts";
import type { Decoder } from "../../../models/decoder.ts";
import { type RawArray, toNDArray, toRaw } from "../../kernels/raw.ts";
import type { RawResults } from "../../run/run.ts";
import { type Feed, feed, type Source } from "../feeds.ts";
import { garbage } from "../initial.ts";
import type { Arrays, RunnableGraphs, Runner } from "../runner.ts";
import { abilitiesOf, type PlannedCall, usualSequence } from "../sequence.ts";
import { emptyCaches, type PlacedToken, recordedCaches, rowsOf, withRows } from "./host-rows.ts";
import type { Computed, Prediction, RecordedCache, RecordedCall, RecordedState, Recording } from "./recording.ts";

/** What a recording may be told. */
export interface RecordOptions {
  /** Of the rows fed and of the garbage in the caches; 1 when absent. */
  readonly seed?: number;
  /** For real RoPE rows. */
  readonly config?: Decoder;
  /** The calls to make; the usual sequence when absent. */
  readonly calls?: readonly PlannedCall[];
  /** Roles of inputs that are stated outside the graphs. */
  readonly roles?: GivenRoles;
  /** The block on an engine's arithmetic. */
  readonly runPredicted?: Runner;
  onCall?(done: number, total: number): void;
}

/**
 * Runs the sequence in fp16, block and steps, and the block in fp64 by `runExact`. Rejected tokens are stepped too; the
 * steps' cache then goes back to what it was before them, so that the steps never hold a stale row.
 * @throws GraphError when the pair has no common interface, UserError when its cache has no known size.
 */
export async function record(
  graphs: RunnableGraphs,
  runExact: Runner,
  options: RecordOptions = {},
): Promise<Recording> {
  const { twins, maxSeq, states, caches } = recordable(graphs, options.roles);
  const { roles, tokens } = twins;
  const { seed = 1, config } = options;
  const initial = garbage(graphs.block, seed);
  const source: Source = { seed, roles, maxSeq, ...(config ? { config } : {}) };
  const usual = usualSequence(tokens, maxSeq, abilitiesOf(twins));
  const planned = options.calls ?? (caches.length > 0 ? endingRejected(usual) : usual);
  const empty = { ...initial, ...emptyCaches(graphs.block, caches, toBits) };
  const exact = { ...initial, ...emptyCaches(graphs.block, caches, toNDArray) };
  const chain: RecordedChain = { block: empty, steps: empty, exact, predicted: empty, committed: new Set() };
  const calls: RecordedCall[] = [];
  for (const [n, call] of planned.entries()) {
    const context: Feed = { rows: call.rows, committed: new Set(chain.committed), stream: n * tokens };
    const job = { graphs, runExact, twins, call, states, caches, chain, source, context };
    calls.push(await recordCall({ ...job, ...(options.runPredicted ? { runPredicted: options.runPredicted } : {}) }));
    options.onCall?.(n + 1, planned.length);
  }
  const final = Object.fromEntries(caches.map(({ name }) => [name, chain.block[name]!]));
  return { roles, tokens, maxSeq, states, caches, initial, calls, final };
}

/** A row that is rejected and never written again shows whether the host left it out. */
const endingRejected = (calls: readonly PlannedCall[]): readonly PlannedCall[] =>
  calls.map((call, n) =>
    n === calls.length - 1 && call.accepted > 1
      ? { ...call, label: `${call.label}, its last token rejected`, accepted: call.accepted - 1 }
      : call,
  );

/** What a sequence can be recorded by; throws, before anything is run, as `record` does. */
export function recordable({ block, step }: Graphs, given?: GivenRoles): Recordable {
  const twins = twinsOf(block, step, given);
  const maxSeq = twins.slots;
  if (maxSeq === undefined) throw new UserError(`${block.name} has no cache of known size, so nothing can be recorded`);
  const states = block.states.map(({ name, entry: { type } }) => recordedState(name, type.shape, maxSeq));
  const kept = hostCaches(twins.block);
  if (hostCaches(twins.step).length !== kept.length)
    throw new UserError(
      `${block.name} and ${step.name} keep their caches in two ways, as inputs and as states, and a device is fed the same for both`,
    );
  const caches = recordedCaches(block, kept);
  const own = [...twins.roles.keys()].find((name) => !takes(block, name) || !takes(step, name));
  if (own !== undefined)
    throw new UserError(
      `${block.name} and ${step.name} have the input "${own}" in only one of them, and a device is fed the same for both`,
    );
  return { twins, maxSeq, states, caches };
}

const takes = ({ inputs }: Graph, name: string): boolean => inputs.some((x) => x.name === name);

interface Recordable extends Pick<Recording, "maxSeq" | "states" | "caches"> {
  readonly twins: Twins;
}

/** The caches that are carried from call to call, states and what the host keeps. */
interface RecordedChain {
  block: Arrays;
  steps: Arrays;
  exact: Arrays;
  predicted: Arrays;
  readonly committed: Set<number>;
}

interface RecordingJob {
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

async function recordCall(job: RecordingJob): Promise<RecordedCall> {
  const { graphs, runExact, runPredicted, twins, call, chain, source, context } = job;
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
const toBits = (array: RawArray): RawArray => toRaw(toNDArray(array));

const mapValues = (arrays: Arrays, f: (array: RawArray) => RawArray): Arrays =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, f(array)]));

function recordedState(name: string, shape: Shape, maxSeq: number): RecordedState {
  const rowAxis = slotAxisOf(shape, maxSeq);
  if (rowAxis === undefined)
    throw new UserError(`state "${name}" [${shape.join(",")}] has no axis of ${maxSeq} cache rows`);
  return { name, shape, rowAxis };
}
