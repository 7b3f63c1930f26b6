/** The smallest graph with a state: it counts its calls. `npx graphc emit examples/counter.ts` */
import { add, graph, input, mul, named, state } from "graphc";

export default function counter() {
  const step = input("step", [1]);
  const before = state("count", [1]);
  const after = named("count.after", add(before, step));
  return graph({ name: "counter", inputs: [step], states: [[before, after]], outputs: { doubled: mul(after, 2) } });
}
