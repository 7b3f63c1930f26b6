/**
 * What each token of a block reads of a cache, found by running: a cache row, or the rows that the host feeds of one token, is replaced
 * by other numbers, and an output row that then differs has read it. Two calls are run: of the first m of T tokens are accepted, and the
 * second goes on behind them.
 */

import type { OpenGraphs } from "../api/open-graphs.ts";
import { isGraphError } from "../dsl/error.ts";
import { outputRows } from "../dsl/host/output-rows.ts";
import { twinsOf } from "../dsl/host/twins.ts";
import { isUserError, sentenceOf } from "../dsl/user-error.ts";
import { type NDArray, stridesOf } from "../passes/interpret/array.ts";
import { IndexError } from "../passes/interpret/reading.ts";
import { feed, type Source } from "../passes/parity/feeds.ts";
import { abilitiesOf } from "../passes/parity/sequence.ts";
import { type ProvenPair, provenPair } from "../passes/prove/program/pair.ts";
import { isLarge, smallOrNone } from "../passes/prove/refute/cost.ts";
import { keyOfState } from "../passes/prove/refute/feeds.ts";
import { blockRunner, type RunBlock, sampleOf, uniform } from "../passes/prove/refute/sample.ts";
import type { Attention, AttentionCall, Scenario } from "./data.ts";
import { rowAlong, withRow } from "./one-row.ts";

const SEED = 11;
/** More tokens make a picture in which nobody finds their way. */
const MOST_TOKENS = 8;

const none = (why: string): Attention => ({
  state: "none",
  says: [`not computed: ${why}`],
  tokens: 0,
  slots: 0,
  scenarios: [],
});

/** The matrices of a pair, or why there are none. */
export function attentionOf(open: OpenGraphs): Attention {
  try {
    return computed(open);
  } catch (error) {
    if (isGraphError(error) || isUserError(error)) return none(sentenceOf(error));
    if (error instanceof IndexError) return none("an op of it is not defined on the numbers that were fed");
    throw error;
  }
}

function computed(open: OpenGraphs): Attention {
  const { tokens, roles, slots } = twinsOf(open.block, open.step, open.given);
  if (tokens === 1) return none("the block has one token, or nothing beside it tells which of its rows are tokens");
  if (tokens > MOST_TOKENS) return none(`a block of ${tokens} tokens is larger than the ${MOST_TOKENS} that are shown`);
  if (slots === undefined || ![...roles.values()].some(({ kind }) => kind === "mask"))
    return none("it has no mask over the rows of a cache");
  const small = smallOrNone(open.small && ((size) => open.small!(size, 2 * size)), tokens);
  const pair = provenPair((small ?? open).block, (small ?? open).step, { given: open.given });
  if (isLarge(pair, 10 * tokens)) return none("it is too large to be run that often, and cannot be built smaller");
  if (pair.block.states.length === 0) return none("it has no states");
  if ([...pair.roles.values()].some((role) => role.kind === "mask" && role.behind))
    return none("the call's own tokens are columns of its mask, not rows of the cache");
  if (!abilitiesOf(pair).rejecting)
    return none("the host shifts its cache by every token, so that none can be rejected");
  const run = blockRunner(pair, "fp64");
  const scenarios = Array.from({ length: tokens + 1 }, (_, m) => m)
    .filter((m) => m + tokens <= pair.slots!)
    .map((accepted) => scenarioOf(pair, run, accepted));
  return { state: "shown", says: saysOf(scenarios, tokens), tokens, slots: pair.slots!, scenarios };
}

/** Bits of a cell. */
const [OPEN, SLOT, READ, OLD] = [1, 2, 4, 8] as const;

function saysOf(scenarios: readonly Scenario[], tokens: number): readonly string[] {
  const cells = scenarios.flatMap(({ calls }) => calls.flatMap((call) => call.cells.flat()));
  const closed = cells.filter((cell) => cell & READ && !(cell & OPEN)).length;
  const left = cells.filter((cell) => cell & OLD).length;
  const strayed = scenarios.flatMap(({ calls }) =>
    calls.flatMap(({ rows, wrote }) => wrote.filter((one, row) => one !== rows.includes(row))),
  ).length;
  const first =
    closed + left + strayed === 0
      ? "no token was seen to read a row that its mask closes, nor what stood in a row before the call wrote it; each call changed its own rows alone"
      : `${closed} times a token reads a row that its mask closes, ${left} times what stood in a row before the call wrote it; ${strayed} times a row changed that no token writes, or did not that one writes`;
  return [
    first,
    `Computed by runs at small sizes: after a first block of ${tokens} tokens m of them are accepted, and the next block begins behind those. What was not seen to be read is not shown never to be.`,
  ];
}

type Values = Readonly<Record<string, NDArray>>;

