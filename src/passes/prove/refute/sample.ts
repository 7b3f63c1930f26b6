/** Concrete data that keep the preconditions, for running both graphs in the interpreter. */
import { isGraphError } from "../../../dsl/error.ts";
import type { Graph } from "../../../dsl/graph.ts";
import { schedule } from "../../../dsl/graph.ts";
import type { Twins } from "../../../dsl/host/twins.ts";
import { roundTo } from "../../../dsl/number.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { isFloat, sizeOf, type TensorType } from "../../../dsl/type.ts";
import { arrayOf, type NDArray } from "../../interpret/array.ts";
import { type Bindings, type EvaluateOptions, evaluate, type Results } from "../../interpret/evaluate.ts";
import { IndexError, type Precision } from "../../interpret/reading.ts";
import { compiledOps } from "../../kernels/code/run-op.ts";
import type { ProvenPair } from "../program/pair.ts";
import { fedRows, feeds, keyOfInput, keyOfState, keyOfWeight, nameOf, type Sample } from "./feeds.ts";
import { rowsFor } from "./rows-for.ts";

/** A stream of uniform numbers in [-1, 1) (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

const hashOf = (text: string): number =>
  [...text].reduce((h, ch) => Math.imul(h ^ ch.charCodeAt(0), 16777619), 2166136261);

/** How the data of a sample are spread. */
export interface Style {
  /** Largest number fed as a row; weights are as usual. */
  readonly scale?: number;
  /** Largest number in a cache. */
  readonly stale?: number;
  /** Which cache rows the tokens write. */
  readonly rows?: "scattered" | "contiguous" | "first" | "last" | "falling";
  /** Which cache rows the tokens see besides their own. */
  readonly visible?: "some" | "all" | "none";
  /** Cache rows that the tokens may write, the last one excluded; all when absent. */
  readonly within?: readonly [first: number, end: number];
  /** Which tokens are padding; none when absent. */
  readonly padding?: "odd" | "even";
}

/** What the weights of a run are: random like all else, or those that the graphs hold. */
export type Weights = "random" | "own";

/** Random data from a seed. */
export function sampleOf(pair: ProvenPair, seed: number, style: Style = {}, weights: Weights = "random"): Sample {
  const { block, step, roles, placeOf } = pair;
  const { scale = 2, stale = 2 } = style;
  const arrays = new Map<string, Float64Array>();
  const fill = (key: string, n: number, dtype: TensorType["dtype"], largest: number) => {
    const next = uniform(seed ^ hashOf(key));
    const data = new Float64Array(Math.max(n, arrays.get(key)?.length ?? 0));
    for (let k = 0; k < data.length; k++) data[k] = elementOf(dtype, next() * largest);
    arrays.set(key, data);
  };
  for (const { value, role } of fedRows(block, roles)) {
    if (role.kind === "rows" || role.kind === "shared")
      fill(keyOfInput(nameOf(value)), sizeOf(value.type.shape), value.type.dtype, scale);
  }
  for (const { name, entry } of block.states) fill(keyOfState(name), sizeOf(entry.type.shape), entry.type.dtype, stale);
  for (const value of weights === "own" ? [] : [...schedule(block), ...schedule(step)]) {
    if (value.def.kind !== "weight" || pair.tableOf(value.def.source, value.type)) continue;
    const { base, offset } = placeOf(value.def.source, value.type);
    const size = sizeOf(value.type.shape);
    const largest = Math.max(...value.type.shape) === size ? 1 : 0.6;
    fill(keyOfWeight(base), offset + size, value.type.dtype, largest);
  }
  const next = uniform(seed + 17);
  return {
    arrays,
    rows: rowsFor(pair, style, next),
    visible: visibleRows(pair, seed, style.visible),
    ...(style.padding ? { dead: deadTokens(pair.tokens, style.padding) } : {}),
  };
}

/** Every other token, the first or the second among them. */
const deadTokens = (tokens: number, which: NonNullable<Style["padding"]>): ReadonlySet<number> =>
  new Set(Array.from({ length: tokens }, (_, t) => t).filter((t) => t % 2 === (which === "even" ? 0 : 1)));

