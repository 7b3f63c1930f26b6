/** One call of a graph on the engine's arithmetic, beside the same call in fp16: what is known of each value, and how far apart they are. */

import { checkMemory } from "../../api/memory.ts";
import type { Graph } from "../../dsl/graph.ts";
import { meet } from "../../dsl/host/twins.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { sizeOf, type TensorType } from "../../dsl/type.ts";
import type { WeightSource } from "../../dsl/weight-source.ts";
import { ARITHMETIC_SOURCE, type ArithmeticChip } from "../../passes/engine/chips.ts";
import { type Estimate, type Knowledge, knowledgeOf } from "../../passes/engine/estimate.ts";
import { engineOps } from "../../passes/engine/run-op.ts";
import type { NDArray } from "../../passes/interpret/array.ts";
import { evaluateAll } from "../../passes/interpret/evaluate.ts";
import { toNDArray } from "../../passes/kernels/raw.ts";
import { type TokenDistance, tokenDistances } from "../../passes/parity/token-distance.ts";
import { engineWatch, type WatchedValue } from "../../passes/run/engine-watch.ts";
import { type Plan, planOf } from "../../passes/run/plan.ts";
import { type Executor, prepare, type RawResults } from "../../passes/run/run.ts";
import { scaledBehind } from "../../passes/scale-behind.ts";
import type { Arrays } from "../../weights/safetensors/arrays.ts";
import type { OpenPair } from "../subject/pair.ts";
import type { Io } from "../terminal/io.ts";

/** A call of a planned graph. */
export type Run = (values: Arrays, io: Io) => Promise<{ readonly results: RawResults; readonly engine?: EngineRecord }>;

/** What is told of a value that an op makes. */
export interface EngineValue {
  readonly value: string;
  readonly op: string;
  readonly known: Knowledge;
  /** What of the op itself is not on record. */
  readonly why?: string;
  readonly products: number;
  readonly lost: number;
  readonly overflowed: number;
  readonly mayOverflow: number;
}

/** What a run on the engine's arithmetic tells. */
export interface EngineRecord {
  readonly chip: ArithmeticChip;
  readonly source: string;
  readonly values: readonly EngineValue[];
  /** Of the engine's outputs from those of the fp16 reference. */
  readonly distance: readonly TokenDistance[];
  /** Where weights are int8 codes with scales: the same with the scales behind the sums. */
  readonly scaleBehind?: ScaleBehind;
  /** Of graphs small enough for it: the ends between which the engine's numbers lie, by output. */
  readonly bounds?: Readonly<Record<string, { readonly low: readonly number[]; readonly high: readonly number[] }>>;
}

/** The other reading of quantised weights: which of both a device has is not on record. */
export interface ScaleBehind {
  /** From the outputs with the scales inside the weights. */
  readonly distance: readonly TokenDistance[];
  /** Sums of unscaled codes that stick at infinity, and those that may in another order. */
  readonly overflowed: number;
  readonly mayOverflow: number;
}

/** Products and elements up to which bounds are computed: the slow reading takes microseconds for each. */
const SMALL = 200_000;

/** Plans both; checks that they fit. */
export function engineRun(pair: OpenPair, chip: ArithmeticChip): Run {
  const watch = engineWatch(pair.block);
  const [engine, reference] = [planOf(pair.block, watch.options), planOf(pair.block)];
  const behind = scaledBehind(pair.block);
  const other = behind && otherReading(behind);
  const plans = [engine, reference, ...(other ? [other.plan] : [])];
  checkMemory(plans, "this run");
  return (values, io) =>
    onExecutor(pair, plans, io, (executor) => {
      const results = executor.run(engine, values, watch.observe);
      const { tokens } = meet(pair.block, pair.step, pair.given);
      const distance = tokenDistances(pair, tokens, results.outputs, executor.run(reference, values).outputs);
      const told = watch.values();
      const isSmall = costOf(told) <= SMALL;
      const estimates = isSmall ? estimated(executor, engine, values) : undefined;
      const record = {
        chip,
        source: ARITHMETIC_SOURCE,
        values: told.map((one) => described(pair, one, estimates?.get(one.value))),
        distance,
        ...(other ? { scaleBehind: other.run(executor, values, { pair, tokens, inside: results.outputs }) } : {}),
        ...(estimates ? { bounds: boundsOf(pair, estimates) } : {}),
      };
      return { results, engine: record };
    });
}

