/** Records a parity sequence: what each call is fed and what must come out, for a device that computes it again. */

import type { Graph } from "../../../dsl/graph.ts";
import { hostCaches } from "../../../dsl/host/host-caches.ts";
import { slotAxisOf } from "../../../dsl/host/slots.ts";
import { type Graphs, type Twins, twinsOf } from "../../../dsl/host/twins.ts";
import type { GivenRoles } from "../../../dsl/role.ts";
import type { Shape } from "../../../dsl/type.ts";
import { UserError } from "../../../dsl/user-error.ts";
import type { Decoder } from "../../../models/decoder.ts";
import { toNDArray } from "../../kernels/raw.ts";
import type { Source } from "../feeds.ts";
import { garbage } from "../initial.ts";
import type { RunnableGraphs, Runner } from "../runner.ts";
import { abilitiesOf, type PlannedCall, usualSequence } from "../sequence.ts";
import type { SpecialKind } from "./draws.ts";
import { emptyCaches, recordedCaches } from "./host-rows.ts";
import { type RecordedChain, toBits } from "./record-call.ts";
import type { RecordedCall, RecordedGraphs, RecordedState, Recording } from "./recording.ts";
import { recordItem, withSpecial } from "./special.ts";

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
  /** Whether a call of special rows is borne: for each kind the first factor at which it is so is taken. Without it there are none of them. */
  borne?(call: RecordedCall, of: RecordedGraphs): boolean;
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
  const base = { graphs, runExact, twins, states, caches, source };
  const job = { ...base, ...(options.runPredicted ? { runPredicted: options.runPredicted } : {}) };
  const special = !options.calls && options.borne !== undefined;
  const whole = withSpecial(planned, twins, special);
  const calls: RecordedCall[] = [];
  const leftOut: SpecialKind[] = [];
  for (const [n, item] of whole.entries()) {
    const at = { rows: item.call.rows, committed: new Set(chain.committed), stream: n * tokens };
    const found = await recordItem({ ...job, context: at, chain }, item, (call) =>
      options.borne!(call, { tokens, states, caches }),
    );
    if (found) calls.push(found);
    else leftOut.push(item.kind!);
    options.onCall?.(n + 1, whole.length);
  }
  const final = Object.fromEntries(caches.map(({ name }) => [name, chain.block[name]!]));
  return { roles, tokens, maxSeq, states, caches, initial, calls, leftOut, final };
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

function recordedState(name: string, shape: Shape, maxSeq: number): RecordedState {
  const rowAxis = slotAxisOf(shape, maxSeq);
  if (rowAxis === undefined)
    throw new UserError(`state "${name}" [${shape.join(",")}] has no axis of ${maxSeq} cache rows`);
  return { name, shape, rowAxis };
}
