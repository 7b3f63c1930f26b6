/** The order in which a plan runs its ops. */
import { isConstant } from "../../dsl/operands.ts";
import { operandsOf, type Tensor } from "../../dsl/tensor.ts";
import { has } from "../../dsl/traits.ts";

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
  const uses = new Map<Tensor, number>();
  const users = new Map<Tensor, Tensor[]>(todo.map((v) => [v, []]));
  const waiting = new Map<Tensor, number>();
  for (const x of [...[...sources.values()].flat(), ...results.map((x) => owners.get(x)!)])
    uses.set(x, (uses.get(x) ?? 0) + 1);
  for (const [v, xs] of sources) {
    const made = xs.filter((x) => users.has(x));
    waiting.set(v, made.length);
    for (const x of made) users.get(x)!.push(v);
  }
  const growth = (v: Tensor): number => {
    const freed = sources.get(v)!.filter((x) => uses.get(x) === 1 && !isConstant(x));
    return bytesOf(v) - freed.reduce((sum, x) => sum + bytesOf(x), 0);
  };
  const order: Tensor[] = [];
  const ready = new Set(todo.filter((v) => waiting.get(v) === 0));
  while (ready.size > 0) {
    const next = [...ready].map((v) => ({ v, cost: growth(v) })).reduce((a, b) => (b.cost < a.cost ? b : a)).v;
    ready.delete(next);
    order.push(next);
    for (const x of sources.get(next)!) uses.set(x, uses.get(x)! - 1);
    for (const v of users.get(next)!) {
      waiting.set(v, waiting.get(v)! - 1);
      if (waiting.get(v) === 0) ready.add(v);
    }
  }
  return order;
}
