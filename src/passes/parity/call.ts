/** One call of a parity run: the block, its steps, and whether they agree. */
import type { Twins } from "../../dsl/twins.ts";
import { isFloat } from "../../dsl/type.ts";
import { allFinite } from "../kernels/raw.ts";
import type { RawResults } from "../run/run.ts";
import { compareStates, compareToken, type StateReport, type TokenReport } from "./compare.ts";
import { type Feed, feed, rowsSeen, type Source, type Values } from "./feeds.ts";
import type { Arrays, RunnableGraphs } from "./runner.ts";
import type { PlannedCall } from "./sequence.ts";
import { type Before, showsWhatIsShut } from "./shut.ts";

/** One call of the block and the steps that it should equal. */
export interface CallReport {
  readonly call: PlannedCall;
  readonly tokens: readonly TokenReport[];
  readonly states: readonly StateReport[];
  readonly fed: Fed;
  readonly counts: Counts;
}

/** Whether a call says anything: values that are not finite do not, nor do rows so large that what a mask shuts shows. */
export type Counts = "yes" | "not finite" | "beyond the mask";

/** What a call was fed. */
export interface Fed {
  readonly seed: number;
  /** Largest |x| of its float rows, those of RoPE aside. */
  readonly largest: number;
  /** Cache rows that its live tokens were shown, by token; empty where no mask shows any. */
  readonly seen: readonly number[];
}

/** What is carried from call to call. */
export interface ParityChain {
  blockStates: Arrays;
  stepStates: Arrays;
  readonly committed: Set<number>;
  /** Rows that hold rejected tokens in the block's state only. */
  readonly stale: Set<number>;
}

/** One pass, under way. */
export interface ParityRun extends Twins, RunnableGraphs {
  readonly source: Source;
  readonly chain: ParityChain;
  /** Whether a difference counts only where masks shut out what they should, as P8 asks. */
  readonly bounded: boolean;
}

const isFiniteCall = ({ outputs, states }: RawResults): boolean =>
  [...Object.values(outputs), ...Object.values(states)].every(allFinite);

/** `stream` is the number of the call's first token among all rows fed. */
export async function runCall(job: ParityRun, call: PlannedCall, stream: number): Promise<CallReport> {
  const { source, chain } = job;
  const context: Feed = { rows: call.rows, committed: new Set(chain.committed), stream };
  const inputs = feed(job.block, source, context);
  const before: Before = { inputs, context, blockStates: chain.blockStates, stepStates: chain.stepStates };
  const block = await job.runBlock({ ...inputs, ...chain.blockStates });
  const live = call.rows.flatMap((row, token) => (row === undefined ? [] : [{ row, token }]));
  const tokens: TokenReport[] = [];
  let finite = isFiniteCall(block);
  let states = chain.stepStates;
  let kept = states;
  for (const { row, token } of live) {
    const step = await job.runStep({ ...feed(job.step, source, context, token), ...states });
    finite &&= isFiniteCall(step);
    states = step.states;
    if (token < call.accepted) kept = states;
    tokens.push(...compareToken(job, { inputs, block: block.outputs, step: step.outputs, token, row }));
  }
  for (const { row } of live) chain.stale.delete(row);
  const reports = compareStates(block.states, states, chain.stale, source.maxSeq);
  chain.blockStates = block.states;
  chain.stepStates = kept;
  for (const { row, token } of live) (token < call.accepted ? chain.committed : chain.stale).add(row);
  const report = { call, tokens, states: reports, fed: fedBy(job, inputs, context) };
  const beyond = finite && job.bounded && !isEqual(report) && (await showsWhatIsShut(job, before, block));
  return { ...report, counts: finite ? (beyond ? "beyond the mask" : "yes") : "not finite" };
}

/** Every bit of every token and state, the sign of zero aside. */
export const isEqual = ({ tokens, states }: Pick<CallReport, "tokens" | "states">): boolean =>
  tokens.every((t) => t.equal) && states.every((s) => s.equal);

function fedBy({ roles, source }: ParityRun, inputs: Values, context: Feed): Fed {
  const drawn = [...roles].filter(([, role]) => role.kind === "rows" && !role.rope).map(([name]) => inputs[name]);
  const floats = drawn.filter((x) => x !== undefined && isFloat(x.dtype));
  const largest = floats.reduce((most, x) => x!.data.reduce((m, v) => Math.max(m, Math.abs(v)), most), 0);
  const masked = [...roles.values()].some((role) => role.kind === "mask");
  const live = context.rows.flatMap((row, token) => (row === undefined ? [] : [token]));
  return { seed: source.seed, largest, seen: masked ? live.map((token) => rowsSeen(context, token)) : [] };
}
