/**
 * Which value of one graph is which of another. Equal values are twins. The rest is matched from the results down
 * (same op at the same place, stepping over inserted and removed ops), then by name, then from the operands up.
 */
import { operandsOf, type Tensor } from "../../dsl/tensor.ts";
import type { ValueKeys } from "./canonical.ts";

/** The first value of a graph that has a certain key; its repetitions count as the same. */
export type Node = Tensor;

/** The outcome. Twins, values with equal keys, are in none of its lists. */
export interface Matching {
  /** Matched values that are not twins, in the order of the first graph. */
  readonly pairs: ReadonlyMap<Node, Node>;
  readonly removed: readonly Node[];
  readonly added: readonly Node[];
  areMatched(a: Tensor, b: Tensor): boolean;
  /** Of a value of the first graph its twin, or what it is matched with; and the other way round. */
  readonly inSecond: (a: Tensor) => Node | undefined;
  readonly inFirst: (b: Tensor) => Node | undefined;
}

interface MatchSide {
  /** The node of each key. */
  readonly nodes: ReadonlyMap<number, Node>;
  readonly nodeOf: (value: Tensor) => Node;
  readonly keys: ValueKeys;
}

/** Matching in progress: only values without a twin take part. */
interface MatchSearch {
  readonly a: MatchSide;
  readonly b: MatchSide;
  readonly forward: Map<Node, Node>;
  readonly backward: Map<Node, Node>;
}

/** Matches the values of two graphs by their keys; `results` are the outputs and states at exit that both have. */
export function matchValues(
  before: ValueKeys,
  after: ValueKeys,
  results: readonly (readonly [before: Tensor, after: Tensor])[],
): Matching {
  const search: MatchSearch = { a: sideOf(before), b: sideOf(after), forward: new Map(), backward: new Map() };
  matchLeaves(search);
  matchDown(search, results);
  matchByName(search);
  matchUp(search);
  const { a, b, forward, backward } = search;
  const left = free(a, b, forward);
  return {
    pairs: new Map([...a.nodes.values()].flatMap((x) => (forward.has(x) ? [[x, forward.get(x)!]] : []))),
    removed: left,
    added: free(b, a, backward),
    areMatched: (x, y) => before.get(x) === after.get(y) || forward.get(a.nodeOf(x)) === b.nodeOf(y),
    inSecond: (x) => forward.get(a.nodeOf(x)) ?? b.nodes.get(before.get(x)!),
    inFirst: (y) => backward.get(b.nodeOf(y)) ?? a.nodes.get(after.get(y)!),
  };
}

function sideOf(keys: ValueKeys): MatchSide {
  const nodes = new Map<number, Node>();
  for (const [value, key] of keys) if (!nodes.has(key)) nodes.set(key, value);
  return { nodes, keys, nodeOf: (value) => nodes.get(keys.get(value)!)! };
}

/** Nodes with neither twin nor match. */
const free = (side: MatchSide, other: MatchSide, matched: ReadonlyMap<Node, Node>): readonly Node[] =>
  [...side.nodes].flatMap(([key, node]) => (other.nodes.has(key) || matched.has(node) ? [] : [node]));

const isFree = ({ a, b, forward, backward }: MatchSearch, x: Node, y: Node): boolean =>
  !forward.has(x) && !backward.has(y) && !b.nodes.has(a.keys.get(x)!) && !a.nodes.has(b.keys.get(y)!);

/** Matches two values if nothing speaks against it. */
function match(search: MatchSearch, x: Node, y: Node): boolean {
  if (!areAlike(x, y) || !isFree(search, x, y)) return false;
  search.forward.set(x, y);
  search.backward.set(y, x);
  return true;
}

function areAlike({ def: x }: Node, { def: y }: Node): boolean {
  if (x.kind === "op" || y.kind === "op")
    return x.kind === "op" && y.kind === "op" && x.op === y.op && x.part === y.part;
  if (x.kind === "input" || x.kind === "state") return x.kind === y.kind && x.name === y.name;
  return y.kind === "const" || y.kind === "weight";
}

