/** The reference interpreter's word on a pair: whether block and steps differ on data that keep what was printed. */
import { GraphError } from "../../../../src/dsl/error.ts";
import type { Graph } from "../../../../src/dsl/graph.ts";
import { tokenAxisOf } from "../../../../src/dsl/host/output-rows.ts";
import type { Twins } from "../../../../src/dsl/host/twins.ts";
import type { Tensor } from "../../../../src/dsl/tensor.ts";
import { type NDArray, rowOf } from "../../../../src/passes/interpret/array.ts";
import { evaluateAll, type Results } from "../../../../src/passes/interpret/evaluate.ts";
import type { Precision } from "../../../../src/passes/interpret/reading.ts";
import { tieWatch } from "../../../../src/passes/prove/refute/ties.ts";
import { type Contract, type Experiment, experimentOf, type Feeds, isMaskOf, type STRICTEST } from "./feeds.ts";
import { gapOf } from "./gap.ts";

/** exact: bits, the sign of zero aside; reals: values in fp64 but for what another order of sums may do. */
export type Level = "exact" | "reals";

export interface Ran extends Results {
  /** Whether P7 holds: every value computed is finite. */
  readonly finite: boolean;
  /** The largest magnitude of all values. */
  readonly largest: number;
  /** Whether rounding may have decided a comparison, so that fp64 does not speak for the reals. */
  readonly tie: boolean;
}

/** One call. @throws GraphError where a position is outside its axis. */
export function runCall(graph: Graph, values: Feeds, weight: Experiment["weight"], precision: Precision): Ran {
  const all = evaluateAll(graph, { values, weight }, { precision });
  let [finite, largest] = [true, 0];
  const ties = tieWatch();
  for (const [value, array] of all) {
    ties.see(value, array);
    for (const v of array.data) {
      if (!Number.isFinite(v)) finite = false;
      else if (Math.abs(v) > largest) largest = Math.abs(v);
    }
  }
  const get = (x: Tensor): NDArray => all.get(x)!;
  return {
    finite,
    largest,
    tie: ties.met(),
    outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, x]) => [name, get(x)])),
    states: Object.fromEntries(graph.states.map(({ name, exit }) => [name, get(exit)])),
  };
}

export interface Difference {
  readonly seed: number;
  readonly at: string;
  readonly block: number | string;
  readonly step: number | string;
  readonly rows: readonly number[];
}

/** The data do not keep the contract, or nothing can be said of them. */
const UNFIT = "unfit";

/** Runs the pair on one experiment. */
export function tryOnce(
  pair: Twins,
  contract: Contract | typeof STRICTEST,
  level: Level,
  seed: number,
): Difference | typeof UNFIT | undefined {
  const experiment = experimentOf(pair, contract, seed);
  const precision = level === "exact" ? "fp16" : "fp64";
  const where = { seed, rows: experiment.rows };
  const call = (graph: Graph, values: Feeds) => runCall(graph, values, experiment.weight, precision);
  const block = outcome(() => call(pair.block, { ...experiment.block, ...experiment.states }));
  let states: Feeds = experiment.states;
  const entered: Feeds[] = [];
  const steps = experiment.steps.map((fed) =>
    outcome(() => {
      entered.push(states);
      const ran = call(pair.step, { ...fed, ...states });
      states = ran.states;
      return ran;
    }),
  );
  const failed = steps.some((x) => x === undefined);
  if (!block || failed) return UNFIT;
  const ran = steps as readonly Ran[];
  const all = [block, ...ran];
  if ((contract.ids.has("P7") || level === "reals") && !all.every((x) => x.finite)) return UNFIT;
  if (contract.gap !== undefined && gapOfAll(pair, experiment, entered) > contract.gap) return UNFIT;
  if (level === "reals" && all.some((x) => x.tie)) return UNFIT;
  const noise = level === "exact" ? 0 : 1e-9 * (1 + Math.max(...all.map((x) => x.largest)));
  const found = differenceOf(pair, block, ran, noise);
  return found && { ...where, ...found };
}

function outcome(run: () => Ran): Ran | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof GraphError) return undefined;
    throw error;
  }
}

function gapOfAll(pair: Twins, { block, steps, states, weight }: Experiment, entered: readonly Feeds[]): number {
  const all = [
    gapsOf(pair, pair.block, { ...block, ...states }, weight),
    ...steps.map((fed, t) => gapsOf(pair, pair.step, { ...fed, ...entered[t]! }, weight)),
  ];
  return Math.max(...all);
}

/** What meets a masked-out entry in one call (P8). */
export const gapsOf = (pair: Twins, graph: Graph, values: Feeds, weight: Experiment["weight"]): number =>
  gapOf(
    graph,
    ({ def, type }) =>
      def.kind === "weight" ? weight(def.source, type) : values[(def as { readonly name: string }).name]!,
    isMaskOf(pair),
  );

/** The first element at which the block's results are not those of the steps. */
export function differenceOf(
  { block: graph, step, tokens }: Twins,
  block: Results,
  steps: readonly Results[],
  noise: number,
): Pick<Difference, "at" | "block" | "step"> | undefined {
  for (const [name, value] of Object.entries(graph.outputs)) {
    const axis = tokenAxisOf(value, step.outputs[name]!, tokens);
    for (const [t, ran] of steps.entries()) {
      const own = rowOf(block.outputs[name]!, typeof axis === "number" ? axis : undefined, t);
      const found = parts(own, ran.outputs[name]!.data, noise);
      if (found) return { at: `output ${name}, token ${t}, element ${found.k}`, ...found };
    }
  }
  for (const { name } of graph.states) {
    const found = parts(block.states[name]!.data, steps.at(-1)!.states[name]!.data, noise);
    if (found) return { at: `state ${name}, element ${found.k}`, ...found };
  }
  return undefined;
}

/** The first place at which two arrays part; the signs of zero and what NaN is made of do not count. */
export function parts(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  noise: number,
): { readonly k: number; readonly block: number; readonly step: number } | undefined {
  for (let k = 0; k < a.length; k++) {
    const [x, y] = [a[k]!, b[k]!];
    const same = x === y || (Number.isNaN(x) && Number.isNaN(y)) || Math.abs(x - y) <= noise;
    if (!same) return { k, block: x, step: y };
  }
  return undefined;
}

/** The first of some experiments that tells block and steps apart, and how many kept the contract. */
export function searchDifference(
  pair: Twins,
  contract: Contract | typeof STRICTEST,
  level: Level,
  seeds: readonly number[],
): { readonly difference?: Difference; readonly fit: number } {
  let fit = 0;
  for (const seed of seeds) {
    const found = tryOnce(pair, contract, level, seed);
    if (found === UNFIT) continue;
    fit++;
    if (found) return { difference: found, fit };
  }
  return { fit };
}
