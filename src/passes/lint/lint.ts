/** Runs every rule over a graph. The rules are data: one list a subject, printed into docs/engine-rules.md. */
import type { Graph } from "../../dsl/graph.ts";
import { castRules } from "./casts.ts";
import type { Constants } from "./constants.ts";
import { infinityRules } from "./infinities.ts";
import type { LintFinding, LintRule } from "./lint-rule.ts";
import { numericRules } from "./numerics.ts";
import { placementRules } from "./placement.ts";
import { stateRules } from "./state.ts";
import { sizeRules, usageRules } from "./whole.ts";

/** Every rule, in the order of the report and of docs/engine-rules.md. */
export const lintRules: readonly LintRule[] = [
  ...sizeRules,
  ...placementRules,
  ...stateRules,
  ...numericRules,
  ...infinityRules,
  ...castRules,
  ...usageRules,
];

/** Every offence, errors first, then in the order of the table; `constants` are those of the graph (`constantsOf`). */
export function lint(graph: Graph, constants: Constants): readonly LintFinding[] {
  const order = { error: 0, warning: 1, note: 2 } as const;
  return lintRules
    .flatMap(({ id, severity, source, find }) =>
      find(graph, constants).map((offence) => ({ ...offence, rule: id, severity, source })),
    )
    .sort((a, b) => order[a.severity] - order[b.severity]);
}