/** Two calls that share their states. */
function scenarioOf(pair: ProvenPair, run: RunBlock, accepted: number): Scenario {
  const sample = sampleOf(pair, SEED);
  const source: Source = { seed: SEED, roles: pair.roles, maxSeq: pair.slots! };
  // Stale from the first: a cache that was never cleared.
  let states: Values = Object.fromEntries(
    pair.block.states.map(({ name, entry: { type } }) => [
      name,
      { ...type, data: sample.arrays.get(keyOfState(name))! },
    ]),
  );
  const calls = [0, accepted].map((start, k): AttentionCall => {
    const rows = Array.from({ length: pair.tokens }, (_, t) => start + t);
    const committed = new Set(Array.from({ length: start }, (_, row) => row));
    // Other tokens than the rejected ones, whose rows they get.
    const inputs = feed(pair.block, source, { rows, committed, stream: k * pair.tokens });
    const call: Call = { pair, rows, inputs, states, run: (values) => run(sample, values) };
    const made = callOf(call);
    states = call.run({ ...inputs, ...states }).states;
    return made;
  });
  return { accepted, calls };
}

interface Call {
  readonly pair: ProvenPair;
  readonly rows: readonly number[];
  readonly inputs: Values;
  readonly states: Values;
  readonly run: (values: Values) => ReturnType<RunBlock>;
}

function callOf(call: Call): AttentionCall {
  const { pair, rows, inputs, states, run } = call;
  const slots = pair.slots!;
  const before = run({ ...inputs, ...states });
  const cells = rows.map((own, t) =>
    Array.from({ length: slots }, (_, row) => (row === own ? SLOT : 0) | (isOpen(call, t, row) ? OPEN : 0)),
  );
  const mark = (row: number, values: Values, bit: number): void => {
    const after = run(values);
    for (const t of rowsThatDiffer(pair, before.outputs, after.outputs)) cells[t]![row]! |= bit;
  };
  for (let row = 0; row < slots; row++)
    mark(row, { ...inputs, ...withOtherRow(pair, states, row) }, rows.includes(row) ? OLD : READ);
  for (const [t, row] of rows.entries()) mark(row, { ...withOtherToken(pair, inputs, t), ...states }, READ);
  const wrote = Array.from({ length: slots }, (_, row) =>
    pair.block.states.some(({ name }) => {
      const found = rowOf(pair, states[name]!, row);
      return rowOf(pair, before.states[name]!, row).some((x, k) => x !== found[k]);
    }),
  );
  return { rows, cells, wrote };
}

/** Whether any mask has that entry open. */
const isOpen = ({ pair, inputs }: Call, t: number, row: number): boolean =>
  [...pair.roles].some(([name, role]) => {
    const array = inputs[name];
    if (role.kind !== "mask" || !array) return false;
    const at = stridesOf(array.shape)[role.tokenAxis]! * t + stridesOf(array.shape)[role.slotAxis]! * row;
    return array.dtype === "bool" ? array.data[at] === 1 : array.data[at] === (role.open ?? 0);
  });

/** The axis of cache rows of a state. */
function slotAxis({ slots }: ProvenPair, shape: readonly number[]): number {
  return shape.at(-2) === slots ? shape.length - 2 : shape.indexOf(slots!);
}

const rowOf = (pair: ProvenPair, { shape, data }: NDArray, row: number): readonly number[] =>
  rowAlong({ shape, data }, slotAxis(pair, shape), row);

/** The numbers of one row of an array by others. */
const replaced = (array: NDArray, axis: number, row: number): NDArray => {
  const next = uniform(SEED + 100 + row);
  return withRow(array, axis, row, () => 2 * next());
};

const withOtherRow = (pair: ProvenPair, states: Values, row: number): Values =>
  Object.fromEntries(
    Object.entries(states).map(([name, array]) => {
      const axis = slotAxis(pair, array.shape);
      return [name, axis < 0 ? array : replaced(array, axis, row)];
    }),
  );

const withOtherToken = ({ roles }: ProvenPair, inputs: Values, t: number): Values =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, array]) => {
      const role = roles.get(name);
      return [name, role?.kind === "rows" && !role.rope ? replaced(array, role.tokenAxis, t) : array];
    }),
  );

/** The tokens whose output rows are not the same. */
function rowsThatDiffer(pair: ProvenPair, before: Values, after: Values): ReadonlySet<number> {
  const found = new Set<number>();
  for (const [name, { shape, data }] of Object.entries(before)) {
    const { axis } = outputRows(pair, name);
    if (axis === undefined) continue;
    const stride = stridesOf(shape)[axis]!;
    for (let k = 0; k < data.length; k++)
      if (!Object.is(data[k], after[name]!.data[k])) found.add(Math.floor(k / stride) % shape[axis]!);
  }
  return found;
}
