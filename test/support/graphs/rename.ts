/** A graph with its inputs renamed, and their roles declared or not: names are all that changes. */
import { type Graph, schedule } from "../../../src/dsl/graph.ts";
import type { DeclaredRole } from "../../../src/dsl/role.ts";
import type { OpDef, Tensor } from "../../../src/dsl/tensor.ts";

/** What becomes of an input; its name and its role stay where nothing is said. */
export interface Renaming {
  readonly name: string;
  readonly role?: DeclaredRole;
}

/** The graph whose inputs are called as `renaming` has it. */
export function renamed(graph: Graph, renaming: (name: string) => Renaming): Graph {
  const made = new Map<Tensor, Tensor>();
  const now = (value: Tensor): Tensor => made.get(value)!;
  for (const value of schedule(graph)) {
    const { def } = value;
    if (def.kind === "input") {
      const { name, role } = renaming(def.name);
      made.set(value, { ...value, name, def: { kind: "input", name, ...(role === undefined ? {} : { role }) } });
    } else if (def.kind === "op") made.set(value, { ...value, def: { ...def, operands: mapped(def, now) } });
    else made.set(value, value);
  }
  return {
    ...graph,
    inputs: graph.inputs.map(now),
    states: graph.states.map((state) => ({ ...state, entry: now(state.entry), exit: now(state.exit) })),
    outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, now(value)])),
  };
}

const mapped = ({ operands }: OpDef, now: (value: Tensor) => Tensor): OpDef["operands"] =>
  Object.fromEntries(
    Object.entries(operands).map(([key, x]) => [key, Array.isArray(x) ? x.map(now) : now(x as Tensor)]),
  );
