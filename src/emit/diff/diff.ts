/** What differs between two graphs: interface, ops, attributes, constants and weights. Data first; `text.ts` prints it. */
import { type Graph, schedule } from "../../dsl/graph.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { sameType, show } from "../../dsl/type.ts";
import { type CompareOptions, keysOf } from "./canonical.ts";
import { type Change, changesOf } from "./change.ts";
import { label, ownLabel } from "./label.ts";
import { type Matching, matchValues, type Node } from "./match.ts";
import { type Respelled, respelled } from "./respell.ts";

/** Parts of a graph's interface; they are matched by name. */
export type InterfaceRole = "input" | "output" | "state";

/**
 * One difference. `before` speaks of the first graph, `after` of the second; absent means that it has no such thing.
 * `function` is there when packages of several functions are compared.
 */
export type GraphDifference = Kind & { readonly function?: string };

type Kind =
  /** An input, output or state that only one graph has, or whose type differs. */
  | {
      readonly kind: "interface";
      readonly role: InterfaceRole;
      readonly name: string;
      readonly before?: string;
      readonly after?: string;
    }
  /** A value that only one graph computes, or a weight that only one uses. */
  | { readonly kind: "removed" | "added"; readonly op: string; readonly value: string; readonly type: string }
  /** The same place in both graphs, with other attributes, operands or contents. */
  | { readonly kind: "changed"; readonly op: string; readonly value: string; readonly changes: readonly Change[] }
  /** An output or state that another value makes. */
  | {
      readonly kind: "result";
      readonly role: "output" | "state";
      readonly name: string;
      readonly before: string;
      readonly after: string;
    }
  /** Something of the package that no graph has: a function, the opset, the description, flexible sizes. */
  | { readonly kind: "package"; readonly what: string; readonly before: string; readonly after: string }
  /** A place in the program of functions that compute the same, such as the name of an op. */
  | {
      readonly kind: "written";
      readonly where: string;
      readonly what: string;
      readonly before: string;
      readonly after: string;
    };

/**
 * Whether two graphs are the same computation under the same interface. Sites and names of inner values do not count,
 * nor which of several equal spellings an op has (respell.ts).
 */
export function sameGraph(one: Graph, other: Graph, options: CompareOptions = {}): boolean {
  const [a, b] = [respelled(one).graph, respelled(other).graph];
  const [before, after] = keysOf(a, b, options);
  const results = pairedResults(a, b);
  return interfaceDifferences(a, b).length === 0 && results.every((r) => before.get(r.before) === after.get(r.after));
}

/** The differences, in the order of the graphs. Empty iff `sameGraph`. */
export const diffGraphs = (one: Graph, other: Graph, options: CompareOptions = {}): readonly GraphDifference[] =>
  placeDifferences(one, other, options).differences.map(({ difference }) => difference);

/** A difference, and the values that it is about: none on a side that has no such thing. */
export interface PlacedDifference {
  readonly difference: GraphDifference;
  readonly before?: Tensor;
  readonly after?: Tensor;
}

/** Two graphs held against each other, by their values as they were given. */
export interface Placed {
  readonly differences: readonly PlacedDifference[];
  /** Of a value of the first graph the one of the second that equals it or stands at its place; of several equal ones the first. */
  readonly inSecond: (value: Tensor) => Tensor | undefined;
  /** The other way round. */
  readonly inFirst: (value: Tensor) => Tensor | undefined;
}

