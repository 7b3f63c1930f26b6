/** `check` of the library. */

import { graphGiven } from "../dsl/given/graphs.ts";
import { optionsGiven } from "../dsl/given/values.ts";
import type { Graph } from "../dsl/graph.ts";
import { packageWeights } from "../emit/read/blobs/package-store.ts";
import type { WeightRanges } from "../passes/lint/constants.ts";
import type { WeightStore } from "../weights/store.ts";
import { answerOf, type CheckAnswer, type CheckedGraph } from "./checked-graph.ts";
import { type ComparedOptions, rolesGiven } from "./compared.ts";
import { type FoundRole, rolesAlone } from "./found-roles.ts";
import { type CheckedSubject, judge } from "./judge-graph.ts";
import { packageGiven } from "./package-given.ts";
import { ownInputs, packageSubjects } from "./package-subjects.ts";
import type { Package } from "./packages.ts";
import { weightsGiven, weightsOf } from "./weights.ts";

/** What `check` says of one graph. */
export interface CheckResult extends CheckedGraph {
  /** "yes, as far as it was looked at" where `notLookedAt` or `unknown` name something. */
  readonly answer: CheckAnswer;
  /** What is known of each input. */
  readonly roles: readonly FoundRole[];
}

/** Of the other functions' options those that a check has. */
export type CheckOptions = Pick<ComparedOptions, "weights" | "roles">;

/**
 * Every check that needs no run and no proof: types, and the rules about the engine with their sources; of a package every function, and what
 * Core ML is known to refuse. Without weights the contents of a checkpoint's are not looked at, and the answer says so.
 * @throws UserError for what is neither a graph nor a package, GraphError at a value whose type is wrong
 */
export async function check(subject: Graph | Package, options: CheckOptions = {}): Promise<readonly CheckResult[]> {
  const given = optionsGiven(options, "check", ["weights", "roles"]);
  const [weights, stated] = [weightsGiven(given.weights), rolesGiven(given.roles)];
  const isRead = typeof subject === "object" && subject !== null && "blobs" in subject;
  const subjects: readonly CheckedSubject[] = isRead
    ? packageSubjects(packageGiven(subject, "what is checked"), {})
    : [{ graph: graphGiven(subject, "what is checked"), skipped: [], findings: [], unknown: [] }];
  const graphs = subjects.map(ownInputs);
  const roles = rolesAlone(graphs, stated);
  const store: WeightStore | undefined = isRead ? packageWeights() : await weightsOf(graphs, weights).openWeights?.();
  const ranges: WeightRanges = new Map();
  const results: CheckResult[] = [];
  for (const one of subjects) {
    const checked = await judge(one, store, { ranges, chips: [], roles });
    const names = new Set(one.graph.inputs.map(({ name = "" }) => name));
    results.push({ ...checked, answer: answerOf(checked), roles: roles.filter(({ input }) => names.has(input)) });
  }
  return results;
}
