/** The order in which a plan runs its ops. */
import { isConstant } from "../../dsl/operands.ts";
import { operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { has } from "../../dsl/traits.ts";
import { newQueue } from "./queue.ts";

/** For each value the one whose bytes it shows; itself unless it is a view. */
export type Owners = ReadonlyMap<Tensor, Tensor>;

/** Where each value lives. A view lives where its operand does. */
export function ownersOf(schedule: readonly Tensor[]): Owners {
  const owners = new Map<Tensor, Tensor>();
  for (const value of schedule) {
    const { def } = value;
    const isView = def.kind === "op" && has(def, "view");
    owners.set(value, isView ? owners.get(operandsOf(def)[0]!)! : value);
  }
  return owners;
}

/** The values a step reads, each once. */
export const sourcesOf = (value: Tensor, owners: Owners): readonly Tensor[] =>
  value.def.kind === "op" ? [...new Set(operandsOf(value.def).map((x) => owners.get(x)!))] : [];

/**
 * The ops that need a step, in a valid order: of those that are ready, always the one that leaves the fewest bytes
 * alive. `results` are needed to the end.
 */
export function frugalOrder(
  schedule: readonly Tensor[],
  owners: Owners,
  results: readonly Tensor[],
  bytesOf: (value: Tensor) => number,
): readonly Tensor[] {
  const todo = schedule.filter((v) => v.def.kind === "op" && !isConstant(v) && owners.get(v) === v);
  const sources = new Map(todo.map((v) => [v, sourcesOf(v, owners)]));
  const uses = countUses([...[...sources.values()].flat(), ...results.map((x) => owners.get(x)!)]);
  const users = usersOf(sources);
  const waiting = new Map(todo.map((v) => [v, sources.get(v)!.filter((x) => sources.has(x)).length]));
  const frees = (x: Tensor) => uses.get(x) === 1 && !isConstant(x);
  // What a value would add to the bytes alive: its own, less those of the sources that nothing else needs any more.
  const growth = new Map(
    todo.map((v) => [
      v,
      sources
        .get(v)!
        .filter(frees)
        .reduce((sum, x) => sum - bytesOf(x), bytesOf(v)),
    ]),
  );
  const turns = new Map<Tensor, number>();
  const queue = newQueue<Tensor>();
  const offer = (v: Tensor) => queue.add({ item: v, cost: growth.get(v)!, turn: turns.get(v)! });
  const ready = (v: Tensor) => {
    turns.set(v, turns.size);
    offer(v);
  };
  const order = new Set<Tensor>();
  for (const v of todo) if (waiting.get(v) === 0) ready(v);
  for (let next = queue.take()?.item; next; next = queue.take()?.item) {
    if (order.has(next)) continue;
    order.add(next);
    for (const x of sources.get(next)!) {
      uses.set(x, uses.get(x)! - 1);
      const last = frees(x) ? users.get(x)!.find((v) => !order.has(v)) : undefined;
      if (last === undefined) continue;
      growth.set(last, growth.get(last)! - bytesOf(x));
      if (turns.has(last)) offer(last);
    }
    for (const v of users.get(next) ?? []) {
      waiting.set(v, waiting.get(v)! - 1);
      if (waiting.get(v) === 0) ready(v);
    }
  }
  return [...order];
}

function countUses(used: readonly Tensor[]): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  for (const x of used) uses.set(x, (uses.get(x) ?? 0) + 1);
  return uses;
}

/** For each value the steps that read it. */
function usersOf(sources: ReadonlyMap<Tensor, readonly Tensor[]>): ReadonlyMap<Tensor, readonly Tensor[]> {
  const users = new Map<Tensor, Tensor[]>();
  for (const [v, xs] of sources)
    for (const x of xs) {
      if (!users.has(x)) users.set(x, []);
      users.get(x)!.push(v);
    }
  return users;
}
