/** How many rows of its caches are valid, which a host that appends to them counts: to a proof one more input of the graph. */
import { GraphError } from "../error.ts";
import type { Graph } from "../graph.ts";
import type { Tensor } from "../tensor.ts";

/** What it is called where roles are printed. */
export const VALID_ROWS = "valid rows";

/** The number as an input int32 [1] in the role of a first position: token t is appended at cache row `valid rows` + t. @throws GraphError where a graph has one of that name */
export function validRows({ name, inputs, states }: Graph): Tensor {
  const taken = [...inputs, ...states.map(({ entry }) => entry)].find((x) => x.name === VALID_ROWS);
  if (taken)
    throw new GraphError(
      `${name} has caches to which the host appends, and an input "${VALID_ROWS}", as their count is called here`,
      taken.site,
    );
  return {
    type: { dtype: "int32", shape: [1] },
    def: { kind: "input", name: VALID_ROWS, role: "position" },
    name: VALID_ROWS,
    site: inputs[0]!.site,
  };
}
