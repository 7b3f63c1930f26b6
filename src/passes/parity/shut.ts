/**
 * Whether numbers are so large that what a mask shuts shows: then block and steps may differ, and P8 says that they may. A
 * host that feeds such rows is beyond what the mask can do, whatever the graphs are.
 */
import { slotAxisOf, type Twins, tokenAxisOf } from "../../dsl/twins.ts";
import { arrayOf, rowOf, stridesOf } from "../interpret/array.ts";
import { type RawArray, toNDArray } from "../kernels/raw.ts";
import type { RawResults } from "../run/run.ts";
import type { Feed, Source, Values } from "./feeds.ts";
import { distance } from "./metrics.ts";
import type { Arrays, RunnableGraphs } from "./runner.ts";

/** What a call of the block was given. */
export interface Before {
  readonly inputs: Values;
  readonly context: Feed;
  readonly blockStates: Arrays;
  readonly stepStates: Arrays;
}

interface Job extends Twins, RunnableGraphs {
  readonly source: Source;
}

/** The block again, with zeros where no token may look: hidden cache rows, then the tokens after each. */
export async function showsWhatIsShut(job: Job, before: Before, block: RawResults): Promise<boolean> {
  const { context, inputs, blockStates } = before;
  const live = context.rows.flatMap((row, token) => (row === undefined ? [] : [token]));
  const again = await job.runBlock({ ...inputs, ...withoutHidden(job, context, blockStates) });
  if (live.some((token) => !sameRow(job, again, block, token))) return true;
  for (const token of live.slice(0, -1)) {
    const alone = await job.runBlock({ ...withoutLater(job, inputs, token), ...blockStates });
    if (!sameRow(job, alone, block, token)) return true;
  }
  return false;
}

/** States whose rows are neither committed nor written by this call are 0. */
function withoutHidden({ source: { maxSeq } }: Job, { rows, committed }: Feed, states: Arrays): Arrays {
  const shown = new Set([...committed, ...rows]);
  return changed(states, (array) => {
    const axis = slotAxisOf(array.shape, maxSeq);
    return axis === undefined ? undefined : (i) => !shown.has(i(axis));
  });
}

/** Rows of tokens after `token` are 0, masks and positions as they are. */
function withoutLater({ roles }: Job, inputs: Values, token: number): Arrays {
  return changed(inputs, (_, name) => {
    const role = roles.get(name);
    return role?.kind === "rows" ? (i) => i(role.tokenAxis) > token : undefined;
  });
}

/** Whether an element is to be 0, by its index along an axis. */
type Clears = (i: (axis: number) => number) => boolean;

function changed(arrays: Arrays, clears: (array: RawArray, name: string) => Clears | undefined): Arrays {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => {
      const clear = clears(array, name);
      return [name, clear ? cleared(array, clear) : array];
    }),
  );
}

function cleared(array: RawArray, clear: Clears): RawArray {
  const { dtype, shape, data } = toNDArray(array);
  const strides = stridesOf(shape);
  return arrayOf(
    dtype,
    shape,
    data.map((x, n) => (clear((axis) => Math.floor(n / strides[axis]!) % shape[axis]!) ? 0 : x)),
  );
}

/** Every output of the block, at one token. */
function sameRow({ block, step, tokens }: Twins, a: RawResults, b: RawResults, token: number): boolean {
  return Object.entries(block.outputs).every(([name, value]) => {
    const found = tokenAxisOf(value, step.outputs[name]!, tokens);
    const axis = typeof found === "number" ? found : undefined;
    const [x, y] = [a, b].map(({ outputs }) => rowOf(toNDArray(outputs[name]!), axis, token)) as [
      Float64Array,
      Float64Array,
    ];
    return distance(x, y).equal;
  });
}
