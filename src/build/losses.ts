/** What quantising costs every matrix of a build, those too whose parts stood already when it went on. */
import { schedule } from "../dsl/graph.ts";
import type { QuantisedWeight, QuantisingStore } from "../weights/quantise/quantise.ts";
import type { BuildPlan } from "./plan.ts";

/**
 * In the order of the plan, which is that of no interrupt: a matrix that was not quantised yet is, and what comes of it dropped.
 * @throws UserError for what the store refuses; the signal's reason when aborted
 */
export async function losses(
  { shards, heads }: BuildPlan,
  store: QuantisingStore,
  signal?: AbortSignal,
): Promise<readonly QuantisedWeight[]> {
  const found = new Set<QuantisedWeight>();
  for (const graph of [...shards.map(({ step }) => step), ...heads.map((head) => head.graph)])
    for (const { def, type } of schedule(graph)) {
      if (def.kind !== "weight" || def.source.from !== "checkpoint" || !def.source.quantised) continue;
      signal?.throwIfAborted();
      if (!store.costOf(def.source)) for await (const _ of store.stream(def.source, type));
      const cost = store.costOf(def.source);
      if (cost) found.add(cost);
    }
  return [...found];
}
