/** MIL names of a graph's values: identifiers that are unique in a function and do not depend on anything else. */
import { GraphError } from "../../dsl/error.ts";
import type { Graph } from "../../dsl/graph.ts";
import type { Site } from "../../dsl/site.ts";
import type { Def, Tensor } from "../../dsl/tensor.ts";
import { KEYWORDS } from "../mil/identifier.ts";

/** What other writers of MIL keep from being names besides. */
const RESERVED: ReadonlySet<string> = new Set([...KEYWORDS, "function", "block", "return", "none"]);

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The nearest MIL identifier: `q.rope` gives `q_rope`, `0abc` gives `_0abc`, `tensor` gives `tensor_`. */
export function identifier(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_]/g, "_");
  if (RESERVED.has(plain)) return `${plain}_`;
  return IDENTIFIER.test(plain) ? plain : `_${plain}`;
}

/** The names that are taken in one function, each of them once. */
export interface Names {
  /** The name of a value that has one already: an input, a state, a named value or an op's result. */
  of(def: Def): string | undefined;
  /** A name that nothing else has: the identifier of `base`, or that with `_1`, `_2`, … */
  fresh(base: string): string;
}

/**
 * Names every value of a graph. Inputs, states and outputs keep theirs to the letter, because the host program uses
 * them; then come the author's names, then `<op>_<n>`, numbered per op in schedule order. A value that stands for
 * an output (`outputs`, by output name) has that output's name.
 * @throws GraphError when a name of the interface is no MIL identifier, or occurs twice.
 */
export function nameValues(graph: Graph, order: readonly Tensor[], outputs: ReadonlyMap<Def, string>): Names {
  const taken = new Set<string>();
  const names = new Map<Def, string>();
  const fresh = (base: string): string => {
    const name = firstFree(identifier(base), taken);
    taken.add(name);
    return name;
  };
  for (const { def, site } of [...graph.inputs, ...graph.states.map((s) => s.entry)]) {
    if (def.kind !== "input" && def.kind !== "state") continue;
    claim(def.name, site, taken);
    names.set(def, def.name);
  }
  for (const [name, { site }] of Object.entries(graph.outputs)) claim(name, site, taken);
  for (const [def, name] of outputs) names.set(def, name);
  for (const { name, def } of order) if (name !== undefined && !names.has(def)) names.set(def, fresh(name));
  numberOps(order, names, taken);
  return { of: (def) => names.get(def), fresh };
}

/** Takes a name of the interface, which must be right as it is. */
function claim(name: string, site: Site, taken: Set<string>): void {
  if (identifier(name) !== name)
    throw new GraphError(`"${name}" cannot name an input, state or output`, site, [], `call it "${identifier(name)}"`);
  if (taken.has(name))
    throw new GraphError(`"${name}" names two of the inputs, states and outputs; Core ML needs distinct names`, site);
  taken.add(name);
}

function numberOps(order: readonly Tensor[], names: Map<Def, string>, taken: Set<string>): void {
  const counts = new Map<string, number>();
  const next = (op: string): string => {
    const n = counts.get(op) ?? 0;
    counts.set(op, n + 1);
    return taken.has(`${op}_${n}`) ? next(op) : `${op}_${n}`;
  };
  for (const { def } of order) {
    if (def.kind !== "op" || names.has(def)) continue;
    const name = next(def.op);
    taken.add(name);
    names.set(def, name);
  }
}

function firstFree(base: string, taken: ReadonlySet<string>): string {
  let name = base;
  for (let n = 1; taken.has(name); n++) name = `${base}_${n}`;
  return name;
}
