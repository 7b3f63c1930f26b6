/** What the theorem is about: states at exit, and outputs. */
import { type Twins, tokenAxisOf } from "../../../dsl/twins.ts";
import type { Pair } from "./relation.ts";

/** The states and outputs of both graphs, pair by pair. */
export function resultPairs({ block, step, tokens }: Pick<Twins, "block" | "step" | "tokens">): readonly Pair[] {
  const states = block.states.map(({ name, exit }): Pair => {
    const twin = step.states.find((s) => s.name === name)!.exit;
    return { what: "state", name, block: exit, step: twin };
  });
  const outputs = Object.entries(block.outputs).map(([name, value]): Pair => {
    const twin = step.outputs[name]!;
    const axis = tokenAxisOf(value, twin, tokens);
    return { what: "output", name, block: value, step: twin, ...(typeof axis === "number" ? { tokenAxis: axis } : {}) };
  });
  return [...states, ...outputs];
}
