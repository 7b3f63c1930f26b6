/** What the theorem is about: states at exit, and outputs. */
import { outputRows } from "../../../dsl/host/output-rows.ts";
import type { Twins } from "../../../dsl/host/twins.ts";
import type { Pair } from "./relation.ts";

/** The states and outputs of both graphs, pair by pair. */
export function resultPairs({ block, step, tokens }: Pick<Twins, "block" | "step" | "tokens">): readonly Pair[] {
  const states = block.states.map(({ name, exit }): Pair => {
    const twin = step.states.find((s) => s.name === name)!.exit;
    return { what: "state", name, block: exit, step: twin };
  });
  const outputs = Object.entries(block.outputs).map(([name, value]): Pair => {
    const twin = step.outputs[name]!;
    const rows = outputRows({ block, step, tokens }, name);
    const only = rows.tokens.length < tokens ? { token: rows.tokens[0]! } : {};
    const axis = rows.axis === undefined ? {} : { tokenAxis: rows.axis };
    return { what: "output", name, block: value, step: twin, ...axis, ...only };
  });
  return [...states, ...outputs];
}
