/** What a run of both graphs costs. */
import { schedule } from "../../../dsl/graph.ts";
import type { Graphs } from "../../../dsl/host/twins.ts";
import { operandsOf } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";
import { sizeOf } from "../../../dsl/type.ts";

/** Scalar operations of one run of both graphs, roughly. */
export function costOf({ block, step }: Graphs): number {
  let cost = 0;
  for (const { def, type } of [...schedule(block), ...schedule(step)]) {
    if (def.kind !== "op") continue;
    const inner = has(def, "contracts") ? Math.max(...operandsOf(def)[0]!.type.shape) : 4;
    cost += sizeOf(type.shape) * inner;
  }
  return cost;
}

/** The graphs at sizes that the author was not asked for; undefined where there are none of these sizes. */
export function smallOrNone(small: ((size: number) => Graphs) | undefined, size: number): Graphs | undefined {
  try {
    return small?.(size);
  } catch {
    // Whatever it says is about sizes that nobody gave.
    return undefined;
  }
}

/** Above it a single run of ops that are compiled from their meaning takes longer than the user will wait. */
const LARGE = 2e8;

/** Whether block and steps are too large to be run that way. */
export const isLarge = (graphs: Graphs, tokens: number): boolean => costOf(graphs) * (tokens + 1) > LARGE;