/** Of every mask, whatever it is called: a host may open other rows in one than in another. With a window, of its rows and those of tokens. */
function visibleRows({ block, step, roles, tokens, slots = 0 }: Twins, seed: number, which: Style["visible"] = "some") {
  const names = [...block.inputs, ...step.inputs].map(nameOf).filter((name) => roles.get(name)!.kind === "mask");
  return new Map(
    names.map((name) => {
      const next = uniform(seed ^ hashOf(`visible ${name}`));
      const open = () => which === "all" || (which === "some" && next() > -0.4);
      const role = roles.get(name)!;
      const length = role.kind === "mask" && role.behind ? role.behind.rows + tokens : slots;
      return [name, Array.from({ length }, open)] as const;
    }),
  );
}

const elementOf = (dtype: TensorType["dtype"], x: number): number =>
  roundTo(dtype, isFloat(dtype) ? x : Math.round(8 * x));

/** Results of the block and of its steps on one sample. */
export interface BothRuns {
  readonly block: Results;
  /** Results of the steps, in order; the last one holds the states at exit. */
  readonly steps: readonly Results[];
}

/** Is shown every value on the way, as it is made. */
export type See = (value: Tensor, array: NDArray) => void;

/** Runs the block once and the step once per token, on one sample. */
export type RunBoth = (sample: Sample, see?: See) => BothRuns;

/** Calls of the graphs with the weights that they hold: for graphs that are too large for `bothRunner`. */
export interface OwnRuns {
  readonly call: (graph: Graph, precision: Precision, values: Bindings["values"], see?: See) => Results;
}

/** Compiles both graphs at their first run; the weights are those of the sample. */
export function bothRunner(pair: ProvenPair, precision: Precision): RunBoth {
  const runOp = compiledOps(precision);
  return (sample, see) => {
    const weight = weightsOf(pair, sample);
    const options: EvaluateOptions = { precision, runOp, ...(see ? { see } : {}) };
    return runBoth(pair, sample, (graph, values) => evaluate(graph, { values, weight }, options));
  };
}

/** Runs the block alone on inputs and states that somebody made, with the weights of a sample. */
export type RunBlock = (sample: Sample, values: Bindings["values"]) => Results;

/** Compiles the block at its first run. */
export function blockRunner(pair: ProvenPair, precision: Precision): RunBlock {
  const runOp = compiledOps(precision);
  return (sample, values) => evaluate(pair.block, { values, weight: weightsOf(pair, sample) }, { precision, runOp });
}

/** The same with calls, and weights, of the graphs' own. */
export const ownRunner =
  (pair: ProvenPair, precision: Precision, { call }: OwnRuns): RunBoth =>
  (sample, see) =>
    runBoth(pair, sample, (graph, values) => call(graph, precision, values, see));

const weightsOf =
  ({ placeOf, tableOf }: ProvenPair, sample: Sample): NonNullable<Bindings["weight"]> =>
  (source, type) => {
    const table = tableOf(source, type);
    if (table) return arrayOf(type.dtype, type.shape, Float64Array.from(table));
    const { base, offset } = placeOf(source, type);
    const stored = sample.arrays.get(keyOfWeight(base))!;
    return arrayOf(type.dtype, type.shape, stored.subarray(offset, offset + sizeOf(type.shape)));
  };

function runBoth(
  pair: ProvenPair,
  sample: Sample,
  call: (graph: Graph, values: Bindings["values"]) => Results,
): BothRuns {
  let states: Readonly<Record<string, NDArray>> = Object.fromEntries(
    pair.block.states.map(({ name, entry }) => [
      name,
      arrayOf(entry.type.dtype, entry.type.shape, sample.arrays.get(keyOfState(name))!),
    ]),
  );
  const at = (graph: Graph, first: number) => call(graph, { ...feeds(graph, pair, sample, first), ...states });
  const block = at(pair.block, 0);
  const steps: Results[] = [];
  for (let t = 0; t < pair.tokens; t++) {
    const result = at(pair.step, t);
    steps.push(result);
    states = result.states;
  }
  return { block, steps };
}

/** The result of a run; undefined where an op is not defined for the data, such as an index outside its axis. */
export function runWhereDefined<X>(run: () => X): X | undefined {
  try {
    return run();
  } catch (error) {
    if (isGraphError(error) || error instanceof IndexError) return undefined;
    throw error;
  }
}
