/** A graph: a named interface over a DAG of immutable values. */
import { GraphError } from "./error.ts";
import { isTensor } from "./given/tensors.ts";
import type { HostCache } from "./role.ts";
import { type Site, siteOf } from "./site.ts";
import { operandsOf, type Tensor } from "./tensor.ts";
import { sameType, show } from "./type.ts";

/** A checked graph: its names are unique, and every leaf that a result needs is declared. */
export interface Graph {
  readonly name: string;
  /** In the order of the package's signature. */
  readonly inputs: readonly Tensor[];
  readonly states: readonly State[];
  /** By name, in the order of the package's signature. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Of a block: outputs of which the host reads the row of one token alone, and which token's; absent where it reads all rows. */
  readonly readRow?: ReadonlyMap<string, number>;
}

/** A cache or counter that lives on between calls: fp16, read at entry and written at exit. */
export interface State {
  readonly name: string;
  /** Its contents when the call begins: a value with def.kind "state". */
  readonly entry: Tensor;
  /** Its contents when the call ends; the entry itself when the call only reads it. */
  readonly exit: Tensor;
  /** Of a cache that goes in and comes out: the input and the output that the package has in place of this state. */
  readonly host?: HostCache;
}

/** What an author writes; see `Graph` for the checked form. */
export interface GraphParts {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  /** For each state its entry value and its value at exit. */
  readonly states?: readonly (readonly [entry: Tensor, exit: Tensor])[];
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/**
 * A graph from its parts, its interface checked.
 * @throws GraphError when an input or state is used but not declared, declared twice, or a state changes its type.
 */
export function graph(parts: GraphParts): Graph {
  const site = siteOf(graph);
  checkParts(parts, site);
  const states = (parts.states ?? []).map(([entry, exit]) => stateOf(entry, exit, site));
  const made: Graph = { name: parts.name, inputs: parts.inputs, states, outputs: parts.outputs };
  checkInterface(made, site);
  return made;
}

/** Whoever writes JavaScript has no type that says so. */
function checkParts(parts: unknown, site: Site): void {
  const { name, inputs, states = [], outputs } = (parts ?? {}) as Readonly<Record<string, unknown>>;
  const isPair = (one: unknown) => Array.isArray(one) && one.length === 2 && one.every(isTensor);
  const wrong = (says: string): GraphError => new GraphError(`graph: ${says}`, site);
  if (typeof name !== "string") throw wrong("its name must be a text");
  if (!Array.isArray(inputs) || !inputs.every(isTensor)) throw wrong("inputs must be an array of values");
  if (!Array.isArray(states) || !states.every(isPair))
    throw wrong("states must be pairs of values, at entry and at exit");
  const isRecord = typeof outputs === "object" && outputs !== null && !Array.isArray(outputs);
  if (!isRecord || !Object.values(outputs).every(isTensor)) throw wrong("outputs must be values by name");
}

function stateOf(entry: Tensor, exit: Tensor, site: Site): State {
  if (entry.def.kind !== "state") throw new GraphError("graph: a state's entry must be made by state()", site);
  if (!sameType(entry.type, exit.type)) {
    const { name } = entry.def;
    throw new GraphError(
      `graph: state "${name}" is ${show(entry.type)}, its value at exit is ${show(exit.type)}`,
      exit.site,
    );
  }
  return { name: entry.def.name, entry, exit };
}

function checkInterface(graph: Graph, site: Site): void {
  const wrong = (text: string, at = site) => new GraphError(`graph "${graph.name}": ${text}`, at);
  if (Object.keys(graph.outputs).length === 0) throw wrong("has no output; Core ML needs at least one");
  const seen = new Set<string>();
  for (const leaf of [...graph.inputs, ...graph.states.map((s) => s.entry)]) {
    if (leaf.def.kind !== "input" && leaf.def.kind !== "state")
      throw wrong("an input must be made by input()", leaf.site);
    if (seen.has(leaf.def.name)) throw wrong(`"${leaf.def.name}" is declared twice`, leaf.site);
    seen.add(leaf.def.name);
  }
  const declared = new Set([...graph.inputs, ...graph.states.map((s) => s.entry)]);
  for (const value of schedule(graph)) {
    const { kind } = value.def;
    if ((kind === "input" || kind === "state") && !declared.has(value)) {
      throw wrong(`${kind} "${value.def.name}" is used but not declared`, value.site);
    }
  }
}

/** The values at the far end of a graph: what it computes. */
export const resultsOf = (graph: Graph): readonly Tensor[] => [
  ...graph.states.map((s) => s.exit),
  ...Object.values(graph.outputs),
];

/** What `schedule` gave, for nearly every pass begins with it, and a proof asks for that of one graph again and again. */
const scheduled = new WeakMap<Graph, readonly Tensor[]>();

/** Every value of the graph once, operands before users, in the order a depth-first walk meets them. */
export function schedule(graph: Graph): readonly Tensor[] {
  const known = scheduled.get(graph);
  if (known) return known;
  const order = depthFirst(graph);
  scheduled.set(graph, order);
  return order;
}

function depthFirst(graph: Graph): readonly Tensor[] {
  const order = new Set<Tensor>();
  const entered = new Set<Tensor>();
  for (const root of [...graph.inputs, ...graph.states.map((s) => s.entry), ...resultsOf(graph)]) {
    const stack = [root];
    for (let value = stack.at(-1); value; value = stack.at(-1)) {
      if (order.has(value)) stack.pop();
      else if (value.def.kind !== "op" || entered.has(value)) order.add(value);
      else {
        entered.add(value);
        for (const operand of operandsOf(value.def).toReversed()) stack.push(operand);
      }
    }
  }
  return [...order];
}
