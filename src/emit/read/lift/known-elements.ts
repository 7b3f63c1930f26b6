/** Elements of values that a file holds or that follow from them: constants, stored weights, ops over such. */
import { graph } from "../../../dsl/graph.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import { evaluateAll } from "../../../passes/interpret/evaluate.ts";
import { packageArray } from "../blobs/package-store.ts";

/**
 * The elements of a value that no input or state takes part in, in row-major order.
 * @throws GraphError where a position is outside its axis, UserError where a blob is a bad one
 */
export function knownElements(value: Tensor): ArrayLike<number> {
  if (value.def.kind === "const") return value.def.data;
  const all = evaluateAll(graph({ name: "constants", inputs: [], outputs: { value } }), {
    values: {},
    weight: packageArray,
  });
  return all.get(value)!.data;
}
