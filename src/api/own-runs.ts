/** Runs of a pair at its true size with the weights that it holds: what a proof of large graphs is attacked with. */
import type { Graph } from "../dsl/graph.ts";
import { meetInputs } from "../dsl/host/twins.ts";
import type { Tensor } from "../dsl/tensor.ts";
import type { NDArray } from "../passes/interpret/array.ts";
import type { Precision } from "../passes/interpret/reading.ts";
import { MOST_MACHINE } from "../passes/kernels/machine.ts";
import { type RawArray, toNDArray } from "../passes/kernels/raw.ts";
import { isLarge } from "../passes/prove/refute/cost.ts";
import type { OwnRuns } from "../passes/prove/refute/sample.ts";
import { type Plan, planOf } from "../passes/run/plan.ts";
import { memoryOf, prepare } from "../passes/run/run.ts";
import { freeMemory } from "./memory.ts";
import type { OpenGraphs, Watch } from "./open-graphs.ts";

/** Which weights of packages are equal was asked before. */
const HASHED = { hashed: true } as const;

/** Calls, until they are closed. */
export interface OpenRuns extends OwnRuns {
  close(): Promise<void>;
}

/** Undefined where the prover needs none: small graphs, or a model that it builds at small sizes; or where memory does not do, or nobody gave weights. */
export async function ownRuns(pair: OpenGraphs, watch: Watch): Promise<OpenRuns | undefined> {
  const { block, step, given } = pair;
  if (pair.small || !pair.openWeights || !isLarge(pair, meetInputs(block, step, given).tokens)) return undefined;
  const plans = new Map(
    (["fp16", "fp64"] as const).flatMap((precision) =>
      [block, step].map((graph): [string, Plan] => [`${precision} ${graph === block}`, planOf(graph, { precision })]),
    ),
  );
  const { machine, outside } = memoryOf([...plans.values()], HASHED);
  if (machine > MOST_MACHINE || machine + outside > freeMemory()) return undefined;
  const loading = watch.progress("loading weights");
  const store = await pair.openWeights();
  const executor = await prepare([...plans.values()], store.stream, { ...HASHED, progress: loading.update }).finally(
    loading.end,
  );
  return {
    call(graph, precision: Precision, values, see) {
      const plan = plans.get(`${precision} ${graph === block}`)!;
      if (see) for (const leaf of leavesOf(graph)) see(leaf, values[leaf.name!]!);
      const { outputs, states } = executor.run(plan, values, see && ((value, raw) => see(value, seenAs(raw))));
      return { outputs: inDoubles(outputs), states: inDoubles(states) };
    },
    async close() {
      await executor.close();
      await store.close();
    },
  };
}

const leavesOf = ({ inputs, states }: Graph): readonly Tensor[] => [...inputs, ...states.map(({ entry }) => entry)];

/** Doubles as they lie in the machine's memory: whoever sees them copies what it keeps. */
const seenAs = (raw: RawArray): NDArray =>
  raw.data instanceof Float64Array ? { ...raw, data: raw.data } : toNDArray(raw);

const inDoubles = (arrays: Readonly<Record<string, RawArray>>) =>
  Object.fromEntries(Object.entries(arrays).map(([name, raw]) => [name, seenAs(raw)]));
