/** What differs between two graphs: interface, ops, attributes, constants and weights. Data first; `text.ts` prints it. */
import type { Graph } from "../../dsl/graph.ts";
import type { Tensor } from "../../dsl/tensor.ts";
import { sameType, show } from "../../dsl/type.ts";
import { type CompareOptions, keysOf, showAttr, sourceText } from "./canonical.ts";
import { type Matching, matchValues, type Node } from "./match.ts";
import { respelled } from "./respell.ts";

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

/** One thing about a value that differs. */
export interface Change {
  /** `attribute axis`, `operand y`, `type`, `contents`. */
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

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
export function diffGraphs(one: Graph, other: Graph, options: CompareOptions = {}): readonly GraphDifference[] {
  const [a, b] = [respelled(one).graph, respelled(other).graph];
  const [before, after] = keysOf(a, b, options);
  const results = pairedResults(a, b);
  const matching = matchValues(
    before,
    after,
    results.map((r) => [r.before, r.after]),
  );
  return [
    ...interfaceDifferences(a, b),
    ...results.flatMap((r) => resultDifference(r, matching)),
    ...[...matching.pairs].flatMap(([x, y]) => changedValue(x, y, matching)),
    ...matching.removed.flatMap((x) => oneSided("removed", x)),
    ...matching.added.flatMap((x) => oneSided("added", x)),
  ];
}

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

function interfaceDifferences(a: Graph, b: Graph): readonly GraphDifference[] {
  const roles = ["input", "state", "output"] as const;
  return roles.flatMap((role) => {
    const [before, after] = [portsOf(a, role), portsOf(b, role)];
    const names = [...new Set([...before.keys(), ...after.keys()])];
    return names.flatMap((name): GraphDifference[] => {
      const [x, y] = [before.get(name), after.get(name)];
      if (x && y && sameType(x.type, y.type)) return [];
      return [
        {
          kind: "interface",
          role,
          name,
          ...(x ? { before: show(x.type) } : {}),
          ...(y ? { after: show(y.type) } : {}),
        },
      ];
    });
  });
}

function portsOf({ inputs, states, outputs }: Graph, role: InterfaceRole): ReadonlyMap<string, Tensor> {
  if (role === "output") return new Map(Object.entries(outputs));
  if (role === "state") return new Map(states.map(({ name, entry }) => [name, entry]));
  return new Map(inputs.map((x) => [x.def.kind === "input" ? x.def.name : "", x]));
}

function resultDifference({ role, name, before, after }: PairedResult, matching: Matching): readonly GraphDifference[] {
  if (matching.areMatched(before, after)) return [];
  return [{ kind: "result", role, name, before: label(before), after: label(after) }];
}

function oneSided(kind: "removed" | "added", value: Node): readonly GraphDifference[] {
  const { def, type } = value;
  if (def.kind !== "op" && def.kind !== "weight") return [];
  return [{ kind, op: def.kind === "op" ? def.op : "weight", value: ownLabel(value), type: show(type) }];
}

/** What differs at a matched place itself; what only follows from its operands is reported at those. */
function changedValue(x: Node, y: Node, matching: Matching): readonly GraphDifference[] {
  const changes = x.def.kind === "op" ? opChanges(x, y, matching) : literalChanges(x, y);
  const op = x.def.kind === "op" ? x.def.op : x.def.kind;
  return changes.length === 0 ? [] : [{ kind: "changed", op, value: ownLabel(x), changes }];
}

function opChanges({ def: x }: Node, { def: y }: Node, matching: Matching): readonly Change[] {
  if (x.kind !== "op" || y.kind !== "op") return [];
  const attrs = namesOf(x.attrs, y.attrs).flatMap((name) =>
    change(`attribute ${name}`, shownAttr(x.attrs[name]), shownAttr(y.attrs[name])),
  );
  const operands = namesOf(x.operands, y.operands).flatMap((name) => {
    const [left, right] = [[x.operands[name] ?? []].flat() as Tensor[], [y.operands[name] ?? []].flat() as Tensor[]];
    const same = left.length === right.length && left.every((value, i) => matching.areMatched(value, right[i]!));
    return same ? [] : [{ what: `operand ${name}`, before: listed(left), after: listed(right) }];
  });
  return [...attrs, ...operands];
}

const namesOf = (x: object, y: object): readonly string[] => [...new Set([...Object.keys(x), ...Object.keys(y)])];
const shownAttr = (value: Parameters<typeof showAttr>[0] | undefined): string =>
  value === undefined ? "nothing" : showAttr(value);
const listed = (values: readonly Tensor[]): string => (values.length === 0 ? "nothing" : values.map(label).join(", "));

const change = (what: string, before: string, after: string): readonly Change[] =>
  before === after ? [] : [{ what, before, after }];

/** Inputs and states are matched by name and have their difference in the interface. */
function literalChanges(x: Node, y: Node): readonly Change[] {
  if (x.def.kind === "input" || x.def.kind === "state") return [];
  const types = change("type", show(x.type), show(y.type));
  return types.length > 0 ? types : [{ what: "contents", before: contents(x), after: contents(y) }];
}

const MAX_SHOWN = 8;

function contents({ def, type }: Node): string {
  if (def.kind === "weight") return sourceText(def.source);
  if (def.kind !== "const") return show(type);
  const more = def.data.length > MAX_SHOWN ? `,… (${def.data.length})` : "";
  return `${showAttr(Array.from(def.data).slice(0, MAX_SHOWN))}${more}`;
}

/** A value as a reader finds it: by name where it has one. */
function label(value: Tensor): string {
  const { def, name, type } = value;
  if (def.kind === "input" || def.kind === "state") return `${def.kind} "${def.name}"`;
  const what = def.kind === "op" ? def.op : def.kind;
  if (name !== undefined) return `${what} "${name}"`;
  return `${what} ${def.kind === "op" ? show(type) : contents(value)}`;
}

/** The same where the op is named beside it. */
function ownLabel(value: Tensor): string {
  if (value.name !== undefined) return `"${value.name}"`;
  return value.def.kind === "op" ? "(unnamed)" : contents(value);
}
