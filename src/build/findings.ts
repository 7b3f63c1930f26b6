/** Which rules about the engine the parts of a build break, before any is written. */
import type { Graph } from "../dsl/graph.ts";
import { constantsOf } from "../passes/lint/constants.ts";
import { lint } from "../passes/lint/lint.ts";
import type { LintFinding } from "../passes/lint/lint-rule.ts";
import type { BuildPlan } from "./plan.ts";

/** What one rule finds in all parts. */
export interface PlanFinding {
  /** The first value that breaks it. */
  readonly first: LintFinding;
  /** Values that break it, in all parts. */
  readonly times: number;
  /** Paths of the parts that do. */
  readonly parts: readonly string[];
}

/** Holds the graph of every part, that of the most tokens, against every rule; weights are not read, so that what rests on their contents is not looked at. */
export async function planFindings({ shards, heads }: BuildPlan): Promise<readonly PlanFinding[]> {
  const parts = [...shards.map(({ path, block }) => ({ path, graph: block })), ...heads];
  const found = new Map<string, PlanFinding>();
  for (const { path, graph } of parts)
    for (const one of await offencesOf(graph)) {
      const { first, times, parts: others } = found.get(one.rule) ?? { first: one, times: 0, parts: [] };
      found.set(one.rule, { first, times: times + 1, parts: others.at(-1) === path ? others : [...others, path] });
    }
  return [...found.values()];
}

const offencesOf = async (graph: Graph): Promise<readonly LintFinding[]> => lint(graph, await constantsOf(graph));
