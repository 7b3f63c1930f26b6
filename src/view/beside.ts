/** The values of two graphs in one picture: those of the first, and between them those that only the second has. */
import type { Graph } from "../dsl/graph.ts";
import { schedule } from "../dsl/graph.ts";
import type { Placed } from "../emit/diff/diff.ts";
import type { PageNode } from "./data.ts";

/** The graph that another one is held against, and how their values correspond. */
export interface Beside {
  readonly graph: Graph;
  readonly placed: Placed;
}

/** Nodes in an order in which both graphs can be computed, and where each of the two given lists went. */
export interface Merged {
  readonly nodes: readonly PageNode[];
  /** First the places of the first graph's nodes, then those of the second's: a shared one is at its twin's. */
  readonly places: readonly number[];
}

/** For each value of the second graph the number of its twin in the first. */
export function twinsIn(graph: Graph, { graph: other, placed }: Beside): readonly (number | undefined)[] {
  const numbers = new Map(schedule(graph).map((value, n) => [value, n]));
  return schedule(other).map((value) => {
    const twin = placed.inFirst(value);
    return twin && numbers.get(twin);
  });
}

/** A node that only the second graph has stands behind what it is made from; operands that a shared one has there alone are `beside`. */
export function mergedNodes(
  first: readonly PageNode[],
  second: readonly PageNode[],
  twins: readonly (number | undefined)[],
): Merged {
  const after = placesAfter(first, second, twins);
  const order = [
    ...first.map((_, n) => ({ key: n, from: n })),
    ...second.flatMap((_, n) => (twins[n] === undefined ? [{ key: after[n]!, from: first.length + n }] : [])),
  ].toSorted((a, b) => a.key - b.key || a.from - b.from);
  const at = new Map(order.map(({ from }, place) => [from, place]));
  const places = [...first.map((_, n) => at.get(n)!), ...second.map((_, n) => at.get(twins[n] ?? first.length + n)!)];
  const moved = (operands: PageNode["operands"], by: number): PageNode["operands"] =>
    operands.map(([name, n]) => [name, places[by + n]!] as const);
  const others = new Map(twins.flatMap((twin, n) => (twin === undefined ? [] : [[twin, n] as const])));
  const nodes = order.map(({ from }): PageNode => {
    if (from >= first.length) {
      const node = second[from - first.length]!;
      return { ...node, operands: moved(node.operands, first.length), only: "second" };
    }
    const node = first[from]!;
    const operands = moved(node.operands, 0);
    const other = others.get(from);
    const known = new Set(operands.map(([, n]) => n));
    const beside = other === undefined ? [] : moved(second[other]!.operands, first.length);
    const own = beside.filter(([, n]) => !known.has(n));
    return { ...node, operands, ...(own.length > 0 ? { beside: own } : {}) };
  });
  return { nodes, places };
}

/** Behind which node of the first graph each that only the second has is put: its last operand, or of a leaf what comes before its first user. */
function placesAfter(
  first: readonly PageNode[],
  second: readonly PageNode[],
  twins: readonly (number | undefined)[],
): readonly number[] {
  const keys: number[] = [];
  for (const [n, { operands }] of second.entries())
    keys.push(twins[n] ?? Math.max(-1, ...operands.map(([, operand]) => keys[operand]!)));
  const users = second.map(() => first.length);
  for (const [n, { operands }] of second.entries())
    for (const [, operand] of operands) {
      const before = twins[n] === undefined ? keys[n]! : twins[n]! - 1;
      users[operand] = Math.min(users[operand]!, before);
    }
  return second.map(({ operands }, n) => (operands.length === 0 ? users[n]! : keys[n]!));
}