/** The differences of `diffGraphs` with their places. */
export function placeDifferences(one: Graph, other: Graph, options: CompareOptions = {}): Placed {
  const [left, right] = [respelled(one), respelled(other)];
  const [a, b] = [left.graph, right.graph];
  const [before, after] = keysOf(a, b, options);
  const results = pairedResults(a, b);
  const matching = matchValues(
    before,
    after,
    results.map((r) => [r.before, r.after]),
  );
  const found: readonly PlacedDifference[] = [
    ...interfaceDifferences(a, b),
    ...results.flatMap((r) => resultDifference(r, matching)),
    ...[...matching.pairs].flatMap(([x, y]) => changedValue(x, y, matching)),
    ...matching.removed.flatMap((x) => oneSided("removed", x)),
    ...matching.added.flatMap((x) => oneSided("added", x)),
  ];
  const [first, second] = [givenValues(one, left), givenValues(other, right)];
  const through = (of: Respelled["of"], partner: (x: Tensor) => Tensor | undefined, given: typeof first) => {
    return (value: Tensor): Tensor | undefined => {
      const own = of(value);
      const twin = own && partner(own);
      return twin && given.get(twin);
    };
  };
  return {
    differences: found.map(({ difference, before: x, after: y }) => ({
      difference,
      ...(x ? { before: first.get(x) ?? x } : {}),
      ...(y ? { after: second.get(y) ?? y } : {}),
    })),
    inSecond: through(left.of, matching.inSecond, second),
    inFirst: through(right.of, matching.inFirst, first),
  };
}

/** Of each respelled value the one that was given. */
const givenValues = (graph: Graph, { of }: Respelled): ReadonlyMap<Tensor, Tensor> =>
  new Map(schedule(graph).map((value) => [of(value)!, value]));

interface PairedResult {
  readonly role: "output" | "state";
  readonly name: string;
  readonly before: Tensor;
  readonly after: Tensor;
}

/** Outputs and states at exit that both graphs have. */
function pairedResults(a: Graph, b: Graph): readonly PairedResult[] {
  const exits = new Map(b.states.map(({ name, exit }) => [name, exit]));
  const states = a.states.map(({ name, exit }) => ({ role: "state", name, before: exit, after: exits.get(name) }));
  const outputs = Object.entries(a.outputs).map(([name, value]) => {
    return { role: "output", name, before: value, after: Object.hasOwn(b.outputs, name) ? b.outputs[name] : undefined };
  });
  return [...states, ...outputs].filter((r): r is PairedResult => r.after !== undefined);
}

function interfaceDifferences(a: Graph, b: Graph): readonly PlacedDifference[] {
  const roles = ["input", "state", "output"] as const;
  return roles.flatMap((role) => {
    const [before, after] = [portsOf(a, role), portsOf(b, role)];
    const names = [...new Set([...before.keys(), ...after.keys()])];
    return names.flatMap((name): PlacedDifference[] => {
      const [x, y] = [before.get(name), after.get(name)];
      if (x && y && sameType(x.type, y.type)) return [];
      const types = { ...(x ? { before: show(x.type) } : {}), ...(y ? { after: show(y.type) } : {}) };
      const values = { ...(x ? { before: x } : {}), ...(y ? { after: y } : {}) };
      return [{ difference: { kind: "interface", role, name, ...types }, ...values }];
    });
  });
}

function portsOf({ inputs, states, outputs }: Graph, role: InterfaceRole): ReadonlyMap<string, Tensor> {
  if (role === "output") return new Map(Object.entries(outputs));
  if (role === "state") return new Map(states.map(({ name, entry }) => [name, entry]));
  return new Map(inputs.map((x) => [x.def.kind === "input" ? x.def.name : "", x]));
}

function resultDifference(
  { role, name, before, after }: PairedResult,
  matching: Matching,
): readonly PlacedDifference[] {
  if (matching.areMatched(before, after)) return [];
  return [{ difference: { kind: "result", role, name, before: label(before), after: label(after) }, before, after }];
}

function oneSided(kind: "removed" | "added", value: Node): readonly PlacedDifference[] {
  const { def, type } = value;
  if (def.kind !== "op" && def.kind !== "weight") return [];
  const difference = { kind, op: def.kind === "op" ? def.op : "weight", value: ownLabel(value), type: show(type) };
  return [{ difference, ...(kind === "removed" ? { before: value } : { after: value }) }];
}

/** What differs at a matched place itself; what only follows from its operands is reported at those. */
function changedValue(x: Node, y: Node, matching: Matching): readonly PlacedDifference[] {
  const changes = changesOf(x, y, matching);
  const op = x.def.kind === "op" ? x.def.op : x.def.kind;
  if (changes.length === 0) return [];
  return [{ difference: { kind: "changed", op, value: ownLabel(x), changes }, before: x, after: y }];
}
