/**
 * Where a stack of layers is cut: values through which everything later depends on everything earlier. They are found
 * in each graph by itself and paired in order; a pair counts only once its rows are proven equal.
 */
import { type Graph, resultsOf, schedule } from "../../../dsl/graph.ts";
import { tokenAxisOf } from "../../../dsl/host/output-rows.ts";
import type { Twins } from "../../../dsl/host/twins.ts";
import { operandsOf, type Tensor } from "../../../dsl/tensor.ts";
import { sameType } from "../../../dsl/type.ts";
import type { Cut, CutPairs } from "./program.ts";
import type { Pair } from "./relation.ts";

/** The pairs of values at which both graphs are cut; none when their numbers differ. */
export function findCuts({ block, step, tokens, roles }: Twins): readonly Pair[] {
  for (const x of block.inputs) {
    // The stream is one of rows: a sum of scores and mask has the mask's type, and is none.
    const role = roles.get(x.name ?? "")?.kind;
    if (role !== "rows" && !(tokens === 1 && role === "shared")) continue;
    const twin = step.inputs.find((y) => y.name === x.name);
    if (!twin) continue;
    const [a, b] = [narrowPoints(block, x), narrowPoints(step, twin)];
    if (a.length === 0 || a.length !== b.length) continue;
    const pairs = a.map((value, k) => pairOf(value, b[k]!, k, tokens));
    if (pairs.every((pair) => pair !== undefined)) return pairs as readonly Pair[];
  }
  return [];
}

function pairOf(value: Tensor, twin: Tensor, k: number, tokens: number): Pair | undefined {
  const axis = tokenAxisOf(value, twin, tokens);
  if (axis === undefined) return undefined;
  const rows = axis === "none" ? {} : { tokenAxis: axis };
  return { what: "value", name: value.name ?? `value ${k}`, block: value, step: twin, ...rows };
}

/**
 * Values of the type of `stream` (the hidden rows) after which nothing earlier is read but what does not
 * depend on that stream.
 */
function narrowPoints(graph: Graph, stream: Tensor): readonly Tensor[] {
  const order = schedule(graph);
  const results = new Set(resultsOf(graph).map((x) => x.def));
  const heavy = dependents(order, stream);
  const lastUse = new Map<Tensor, number>();
  order.forEach((value, at) => {
    if (value.def.kind === "op") for (const operand of operandsOf(value.def)) lastUse.set(operand, at);
  });
  const points: Tensor[] = [];
  const live = new Set<Tensor>();
  order.forEach((value, at) => {
    if (heavy.has(value) && (lastUse.get(value) ?? -1) > at) live.add(value);
    for (const x of live) if (lastUse.get(x)! <= at) live.delete(x);
    const alone = live.size === 1 && live.has(value) && value !== stream;
    if (alone && sameType(value.type, stream.type) && !results.has(value.def)) points.push(value);
  });
  return points;
}

/** Values that depend on the hidden rows. The others are cheap to read again. */
function dependents(order: readonly Tensor[], stream: Tensor): ReadonlySet<Tensor> {
  const found = new Set<Tensor>([stream]);
  for (const value of order) {
    if (value.def.kind === "op" && operandsOf(value.def).some((x) => found.has(x))) found.add(value);
  }
  return found;
}

/** The cut values of both graphs as fresh inputs, by their order. */
export function cutPairs(pairs: readonly Pair[]): CutPairs {
  const [block, step] = [new Map<Tensor, Cut>(), new Map<Tensor, Cut>()];
  for (const [number, pair] of pairs.entries()) {
    const cut = { number, ...(pair.tokenAxis === undefined ? {} : { tokenAxis: pair.tokenAxis }) };
    block.set(pair.block, cut);
    step.set(pair.step, cut);
  }
  return { block, step };
}

/** All cuts but those that are to be proven; `far` are the numbers of those that are no scores. */
export function cutsWithout(cuts: CutPairs, left: readonly Pair[], far: ReadonlySet<number>): CutPairs {
  const without = (side: "block" | "step"): CutPairs["block"] => {
    const own = new Set(left.map((pair) => pair[side]));
    const told = (cut: Cut | undefined) => (cut && far.has(cut.number) ? { ...cut, far: true } : cut);
    return { get: (value) => (own.has(value) ? undefined : told(cuts[side].get(value))) };
  };
  return { block: without("block"), step: without("step") };
}