/** Inputs and states of the same name whose types differ. */
function matchLeaves(search: MatchSearch): void {
  const { a, b, forward, backward } = search;
  const isLeaf = ({ def }: Node) => def.kind === "input" || def.kind === "state";
  const keyOf = ({ def }: Node) => JSON.stringify([def.kind, "name" in def ? def.name : ""]);
  const leaves = new Map(
    free(b, a, backward)
      .filter(isLeaf)
      .map((leaf) => [keyOf(leaf), leaf]),
  );
  for (const x of free(a, b, forward).filter(isLeaf)) {
    const y = leaves.get(keyOf(x));
    if (y) match(search, x, y);
  }
}

function matchDown(search: MatchSearch, results: readonly (readonly [Tensor, Tensor])[]): void {
  const { a, b } = search;
  const queue = results.map(([x, y]) => [a.nodeOf(x), b.nodeOf(y)] as const);
  for (const [x, y] of queue) {
    const found = match(search, x, y) ? ([x, y] as const) : stepOver(search, x, y);
    if (found) queue.push(...operandPairs(search, ...found));
  }
}

/** The same computation one or two ops further down on one side: the ops between were inserted or removed. */
function stepOver(search: MatchSearch, x: Node, y: Node): readonly [Node, Node] | undefined {
  if (search.forward.has(x) || search.backward.has(y)) return undefined;
  const below = nearby(search.b, y).find((z) => match(search, x, z));
  if (below) return [x, below];
  const above = nearby(search.a, x).find((z) => match(search, z, y));
  return above ? [above, y] : undefined;
}

/** Op values at most two steps below, nearest first. */
function nearby(side: MatchSide, value: Node): readonly Node[] {
  const step = (node: Node) => (node.def.kind === "op" ? operandsOf(node.def).map(side.nodeOf) : []);
  const one = step(value);
  return [...one, ...one.flatMap(step)].filter(({ def }) => def.kind === "op");
}

function operandPairs({ a, b }: MatchSearch, { def: x }: Node, { def: y }: Node): readonly (readonly [Node, Node])[] {
  if (x.kind !== "op" || y.kind !== "op") return [];
  return Object.keys(x.operands).flatMap((name) => {
    const [left, right] = [[x.operands[name] ?? []].flat() as Tensor[], [y.operands[name] ?? []].flat() as Tensor[]];
    const shared = Math.min(left.length, right.length);
    return left.slice(0, shared).map((value, i) => [a.nodeOf(value), b.nodeOf(right[i]!)] as const);
  });
}

function matchByName(search: MatchSearch): void {
  const { a, b, forward, backward } = search;
  const named = new Map(free(b, a, backward).flatMap((y) => (y.name === undefined ? [] : [[y.name, y]])));
  for (const x of free(a, b, forward)) {
    const y = x.name === undefined ? undefined : named.get(x.name);
    if (y) match(search, x, y);
  }
}

/** Values of the same op on matched operands. */
function matchUp(search: MatchSearch): void {
  const { a, b, forward, backward } = search;
  const partner = (x: Tensor): Node | undefined => forward.get(a.nodeOf(x)) ?? b.nodes.get(a.keys.get(x)!);
  const users = usersOf(search);
  for (const x of free(a, b, forward)) {
    const { def } = x;
    if (def.kind !== "op") continue;
    const wanted = operandsOf(def).map(partner);
    const lists = wanted.map((node) => (node && users.get(node)?.get(def.op)) ?? []);
    // Each of them holds every value that fits.
    const shortest = lists.reduce((one, other) => (other.length < one.length ? other : one), lists[0] ?? []);
    while (shortest.length > 0 && backward.has(shortest.at(-1)!)) shortest.pop();
    const fits = ({ def: is }: Node) =>
      is.kind === "op" && wanted.every((node) => operandsOf(is).map(b.nodeOf).includes(node!));
    shortest.findLast((y) => !backward.has(y) && fits(y) && match(search, x, y));
  }
}

/** The free values of the second graph by operand and op, the last ones of the graph first. */
function usersOf({ a, b, backward }: MatchSearch): ReadonlyMap<Node, ReadonlyMap<string, Node[]>> {
  const users = new Map<Node, Map<string, Node[]>>();
  for (const y of free(b, a, backward).toReversed()) {
    if (y.def.kind !== "op") continue;
    for (const node of new Set(operandsOf(y.def).map(b.nodeOf))) {
      const ofNode = users.get(node) ?? new Map<string, Node[]>();
      users.set(node, ofNode);
      const ofOp = ofNode.get(y.def.op);
      if (ofOp) ofOp.push(y);
      else ofNode.set(y.def.op, [y]);
    }
  }
  return users;
}
