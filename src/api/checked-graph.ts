/** A graph that was held against everything that `check` knows. */
import type { PackageFinding } from "../emit/rules/package-rule.ts";
import type { LintFinding } from "../passes/lint/lint-rule.ts";
import type { Prediction } from "../passes/placement/predict.ts";

/** One graph, judged. */
export interface CheckedGraph {
  readonly graph: string;
  readonly values: number;
  readonly weightBytes: number;
  readonly findings: readonly (LintFinding | PackageFinding)[];
  readonly unknown: readonly UnknownKind[];
  /** Parts of the graph that no rule could see, each as one phrase. */
  readonly notLookedAt: readonly string[];
  /** For each chip that was asked about. */
  readonly placement: readonly Prediction[];
}

/** Ops of one kind that were not read, for one reason. */
export interface UnknownKind {
  readonly op: string;
  readonly why: string;
  readonly names: readonly string[];
  /** What the record says of where such an op runs. */
  readonly placement: string;
}

/** Whether anything keeps the graph off the engine; a yes says so where it is one about a part alone. */
export type CheckAnswer = "yes" | "yes, as far as it was looked at" | "no";

/** The answer that the findings give. */
export function answerOf({ findings, unknown, notLookedAt }: Omit<CheckedGraph, "graph">): CheckAnswer {
  if (findings.some(({ severity }) => severity === "error")) return "no";
  return notLookedAt.length + unknown.length > 0 ? "yes, as far as it was looked at" : "yes";
}
