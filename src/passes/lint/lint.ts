/** Runs every rule about the engine over a graph. The rules are data: one list a subject, printed into the docs. */
import type { Graph } from "../../dsl/graph.ts";
import { numericRules } from "./numerics.ts";
import { placementRules } from "./placement.ts";
import type { Finding, Rule } from "./rule.ts";
import { stateRules } from "./state.ts";

export const lintRules: readonly Rule[] = [...placementRules, ...stateRules, ...numericRules];

/** Every offence, errors first. */
export function lint(graph: Graph): readonly Finding[] {
  const order = { error: 0, warning: 1, note: 2 } as const;
  return lintRules
    .flatMap(({ id, severity, source, find }) =>
      find(graph).map((offence) => ({ ...offence, rule: id, severity, source })),
    )
    .sort((a, b) => order[a.severity] - order[b.severity]);
}
