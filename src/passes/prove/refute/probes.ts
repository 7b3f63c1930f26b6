/** Values on the way that both graphs have, by name or by number: where a difference can be told of. */
import { type Graph, schedule } from "../../../dsl/graph.ts";
import { tokenAxisOf } from "../../../dsl/host/output-rows.ts";
import type { Graphs } from "../../../dsl/host/twins.ts";
import type { Tensor } from "../../../dsl/tensor.ts";
import type { Pair } from "../program/relation.ts";

/** Those of `order`, values of the block, that the step has in a comparable shape. */
export function probesOf({ block, step }: Graphs, tokens: number, order: readonly Tensor[]): readonly Pair[] {
  const [names, twins] = [namesOf(block), new Map([...namesOf(step)].map(([value, name]) => [name, value]))];
  const alike = opsOf(block) === opsOf(step);
  return order.flatMap((value): readonly Pair[] => {
    // A number says the same in both graphs only where they have the same ops.
    const name = value.name || alike ? names.get(value) : undefined;
    const twin = name === undefined ? undefined : twins.get(name);
    return twin ? probe({ name: name!, block: value, step: twin }, tokens, { block, step }) : [];
  });
}

/** What the author named says most; only where no name lies on the way a numbered value is better than the result. */
export const namedFirst = (probes: readonly Pair[]): readonly Pair[] => [
  ...probes.filter((x) => x.block.name),
  ...probes.filter((x) => !x.block.name),
];

const opsOf = (graph: Graph): string =>
  schedule(graph)
    .map(({ def }) => (def.kind === "op" ? def.op : ""))
    .join();

/** Names of all op results; unnamed ones are numbered per op, as in an emitted package. */
function namesOf(graph: Graph): ReadonlyMap<Tensor, string> {
  const counts = new Map<string, number>();
  const names = new Map<Tensor, string>();
  for (const value of schedule(graph)) {
    if (value.def.kind !== "op") continue;
    const n = counts.get(value.def.op) ?? 0;
    if (!value.name) counts.set(value.def.op, n + 1);
    names.set(value, value.name ?? `${value.def.op}_${n}`);
  }
  return names;
}

function probe(pair: Pick<Pair, "name" | "block" | "step">, tokens: number, graphs: Graphs): readonly Pair[] {
  const { block: value, step: twin } = pair;
  const axis = tokenAxisOf(value, twin, tokens);
  if (typeof axis === "number") return [{ ...pair, what: "value", tokenAxis: axis }];
  // What a graph makes of a cache on the way is its own affair: what of it is erased, say. What a state holds at exit is not.
  const isExit = graphs.block.states.some(
    ({ name, exit }) => exit === value && graphs.step.states.find((s) => s.name === name)?.exit === twin,
  );
  return value.name && isExit ? [{ ...pair, what: "state" }] : [];
}
