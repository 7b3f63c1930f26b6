/** Means over the rows of a cache: they divide by the number of rows, which another graph may write as a number of its own. */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { has } from "../../../dsl/traits.ts";

/** Whether an op takes a mean along an axis of one of these sizes, over values that are made of a cache element by element. */
export function takesRowMeans(graph: Graph, sizes: ReadonlySet<number>): boolean {
  const order = schedule(graph);
  const rowwise = new Set<Tensor>();
  for (const value of order) {
    const { def } = value;
    // A product sums over its rows: what comes of it has other axes.
    const made = def.kind === "op" && !has(def, "contracts") && operandsOf(def).some((x) => rowwise.has(x));
    if (def.kind === "state" || made) rowwise.add(value);
  }
  return order.some(({ def }) => {
    if (def.kind !== "op" || (def.op !== "reduce_mean" && def.op !== "layer_norm")) return false;
    const x = def.operands.x as Tensor;
    return rowwise.has(x) && (def.attrs.axes as readonly number[]).some((axis) => sizes.has(x.type.shape[axis]!));
  });
}
