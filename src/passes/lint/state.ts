/** What is known about states on the engine. */
import type { LintRule } from "./lint-rule.ts";

/** About the states of a graph, at entry. */
export const stateRules: readonly LintRule[] = [
  {
    id: "state-alignment",
    severity: "error",
    says: "the last axis of a state is a multiple of 32",
    source: "apple/coremltools issue 2631 (270 fails, 256 works; M4, macOS 15.2)",
    find: (graph) =>
      graph.states
        .filter(({ entry }) => (entry.type.shape.at(-1) ?? 0) % 32 !== 0)
        .map(({ name, entry }) => ({
          value: entry,
          text: `state "${name}" ends in an axis of ${entry.type.shape.at(-1)}; pad it to a multiple of 32`,
        })),
  },
  {
    id: "state-rank",
    severity: "warning",
    says: "a state has rank 4 and batch 1",
    source: "anemll/Anemll issue 27 (rank 3 failed, rank 4 worked)",
    find: (graph) =>
      graph.states
        .filter(({ entry }) => entry.type.shape.length !== 4 || entry.type.shape[0] !== 1)
        .map(({ name, entry }) => ({
          value: entry,
          text: `state "${name}" is [${entry.type.shape.join(",")}]; states of rank 4 with batch 1 are what has been seen to run`,
        })),
  },
  {
    id: "state-shapes",
    severity: "warning",
    says: "all states have one shape",
    source: "john-rocky/CoreML-LLM docs/MLSTATE_PATTERN.md (two different shapes: plan green, predict fails)",
    find: (graph) => {
      const shapes = new Set(graph.states.map(({ entry }) => entry.type.shape.join(",")));
      const odd = graph.states.find(
        ({ entry }) => entry.type.shape.join(",") !== graph.states[0]!.entry.type.shape.join(","),
      );
      return odd
        ? [
            {
              value: odd.entry,
              text: `the states have ${shapes.size} different shapes; on the engine all must have one`,
            },
          ]
        : [];
    },
  },
];
