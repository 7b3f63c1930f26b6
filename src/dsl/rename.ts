/** A graph whose inputs, states and outputs have other names; what it computes is the same. */
import type { Graph } from "./graph.ts";
import { replaced } from "./rewrite.ts";
import { type DeclaredRole, factsOf } from "./role.ts";
import type { Tensor } from "./tensor.ts";

/** The graph with `names` for its inputs, states and outputs; those that are not in it stay. */
export function renamedInterface(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  const now = (name: string): string => names.get(name) ?? name;
  const leaves = [...graph.inputs, ...graph.states.map(({ entry }) => entry)];
  const renamed = new Map(leaves.map((leaf) => [leaf, renamedLeaf(leaf, now)]));
  const made = replaced(graph, (value) => renamed.get(value));
  return {
    ...graph,
    inputs: graph.inputs.map(made),
    states: graph.states.map((state) => ({
      ...state,
      name: now(state.name),
      entry: made(state.entry),
      exit: made(state.exit),
    })),
    outputs: Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [now(name), made(value)])),
  };
}

function renamedLeaf(leaf: Tensor, now: (name: string) => string): Tensor {
  const { def } = leaf;
  if (def.kind !== "input" && def.kind !== "state") return leaf;
  const name = now(def.name);
  if (def.kind === "state" || def.role === undefined) return { ...leaf, name, def: { ...def, name } };
  return { ...leaf, name, def: { ...def, name, role: renamedRole(def.role, now) } };
}

/** A cache names an output, and maybe a state. */
function renamedRole(role: DeclaredRole, now: (name: string) => string): DeclaredRole {
  const facts = factsOf(role);
  if (facts.kind !== "cache") return role;
  const { state } = facts;
  return { ...facts, rows: now(facts.rows), ...(state === undefined ? {} : { state: now(state) }) };
}
