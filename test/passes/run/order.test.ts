/** The order of a plan: of the ops that are ready always the one that leaves the fewest bytes alive, the earliest of equals. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { graph, resultsOf, schedule } from "../../../src/dsl/graph.ts";
import { add, concat, reshape } from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../src/dsl/tensor.ts";
import { sizeOf } from "../../../src/dsl/type.ts";
import { frugalOrder, type Owners, ownersOf, sourcesOf } from "../../../src/passes/run/order.ts";
import { newQueue } from "../../../src/passes/run/queue.ts";

const bytesOf = ({ type }: Tensor): number => 2 * sizeOf(type.shape);

/** A random graph: sums and lists of what is there, views of it, constants. */
function graphOf(choices: readonly (readonly [kind: number, a: number, b: number])[]) {
  const x = input("x", [2]);
  const values: Tensor[] = [x, constant([1, 2], [2])];
  for (const [kind, a, b] of choices) {
    const [p, q] = [values[a % values.length]!, values[b % values.length]!];
    const size = sizeOf(p.type.shape);
    if (kind === 0) values.push(reshape(p, { shape: [size] }));
    else if (kind === 1 && sizeOf(q.type.shape) === size) values.push(add(p, q));
    else if (size + sizeOf(q.type.shape) < 40) values.push(concat([p, q], { axis: 0 }));
  }
  const ops = values.filter(({ def }) => def.kind === "op").slice(-3);
  return graph({
    name: "g",
    inputs: [x],
    outputs: Object.fromEntries([...ops, add(x, x)].map((y, n) => [`y${n}`, y])),
  });
}

/** The rule, step by step, with nothing remembered. */
function plainly(values: readonly Tensor[], owners: Owners, results: readonly Tensor[]): readonly Tensor[] {
  const isStep = (v: Tensor) => v.def.kind === "op" && owners.get(v) === v;
  const todo = values.filter(isStep);
  const kept = results.map((x) => owners.get(x)!);
  const order: Tensor[] = [];
  let ready: Tensor[] = [];
  while (order.length < todo.length) {
    const isDone = (x: Tensor) => !isStep(x) || order.includes(x);
    const fresh = todo.filter((v) => !ready.includes(v) && !order.includes(v) && sourcesOf(v, owners).every(isDone));
    ready.push(...fresh);
    const growth = (v: Tensor) => {
      const rest = todo.filter((u) => u !== v && !order.includes(u)).flatMap((u) => sourcesOf(u, owners));
      const freed = sourcesOf(v, owners).filter((x) => x.def.kind !== "const" && ![...rest, ...kept].includes(x));
      return bytesOf(v) - freed.reduce((sum, x) => sum + bytesOf(x), 0);
    };
    const next = ready.reduce((a, b) => (growth(b) < growth(a) ? b : a));
    ready = ready.filter((v) => v !== next);
    order.push(next);
  }
  return order;
}

test("the order is that of the rule", () => {
  const choice = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.nat(30), fc.nat(30));
  fc.assert(
    fc.property(fc.array(choice, { maxLength: 25 }), (choices) => {
      const g = graphOf(choices);
      const values = schedule(g);
      const owners = ownersOf(values);
      expect(frugalOrder(values, owners, resultsOf(g), bytesOf)).toEqual(plainly(values, owners, resultsOf(g)));
    }),
    { numRuns: 300 },
  );
});

test("a queue gives the cheapest, of equal ones the first", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (costs) => {
      const queue = newQueue<number>();
      const offers = costs.map((cost, turn) => ({ item: turn, cost, turn }));
      for (const offer of offers) queue.add(offer);
      const taken = offers.map(() => queue.take());
      expect(taken).toEqual(offers.toSorted((a, b) => a.cost - b.cost || a.turn - b.turn));
      expect(queue.take()).toBeUndefined();
    }),
  );
});
