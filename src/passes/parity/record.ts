/** Records a parity sequence: what each call is fed and what must come out, for a device that computes it again. */

import type { Graph } from "../../dsl/graph.ts";
import { hostCaches } from "../../dsl/host-caches.ts";
import type { GivenRoles, Roles } from "../../dsl/role.ts";
import { slotAxisOf } from "../../dsl/slots.ts";
import { type Graphs, type Twins, twinsOf } from "../../dsl/twins.ts";
import { type Shape, sizeOf } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { Decoder } from "../../models/decoder.ts";
import { type RawArray, toNDArray, toRaw } from "../kernels/raw.ts";
import type { RawResults } from "../run/run.ts";
import { type Feed, feed, type Source } from "./feeds.ts";
import { garbage } from "./initial.ts";
import type { Arrays, RunnableGraphs, Runner } from "./runner.ts";
import { abilitiesOf, type PlannedCall, usualSequence } from "./sequence.ts";

/** What one call computes: its outputs, and the cache rows of its live tokens in order, along each state's row axis. */
export interface Computed {
  readonly outputs: Arrays;
  readonly rows: Arrays;
}

/** The same with what the call is fed. Everything is fp16 as bits. */
export interface Prediction extends Computed {
  readonly inputs: Arrays;
}

/** One block of the sequence, what its steps did, and the yardstick. */
export interface RecordedCall {
  readonly call: PlannedCall;
  readonly block: Prediction;
  /** The live tokens one by one, by token. */
  readonly steps: ReadonlyMap<number, Prediction>;
  /** The block in double precision, on a cache of its own kept in double precision. */
  readonly exact: Computed;
}

/** A cache of the graphs. */
export interface RecordedState {
  readonly name: string;
  readonly shape: Shape;
  /** The axis that counts cache rows. */
  readonly rowAxis: number;
}

/** A whole sequence. */
export interface Recording {
  readonly roles: Roles;
  readonly tokens: number;
  readonly maxSeq: number;
  readonly states: readonly RecordedState[];
  /** Contents of the states before the first call: finite garbage, which no token may see. */
  readonly initial: Arrays;
  readonly calls: readonly RecordedCall[];
}

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
  const { twins, maxSeq, states } = recordable(graphs, options.roles);
  const { roles, tokens } = twins;
  const { seed = 1, config } = options;
  const initial = garbage(graphs.block, seed);
  const source: Source = { seed, roles, maxSeq, ...(config ? { config } : {}) };
  const planned = options.calls ?? usualSequence(tokens, maxSeq, abilitiesOf(twins));
  const chain: RecordedChain = { block: initial, steps: initial, exact: initial, committed: new Set() };
  const calls: RecordedCall[] = [];
  for (const [n, call] of planned.entries()) {
    const context: Feed = { rows: call.rows, committed: new Set(chain.committed), stream: n * tokens };
    calls.push(await recordCall(graphs, runExact, { call, states, chain, source, context }));
    options.onCall?.(n + 1, planned.length);
  }
  return { roles, tokens, maxSeq, states, initial, calls };
}

/** What a sequence can be recorded by; throws, before anything is run, as `record` does. */
export function recordable({ block, step }: Graphs, given?: GivenRoles): Recordable {
  const twins = twinsOf(block, step, given);
  if (hostCaches(twins.block).length > 0)
    throw new UserError(
      `${block.name} has caches as inputs, and the device tool carries a cache as a state alone`,
      "leave out --fixtures, or give --cache state",
    );
  const own = [...twins.roles.keys()].find((name) => !takes(block, name) || !takes(step, name));
  if (own !== undefined)
    throw new UserError(
      `${block.name} and ${step.name} have the input "${own}" in only one of them, and a device is fed the same for both`,
    );
  const maxSeq = twins.slots;
  if (maxSeq === undefined) throw new UserError(`${block.name} has no cache of known size, so nothing can be recorded`);
  const states = block.states.map(({ name, entry: { type } }) => recordedState(name, type.shape, maxSeq));
  return { twins, maxSeq, states };
}

const takes = ({ inputs }: Graph, name: string): boolean => inputs.some((x) => x.name === name);

interface Recordable extends Pick<Recording, "maxSeq" | "states"> {
  readonly twins: Twins;
}

/** The caches that are carried from call to call. */
interface RecordedChain {
  block: Arrays;
  steps: Arrays;
  exact: Arrays;
  readonly committed: Set<number>;
}

interface RecordingJob {
  readonly call: PlannedCall;
  readonly states: readonly RecordedState[];
  readonly chain: RecordedChain;
  readonly source: Source;
  readonly context: Feed;
}

async function recordCall(graphs: RunnableGraphs, runExact: Runner, job: RecordingJob): Promise<RecordedCall> {
  const { call, states, chain, source, context } = job;
  const inputs = mapValues(feed(graphs.block, source, context), toBits);
  const live = call.rows.flatMap((row, token) => (row === undefined ? [] : [{ row, token }]));
  const rows = live.map(({ row }) => row);
  const computed = ({ outputs, states: after }: RawResults, written: readonly number[], as = toBits): Computed => ({
    outputs: mapValues(outputs, as),
    rows: Object.fromEntries(
      states.map((state) => [state.name, as(rowsOf(after[state.name]!, state.rowAxis, written))]),
    ),
  });
  const block = await graphs.runBlock({ ...inputs, ...chain.block });
  const exact = await runExact({ ...inputs, ...chain.exact });
  const steps = new Map<number, Prediction>();
  let cache = chain.steps;
  for (const { row, token } of live) {
    const fed = mapValues(feed(graphs.step, source, context, token), toBits);
    const step = await graphs.runStep({ ...fed, ...cache });
    cache = step.states;
    if (token < call.accepted) chain.steps = cache;
    steps.set(token, { inputs: fed, ...computed(step, [row]) });
  }
  chain.block = block.states;
  chain.exact = exact.states;
  for (const { row, token } of live) if (token < call.accepted) chain.committed.add(row);
  return { call, block: { inputs, ...computed(block, rows) }, steps, exact: computed(exact, rows, toNDArray) };
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

/** The entries of `rows` along an axis, in that order. */
function rowsOf({ dtype, shape, data }: RawArray, axis: number, rows: readonly number[]): RawArray {
  const size = shape[axis]!;
  const inner = sizeOf(shape.slice(axis + 1));
  const picked = data.slice(0, (data.length / size) * rows.length);
  for (let outer = 0, at = 0; outer < sizeOf(shape.slice(0, axis)); outer++) {
    for (const row of rows) {
      const begin = (outer * size + row) * inner;
      picked.set(data.subarray(begin, begin + inner), at);
      at += inner;
    }
  }
  return { dtype, shape: shape.with(axis, rows.length), data: picked };
}
