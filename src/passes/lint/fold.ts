/** Runs the ops over constants: all at once where that is small, else one result after another, and none that is too large. */
import { graph, schedule } from "../../dsl/graph.ts";
import { type Def, operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { has } from "../../dsl/traits.ts";
import { sizeOf } from "../../dsl/type.ts";
import type { WeightStream } from "../run/constants.ts";
import { type Plan, planOf } from "../run/plan.ts";
import { bytesOf, prepare } from "../run/run.ts";
import { type Range, rangeOfElements } from "./range.ts";

/** What one op over constants gives, or why it was not run. */
export interface Folded {
  readonly value: Tensor;
  readonly found: Range | string;
}

/** Bytes of memory that are taken for all at once, and for one result with all that it is made of. */
const [AT_ONCE, AT_MOST] = [2 ** 26, 2 ** 30];
/** Products that are added up for one result: some seconds on one core. */
const MOST_WORK = 1e10;

/**
 * The range of every value of `ops`, which together with constants and weights are all that they are made of.
 * @throws GraphError where an op has no result, such as a gather outside its axis
 */
export async function foldedRanges(
  ops: readonly Tensor[],
  weights: WeightStream = noWeights,
): Promise<readonly Folded[]> {
  const wanted = new Set(ops.map(({ def }) => def));
  const found = new Map<Def, Folded>();
  for (const together of batchesOf(lastOf(ops))) {
    const values = schedule(graphOf(together)).filter(({ def }) => wanted.has(def) && !found.has(def));
    if (values.length === 0) continue;
    const why = tooMuch(values);
    const ranges = why === undefined ? await run(values, weights) : values.map((value) => ({ value, found: why }));
    for (const one of ranges) found.set(one.value.def, one);
  }
  return [...found.values()];
}

/** Those that no other one is made of. */
function lastOf(ops: readonly Tensor[]): readonly Tensor[] {
  const used = new Set(ops.flatMap(({ def }) => (def.kind === "op" ? operandsOf(def) : [])).map(({ def }) => def));
  return ops.filter(({ def }) => !used.has(def));
}

/** Small results together, every other one by itself. */
function batchesOf(roots: readonly Tensor[]): readonly (readonly Tensor[])[] {
  const isSmall = (value: Tensor) => bytesOfValues(schedule(graphOf([value]))) <= AT_ONCE / roots.length;
  const small = roots.filter(isSmall);
  const batches = roots.filter((root) => !small.includes(root)).map((root) => [root]);
  return small.length > 0 ? [small, ...batches] : batches;
}

const graphOf = (values: readonly Tensor[]) =>
  graph({ name: "constants", inputs: [], outputs: Object.fromEntries(values.map((x, n) => [`y${n}`, x])) });

/** No element takes more than 4 bytes. */
const bytesOfValues = (values: readonly Tensor[]): number =>
  values.reduce((sum, { type }) => sum + 4 * sizeOf(type.shape), 0);

function tooMuch(values: readonly Tensor[]): string | undefined {
  const all = schedule(graphOf(values));
  if (bytesOfValues(all) > AT_MOST) return `whose computation takes more than ${AT_MOST / 2 ** 30} GiB`;
  const work = all.reduce((sum, value) => sum + workOf(value), 0);
  return work > MOST_WORK ? `whose computation takes more than ${MOST_WORK} products` : undefined;
}

function workOf({ def, type }: Tensor): number {
  if (def.kind !== "op" || !has(def, "contracts")) return 0;
  return sizeOf(type.shape) * Math.max(...operandsOf(def).map((x) => Math.max(1, ...x.type.shape)));
}

async function run(values: readonly Tensor[], weights: WeightStream): Promise<readonly Folded[]> {
  const plan: Plan = planOf(graphOf(values));
  if (bytesOf([plan]) > 2 * AT_MOST)
    return values.map((value) => ({ value, found: `whose computation takes more than ${AT_MOST / 2 ** 30} GiB` }));
  const executor = await prepare([plan], weights);
  try {
    const { outputs } = executor.run(plan, {});
    return values.map((value, n) => ({ value, found: rangeOfElements(value.type.dtype, outputs[`y${n}`]!.data) }));
  } finally {
    await executor.close();
  }
}

const noWeights: WeightStream = () => {
  throw new Error("a weight has no part in what is folded without weights");
};
