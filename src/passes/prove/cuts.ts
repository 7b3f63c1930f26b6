/**
 * Where a stack of layers is cut: values through which everything later depends on everything earlier. They are found
 * in each graph by itself and paired in order; a pair counts only once its rows are proven equal.
 */
import { type Graph, resultsOf, schedule } from "../../dsl/graph.ts";
import { operandsOf, type Tensor } from "../../dsl/tensor.ts";
import type { CutPairs } from "./program.ts";
import { type Pair, tokenAxisOf } from "./relation.ts";
import type { Roles } from "./roles.ts";

/** The pairs of values at which both graphs are cut; none when their numbers differ. */
export function findCuts(block: Graph, step: Graph, { tokens }: Roles): readonly Pair[] {
  const [a, b] = [narrowPoints(block), narrowPoints(step)];
  if (a.length !== b.length) return [];
  const pairs = a.flatMap((value, k): readonly Pair[] => {
    const twin = b[k]!;
    const axis = tokenAxisOf(value, twin, tokens);
    if (typeof axis !== "number") return [];
    return [{ what: "value", name: value.name ?? `value ${k}`, block: value, step: twin, tokenAxis: axis }];
  });
  return pairs.length === a.length ? pairs : [];
}

/** Values after which nothing earlier is read but leaves and what depends on inputs alone. */
function narrowPoints(graph: Graph): readonly Tensor[] {
  const order = schedule(graph);
  const results = new Set(resultsOf(graph));
  const heavy = heavyValues(order);
  const lastUse = new Map<Tensor, number>();
  order.forEach((value, at) => {
    if (value.def.kind === "op") for (const operand of operandsOf(value.def)) lastUse.set(operand, at);
  });
  const points: Tensor[] = [];
  const live = new Set<Tensor>();
  order.forEach((value, at) => {
    if (heavy.has(value) && (lastUse.get(value) ?? -1) > at) live.add(value);
    for (const x of live) if (lastUse.get(x)! <= at) live.delete(x);
    if (live.size === 1 && live.has(value) && !results.has(value)) points.push(value);
  });
  return points;
}

/** Values that depend on a weight or a state. The others are cheap to read again. */
function heavyValues(order: readonly Tensor[]): ReadonlySet<Tensor> {
  const heavy = new Set<Tensor>();
  for (const value of order) {
    const { def } = value;
    if (def.kind !== "op") continue;
    const own = operandsOf(def).some((x) => x.def.kind === "weight" || x.def.kind === "state" || heavy.has(x));
    if (own) heavy.add(value);
  }
  return heavy;
}

/** The cut values of both graphs as fresh inputs, all but one. */
export function cutsWithout(pairs: readonly Pair[], left: readonly Pair[]): CutPairs {
  const used = pairs.filter((pair) => !left.includes(pair));
  const cut = (pair: Pair) => ({ label: `cut ${pairs.indexOf(pair)}`, tokenAxis: pair.tokenAxis! });
  return {
    block: new Map(used.map((pair) => [pair.block, cut(pair)])),
    step: new Map(used.map((pair) => [pair.step, cut(pair)])),
  };
}
