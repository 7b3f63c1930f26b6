/** Runs a block graph against its one-token twin over a sequence of calls, chained through the state. */

import type { Graph } from "../../dsl/graph.ts";
import { rolesOf } from "../../dsl/roles.ts";
import type { Shape } from "../../dsl/type.ts";
import type { PhiConfig } from "../../models/config.ts";
import { arrayOf, type NDArray, stridesOf } from "../interpret/array.ts";
import { type RawArray, toNDArray } from "../kernels/raw.ts";
import type { RawResults } from "../run/run.ts";
import { type Feed, feed, type Roles, type Source, type Values } from "./feeds.ts";
import { type Distance, distance } from "./metrics.ts";
import { type Abilities, type Call, usualSequence } from "./sequence.ts";

type RawValues = Readonly<Record<string, RawArray>>;

/** Evaluates a graph once: every input and state by name. */
export type Run = (values: RawValues) => RawResults | Promise<RawResults>;

export interface Pair {
  readonly block: Graph;
  readonly step: Graph;
  readonly runBlock: Run;
  readonly runStep: Run;
}

export interface ParityOptions {
  readonly seed?: number;
  readonly config?: PhiConfig;
  /** Called after each call of the block. */
  onCall?(done: number, total: number): void;
  /** The calls to make; the usual sequence when absent. */
  readonly calls?: readonly Call[];
}

export interface TokenReport extends Distance {
  readonly output: string;
  readonly token: number;
  readonly row: number;
}

export interface StateReport {
  readonly state: string;
  readonly equal: boolean;
  /** Cache rows whose bits differ, stale ones left out. */
  readonly rows: readonly number[];
}

export interface CallReport {
  readonly call: Call;
  readonly tokens: readonly TokenReport[];
  readonly states: readonly StateReport[];
}

export interface ParityReport {
  readonly equal: boolean;
  readonly calls: readonly CallReport[];
}

/** Size of the cache axis, where the interface tells it. */
export function slotsOf(block: Graph, roles: Roles): number | undefined {
  for (const { name = "", type } of block.inputs) {
    const role = roles[name]!;
    if (role.kind === "mask" || role.kind === "write_mask") return type.shape[role.slotAxis];
  }
  return block.states[0]?.entry.type.shape.at(-2);
}

/** How long a sequence is, in blocks, where no cache ends it. */
const BLOCKS_WITHOUT_CACHE = 8;

/** What the inputs let the host ask for. */
export function abilitiesOf(roles: Roles): Abilities {
  const kinds = Object.values(roles);
  const perToken = kinds.some((role) => role.kind === "position" && role.tokenAxis !== undefined);
  const oneHot = kinds.some((role) => role.kind === "write_mask");
  return { scattered: oneHot || perToken, padded: oneHot };
}

/** The number of tokens in a block: the size of the axis in which block and step differ; 1 when none does. */
export function tokensOf(block: Graph, step: Graph): number {
  const pairs = block.inputs.flatMap((x, i) =>
    x.type.shape.map((n, axis) => [n, step.inputs[i]?.type.shape[axis]] as const),
  );
  return pairs.find(([n, one]) => n !== one)?.[0] ?? 1;
}

/**
 * The parity of a pair over a sequence. After each block the steps go on from what was accepted, the block from its
 * own state with the stale rows that rejected tokens left.
 */
export async function parity(pair: Pair, options: ParityOptions = {}): Promise<ParityReport> {
  const roles = rolesOf(pair.block, pair.step);
  const tokens = tokensOf(pair.block, pair.step);
  const slots = slotsOf(pair.block, roles) ?? BLOCKS_WITHOUT_CACHE * tokens;
  const calls = options.calls ?? usualSequence(tokens, slots, abilitiesOf(roles));
  const { seed = 1, config } = options;
  const source: Source = { seed, roles, maxSeq: slots, ...(config ? { config } : {}) };
  const chain = beginChain(pair);
  const reports: CallReport[] = [];
  for (const [n, call] of calls.entries()) {
    reports.push(await runCall(pair, source, chain, call, n * tokens));
    options.onCall?.(n + 1, calls.length);
  }
  return { equal: reports.every(isEqual), calls: reports };
}

const isEqual = ({ tokens, states }: CallReport): boolean =>
  tokens.every((t) => t.equal) && states.every((s) => s.equal);

/** What is carried from call to call. */
interface Chain {
  blockStates: RawValues;
  stepStates: RawValues;
  readonly committed: Set<number>;
  /** Rows that hold rejected tokens in the block's state only. */
  readonly stale: Set<number>;
}