interface Beside {
  readonly pair: OpenPair;
  readonly tokens: number;
  readonly inside: Arrays;
}

function otherReading(graph: Graph) {
  const watch = engineWatch(graph);
  const plan = planOf(graph, watch.options);
  return {
    plan,
    run(executor: Executor, values: Arrays, { pair, tokens, inside }: Beside): ScaleBehind {
      const { outputs } = executor.run(plan, values, watch.observe);
      const tallies = watch.values().map(({ tally }) => tally);
      return {
        distance: tokenDistances(pair, tokens, outputs, inside),
        overflowed: tallies.reduce((sum, { overflowed }) => sum + overflowed, 0),
        mayOverflow: tallies.reduce((sum, { mayOverflow }) => sum + mayOverflow, 0),
      };
    },
  };
}

/** Opens the weights, runs, and closes all again. */
export async function onExecutor<R>(
  pair: OpenPair,
  plans: readonly Plan[],
  io: Io,
  use: (executor: Executor) => R,
): Promise<R> {
  const store = await pair.openWeights();
  const loading = io.progress("loading weights");
  try {
    const executor = await prepare(plans, store.stream, { progress: loading.update });
    const result = use(executor);
    await executor.close();
    return result;
  } finally {
    loading.end();
    await store.close();
  }
}

const costOf = (values: readonly WatchedValue[]): number =>
  values.reduce((sum, { value, tally }) => sum + tally.products + elementsOf(value), 0);

function elementsOf({ def, type }: Tensor): number {
  const operands = def.kind === "op" ? Object.values(def.operands).flat() : [];
  return operands.reduce((sum, x) => sum + sizeOf((x as Tensor).type.shape), sizeOf(type.shape));
}

type Estimates = ReadonlyMap<Tensor, Estimate>;

/** The slow reading on the contents that the executor holds. */
function estimated(executor: Executor, plan: Plan, values: Arrays): Estimates {
  const weights = new Map<string, NDArray>();
  const keyOf = (source: WeightSource, type: TensorType) => JSON.stringify([source, type.dtype, type.shape]);
  executor.showConstants(plan, ({ def, type }, contents) => {
    if (def.kind === "weight") weights.set(keyOf(def.source, type), toNDArray(contents));
  });
  const arrays = Object.fromEntries(Object.entries(values).map(([name, x]) => [name, toNDArray(x)]));
  const weight = (source: WeightSource, type: TensorType): NDArray => weights.get(keyOf(source, type))!;
  return evaluateAll(plan.graph, { values: arrays, weight }, { runOp: engineOps() });
}

function described({ block }: OpenPair, { value, level, why, tally }: WatchedValue, estimate?: Estimate): EngineValue {
  const output = Object.entries(block.outputs).find(([, other]) => other === value)?.[0];
  const op = value.def.kind === "op" ? value.def.op : value.def.kind;
  const { products, lost, overflowed, mayOverflow } = tally;
  // Where bounds were computed they decide.
  const known = estimate ? knowledgeOf(estimate) : level;
  const reason = why === undefined || known === "exact" ? {} : { why };
  return { value: value.name ?? output ?? op, op, known, ...reason, products, lost, overflowed, mayOverflow };
}

function boundsOf({ block }: OpenPair, estimates: Estimates): NonNullable<EngineRecord["bounds"]> {
  return Object.fromEntries(
    Object.entries(block.outputs).map(([name, value]) => {
      const { data, low = data, high = data } = estimates.get(value)!;
      return [name, { low: [...low], high: [...high] }];
    }),
  );
}
