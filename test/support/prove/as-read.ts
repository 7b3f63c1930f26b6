/** A graph as it would be read from somebody's package: every value of an op has a name, and no name means anything. */
import { type Graph, schedule } from "../../../src/dsl/graph.ts";
import { nowhere } from "../../../src/dsl/site.ts";
import type { Tensor } from "../../../src/dsl/tensor.ts";

/** The graph with other names, and the new name by the one that the author gave. */
export function asRead(graph: Graph, nameOf: (k: number) => string) {
  const now = new Map<Tensor, Tensor>();
  const names = new Map<string, string>();
  const made = (value: Tensor): Tensor => now.get(value)!;
  for (const [k, value] of schedule(graph).entries()) {
    const { def } = value;
    if (def.kind !== "op") {
      now.set(value, { ...value, site: nowhere });
      continue;
    }
    const operands = Object.entries(def.operands).map(([name, x]) => [name, "type" in x ? made(x) : x.map(made)]);
    now.set(value, {
      ...value,
      def: { ...def, operands: Object.fromEntries(operands) },
      name: nameOf(k),
      site: nowhere,
    });
    if (value.name) names.set(value.name, nameOf(k));
  }
  const read: Graph = {
    ...graph,
    inputs: graph.inputs.map(made),
    states: graph.states.map(({ name, entry, exit }) => ({ name, entry: made(entry), exit: made(exit) })),
    outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, made(value)])),
  };
  return { graph: read, names };
}
