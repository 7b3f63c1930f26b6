/** Runs a block graph against its one-token twin over a sequence of calls, chained through the state. */
import type { Graph } from "../../dsl/graph.ts";
import { type Twins, twinsOf } from "../../dsl/twins.ts";
import { sizeOf } from "../../dsl/type.ts";
import type { PhiConfig } from "../../models/config.ts";
import { arrayOf } from "../interpret/array.ts";
import { compareStates, compareToken, type StateReport, type TokenReport } from "./compare.ts";
import { type Feed, feed, type Source } from "./feeds.ts";
import type { Arrays, RunnableGraphs } from "./runner.ts";
import { abilitiesOf, type PlannedCall, usualSequence } from "./sequence.ts";

/** What a parity run may be told. */
export interface ParityOptions {
  /** Of the rows fed; 1 when absent. */
  readonly seed?: number;
  /** For real RoPE rows. */
  readonly config?: PhiConfig;
  /** Called after each call of the block. */
  onCall?(done: number, total: number): void;
  /** The calls to make; the usual sequence when absent. */
  readonly calls?: readonly PlannedCall[];
}

/** One call of the block and the steps that it should equal. */
export interface CallReport {
  readonly call: PlannedCall;
  readonly tokens: readonly TokenReport[];
  readonly states: readonly StateReport[];
}

/** A whole sequence; `equal` when every bit of every call is, the sign of zero aside. */
export interface ParityReport {
  readonly equal: boolean;
  readonly calls: readonly CallReport[];
}

/** How long a sequence is, in blocks, where no cache ends it. */
const BLOCKS_WITHOUT_CACHE = 8;

/**
 * The parity of two graphs over a sequence. After each block the steps go on from what was accepted, the block from its
 * own state with the stale rows that rejected tokens left.
 * @throws GraphError when they have no common interface.
 */
export async function parity(graphs: RunnableGraphs, options: ParityOptions = {}): Promise<ParityReport> {
  const twins = twinsOf(graphs.block, graphs.step);
  const { roles, tokens, slots = BLOCKS_WITHOUT_CACHE * tokens } = twins;
  const calls = options.calls ?? usualSequence(tokens, slots, abilitiesOf(twins));
  const { seed = 1, config } = options;
  const source: Source = { seed, roles, maxSeq: slots, ...(config ? { config } : {}) };
  const job: ParityRun = { ...twins, ...graphs, source, chain: beginChain(graphs.block) };
  const reports: CallReport[] = [];
  for (const [n, call] of calls.entries()) {
    reports.push(await runCall(job, call, n * tokens));
    options.onCall?.(n + 1, calls.length);
  }
  return { equal: reports.every(isEqual), calls: reports };
}

const isEqual = ({ tokens, states }: CallReport): boolean =>
  tokens.every((t) => t.equal) && states.every((s) => s.equal);

/** What is carried from call to call. */
interface ParityChain {
  blockStates: Arrays;
  stepStates: Arrays;
  readonly committed: Set<number>;
  /** Rows that hold rejected tokens in the block's state only. */
  readonly stale: Set<number>;
}

interface ParityRun extends Twins, RunnableGraphs {
  readonly source: Source;
  readonly chain: ParityChain;
}

function beginChain(block: Graph): ParityChain {
  const zeros = Object.fromEntries(
    block.states.map(({ name, entry: { type } }) => [
      name,
      arrayOf(type.dtype, type.shape, new Float64Array(sizeOf(type.shape))),
    ]),
  );
  return { blockStates: zeros, stepStates: zeros, committed: new Set(), stale: new Set() };
}

/** `stream` is the number of the call's first token among all rows fed. */
async function runCall(job: ParityRun, call: PlannedCall, stream: number): Promise<CallReport> {
  const { source, chain } = job;
  const context: Feed = { rows: call.rows, committed: new Set(chain.committed), stream };
  const inputs = feed(job.block, source, context);
  const block = await job.runBlock({ ...inputs, ...chain.blockStates });
  const live = call.rows.flatMap((row, token) => (row === undefined ? [] : [{ row, token }]));
  const tokens: TokenReport[] = [];
  let states = chain.stepStates;
  let kept = states;
  for (const { row, token } of live) {
    const step = await job.runStep({ ...feed(job.step, source, context, token), ...states });
    states = step.states;
    if (token < call.accepted) kept = states;
    tokens.push(...compareToken(job, { inputs, block: block.outputs, step: step.outputs, token, row }));
  }
  for (const { row } of live) chain.stale.delete(row);
  const reports = compareStates(block.states, states, chain.stale, source.maxSeq);
  chain.blockStates = block.states;
  chain.stepStates = kept;
  for (const { row, token } of live) (token < call.accepted ? chain.committed : chain.stale).add(row);
  return { call, tokens, states: reports };
}
