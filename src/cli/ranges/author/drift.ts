/** What exponents cost an author's graph under the engine's arithmetic: the block with and without them beside fp64, on sample inputs. */
import { checkMemory } from "../../../api/memory.ts";
import type { Graph } from "../../../dsl/graph.ts";
import type { Arithmetic } from "../../../passes/kernels/arithmetic.ts";
import { planOf } from "../../../passes/run/plan.ts";
import { prepare } from "../../../passes/run/run.ts";
import type { WeightStore } from "../../../weights/store.ts";
import type { Args } from "../../options/command.ts";
import { BLOCKS, blockInputs } from "../../survey/rows.ts";
import type { Io } from "../../terminal/io.ts";
import type { SafeGraph } from "./safe.ts";
import { emptyStates, fitted, numbersOf } from "./samples.ts";

/** ‖engine − fp64‖ / ‖fp64‖ over all outputs of all blocks; no finite number where the engine's are none. */
export interface GraphDrift {
  readonly blocks: number;
  readonly tokens: number;
  readonly safe: number;
  readonly plain: number;
}

/** The block with exponents, and its step, for inputs; what was chosen, and how many rows the caches have. */
interface Drifting {
  readonly block: Graph;
  readonly step: Graph;
  readonly tokens: number;
  readonly maxSeq: number;
  readonly safe: SafeGraph;
}

/** @throws UserError when there is no memory, and for what the weights refuse */
export async function graphDrift(given: Drifting, store: WeightStore, args: Args, io: Io): Promise<GraphDrift> {
  const { block, tokens, maxSeq, safe } = given;
  const plain = safe.plain({ tokens, maxSeq });
  const ways = [
    [plain, "fp64"],
    [plain, "engine"],
    [block, "engine"],
  ] as const satisfies readonly (readonly [Graph, Arithmetic])[];
  const plans = ways.map(([graph, precision]) => planOf(graph, { precision }));
  checkMemory(plans, "running on the engine's arithmetic");
  const blocks = Math.max(1, Math.min(BLOCKS, Math.floor(maxSeq / tokens)));
  const loading = io.progress("loading weights");
  const executor = await prepare(plans, store.stream, { progress: loading.update }).finally(loading.end);
  const progress = io.progress("running on the engine's arithmetic");
  const sums = [0, 0, 0];
  try {
    let states = plans.map(() => emptyStates(plain));
    for (let n = 0; n < blocks; n++) {
      progress.update(n, blocks);
      io.signal.throwIfAborted();
      const inputs = await inputsOf(given, store, args, n, blocks);
      const results = plans.map((plan, k) => executor.run(plan, { ...inputs, ...states[k]! }));
      states = results.map((one) => one.states);
      const [exact, ...engine] = results.map(({ outputs }) =>
        Object.values(outputs).flatMap((x) => [...numbersOf(x)]),
      ) as [number[], ...number[][]];
      sums[0]! += exact.reduce((sum, x) => sum + x * x, 0);
      for (const [k, one] of engine.entries()) sums[k + 1]! += one.reduce((sum, x, i) => sum + (x - exact[i]!) ** 2, 0);
    }
  } finally {
    progress.end();
    await executor.close();
  }
  // Of outputs that are all zero every difference is as large as can be.
  const off = (k: number): number => (sums[k] === 0 ? 0 : Math.sqrt(sums[k]! / sums[0]!));
  return { blocks, tokens, plain: off(1), safe: off(2) };
}

async function inputsOf(
  { step, tokens, maxSeq, safe }: Drifting,
  store: WeightStore,
  args: Args,
  n: number,
  blocks: number,
) {
  // The inputs of the graph without exponents are those of the graph with them.
  const pair = {
    block: safe.plain({ tokens, maxSeq }),
    step,
    given: new Map(),
    storedWeights: false,
  };
  const own = { ...args, whole: (option: string) => (option === "tokens" ? tokens : args.whole(option)) };
  const arrays = Object.entries(await blockInputs(pair, store, own, n, blocks));
  return Object.fromEntries(arrays.map(([name, array]) => [name, fitted(array, safe.bounded.given.get(name))]));
}
