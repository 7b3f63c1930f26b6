/** The two graphs of a proof, with all that is known of them before a term is made. */
import type { Graph } from "../../../dsl/graph.ts";
import { type Twins, twinsOf } from "../../../dsl/twins.ts";
import { INT32 } from "../logic/facts.ts";
import { type PlaceOf, weightPlace } from "../reading/leaves.ts";

/** Twins, and what only a proof asks of them. */
export interface ProvenPair extends Twins {
  /** The largest cache row that the interface allows for; a wider range than the true one is safe. */
  readonly lastRow: number;
  readonly placeOf: PlaceOf;
}

/** @throws GraphError when the interfaces of the two graphs do not match. */
export function provenPair(block: Graph, step: Graph, placeOf: PlaceOf = weightPlace): ProvenPair {
  const twins = twinsOf(block, step);
  return { ...twins, lastRow: lastRowOf(twins), placeOf };
}

/** A mask tells the number of rows. Else they are an axis of some state: which one is not known, so the longest counts. */
function lastRowOf({ block, roles }: Twins): number {
  for (const x of block.inputs) {
    const role = roles[x.name ?? ""];
    if (role?.kind === "mask" || role?.kind === "write_mask") return x.type.shape[role.slotAxis]! - 1;
  }
  const axes = block.states.flatMap(({ entry }) => entry.type.shape);
  return axes.length > 0 ? Math.max(...axes) - 1 : INT32[1];
}
