/** Stored tensors of a checkpoint are known by their names: one name is one tensor, with one number of elements. */
import { GraphError } from "../../../dsl/error.ts";
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { show, sizeOf, type TensorType } from "../../../dsl/type.ts";

/**
 * Holds that graphs which read a whole tensor read as many elements of it: else no checkpoint has a tensor that fits them all, and
 * what is claimed of every one is claimed of none.
 * @throws GraphError at the first weight that does not fit one before it
 */
export function checkStoredSizes(graphs: readonly Graph[]): void {
  const known = new Map<string, TensorType>();
  for (const { def, type, site } of graphs.flatMap((graph) => schedule(graph))) {
    if (def.kind !== "weight" || def.source.from !== "checkpoint") continue;
    const { tensor, joined, rows, columns, quantised } = def.source;
    if (rows || columns || quantised) continue;
    const key = JSON.stringify(joined ?? tensor);
    const first = known.get(key) ?? type;
    known.set(key, first);
    if (sizeOf(first.shape) === sizeOf(type.shape)) continue;
    throw new GraphError(
      `weight "${tensor}" is ${show(first)} in one place and ${show(type)} in another: a checkpoint has one tensor of that name`,
      site,
      [],
      "give two tensors two names, or take rows of one",
    );
  }
}
