/**
 * The smallest graph with a state: 32 counters, because the engine has refused states whose last axis is no multiple of
 * 32. `npx graphc emit examples/counter.ts`
 */
import { add, graph, input, mul, named, state } from "graphc";

export default function counter() {
  const step = input("step", [32]);
  const before = state("count", [32]);
  const after = named("count.after", add(before, step));
  return graph({ name: "counter", inputs: [step], states: [[before, after]], outputs: { doubled: mul(after, 2) } });
}