function beginChain({ block }: Pair): Chain {
  const zeros = Object.fromEntries(
    block.states.map(({ name, entry: { type } }) => [
      name,
      arrayOf(type.dtype, type.shape, new Float64Array(type.shape.reduce((a, b) => a * b, 1))),
    ]),
  );
  return { blockStates: zeros, stepStates: zeros, committed: new Set(), stale: new Set() };
}

async function runCall(pair: Pair, source: Source, chain: Chain, call: Call, stream: number): Promise<CallReport> {
  const context: Feed = { rows: call.rows, committed: new Set(chain.committed), stream };
  const inputs = feed(pair.block, source, context);
  const block = await pair.runBlock({ ...inputs, ...chain.blockStates });
  const live = call.rows.flatMap((row, token) => (row === undefined ? [] : [{ row, token }]));
  const tokens: TokenReport[] = [];
  let states = chain.stepStates;
  let kept = states;
  for (const { row, token } of live) {
    const step = await pair.runStep({ ...feed(pair.step, source, context, token), ...states });
    states = step.states;
    if (token < call.accepted) kept = states;
    tokens.push(...compareToken(inputs, block, step, token, row));
  }
  for (const { row } of live) chain.stale.delete(row);
  const reports = compareStates(block.states, states, chain.stale, source.maxSeq);
  chain.blockStates = block.states;
  chain.stepStates = kept;
  for (const { row, token } of live) (token < call.accepted ? chain.committed : chain.stale).add(row);
  return { call, tokens, states: reports };
}

function compareToken(
  inputs: Values,
  blockResult: RawResults,
  stepResult: RawResults,
  token: number,
  row: number,
): readonly TokenReport[] {
  return Object.entries(blockResult.outputs).map(([output, raw]) => {
    const [array, one] = [toNDArray(raw), toNDArray(stepResult.outputs[output]!)];
    const axis = array.shape.findIndex((n, a) => n !== one.shape[a]);
    // On the difference hidden − x: with large residual channels the whole row hides what the layer did.
    const residual = Object.values(inputs).find((x) => x.shape.join() === array.shape.join());
    const [a, b] = [rowOf(array, axis, token), one.data];
    const x = residual ? rowOf(residual, axis, token) : undefined;
    const measured = distance(minus(a, x), minus(b, x));
    return { output, token, row, ...measured, equal: distance(a, b).equal };
  });
}

const minus = (a: Float64Array, x: Float64Array | undefined): Float64Array => (x ? a.map((v, i) => v - x[i]!) : a);

/** The elements of one token. */
function rowOf(array: NDArray, axis: number, token: number): Float64Array {
  if (axis < 0) return array.data;
  const stride = stridesOf(array.shape)[axis]!;
  const size = array.shape[axis]!;
  return array.data.filter((_, i) => Math.floor(i / stride) % size === token);
}

function compareStates(
  block: RawValues,
  step: RawValues,
  stale: ReadonlySet<number>,
  slots: number,
): readonly StateReport[] {
  return Object.entries(block).map(([state, a]) => {
    const differs = differingElements(a, step[state]!);
    const axis = slotAxisOf(a.shape, slots);
    const stride = axis < 0 ? 1 : stridesOf(a.shape)[axis]!;
    const differing = new Set<number>();
    for (let i = 0; i < a.data.length; i++)
      if (differs(i)) differing.add(axis < 0 ? 0 : Math.floor(i / stride) % slots);
    const rows = [...differing].filter((row) => axis < 0 || !stale.has(row)).sort((x, y) => x - y);
    return { state, equal: rows.length === 0, rows };
  });
}

/** Whether element i differs in bits, the signs of zero and the kinds of NaN aside. */
function differingElements({ data: a }: RawArray, { data: b }: RawArray): (i: number) => boolean {
  if (!(a instanceof Uint16Array)) return (i) => a[i] !== b[i] && !(Number.isNaN(a[i]) && Number.isNaN(b[i]));
  const isNaNBits = (bits: number) => (bits & 0x7fff) > 0x7c00;
  return (i) => a[i] !== b[i] && ((a[i]! | b[i]!) & 0x7fff) !== 0 && !(isNaNBits(a[i]!) && isNaNBits(b[i]!));
}

/** The axis of a state that is the cache's: the last one of that size before the features. */
const slotAxisOf = (shape: Shape, slots: number): number => shape.slice(0, -1).lastIndexOf(slots);
