/** One call of a parity run: the block, its steps, and whether they agree. */
import type { Twins } from "../../dsl/host/twins.ts";
import { compareStates, compareToken, type StateReport, type TokenReport } from "./compare.ts";
import { type Fed, fedBy } from "./fed.ts";
import { type Feed, feed, type Source } from "./feeds.ts";
import { areFiniteSteps, isFiniteBlock } from "./finite.ts";
import type { DifferentCall } from "./first-difference.ts";
import type { Arrays, RunnableGraphs } from "./runner.ts";
import type { PlannedCall } from "./sequence.ts";
import { type StepRun, showsWhatIsShut } from "./shut.ts";

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
  /** Whether the rows are so large that a block may give infinity where its steps give a number, or they where it does. */
  readonly large: boolean;
  onDifferent?(call: DifferentCall): void;
}

/** `stream` is the number of the call's first token among all rows fed. */
export async function runCall(job: ParityRun, call: PlannedCall, stream: number): Promise<CallReport> {
  const { source, chain } = job;
  const context: Feed = { rows: call.rows, committed: new Set(chain.committed), stream };
  const inputs = feed(job.block, source, context);
  const entry = { ...inputs, ...chain.blockStates };
  const block = await job.runBlock(entry);
  const live = call.rows.flatMap((row, token) => (row === undefined ? [] : [{ row, token }]));
  const tokens: TokenReport[] = [];
  const steps: StepRun[] = [];
  let states = chain.stepStates;
  let kept = states;
  for (const { row, token } of live) {
    const before = { ...feed(job.step, source, context, token), ...states };
    const step = await job.runStep(before);
    steps.push({ token, row, entry: before, exit: step });
    states = step.states;
    if (token < call.accepted) kept = states;
    for (const report of compareToken(job, { inputs, block: block.outputs, step: step.outputs, token, row }))
      tokens.push(report);
  }
  for (const { row } of live) chain.stale.delete(row);
  const reports = compareStates(block.states, states, chain.stale, source.maxSeq);
  chain.blockStates = block.states;
  chain.stepStates = kept;
  for (const { row, token } of live) (token < call.accepted ? chain.committed : chain.stale).add(row);
  const report = { call, tokens, states: reports, fed: fedBy(job, inputs, context) };
  const finite = [isFiniteBlock(job, block, steps), areFiniteSteps(steps)];
  // Where one is finite and the other is not they differ, which only large rows excuse.
  if (job.large ? finite.includes(false) : !finite.includes(true)) return { ...report, counts: "not finite" };
  const beyond = job.bounded && !isEqual(report) && (await showsWhatIsShut(job, context, steps, block));
  if (!beyond && !isEqual(report)) job.onDifferent?.({ block: entry, steps });
  return { ...report, counts: beyond ? "beyond the mask" : "yes" };
}

/** Every bit of every token and state, the sign of zero aside. */
export const isEqual = ({ tokens, states }: Pick<CallReport, "tokens" | "states">): boolean =>
  tokens.every((t) => t.equal) && states.every((s) => s.equal);
