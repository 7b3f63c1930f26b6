/** Holds one graph against everything that `graphc check` knows. */
import { counted } from "../dsl/counted.ts";
import { type Graph, schedule } from "../dsl/graph.ts";
import { MINUS_INFINITY } from "../dsl/role.ts";
import type { OpaqueOp } from "../emit/read/lift/opaque.ts";
import type { PackageFinding } from "../emit/rules/package-rule.ts";
import { blobBytes, lower } from "../emit/write/lower.ts";
import { checkTypes } from "../passes/check.ts";
import { type Constants, constantsOf, type WeightRanges } from "../passes/lint/constants.ts";
import { infiniteMasks } from "../passes/lint/infinities.ts";
import { lint } from "../passes/lint/lint.ts";
import type { Severity } from "../passes/lint/lint-rule.ts";
import { placementText } from "../passes/lint/placement-record.ts";
import type { Chip } from "../passes/placement/chips.ts";
import { predictPlacement } from "../passes/placement/predict.ts";
import type { WeightStore } from "../weights/store.ts";
import type { CheckedGraph, UnknownKind } from "./checked-graph.ts";
import type { FoundRole } from "./found-roles.ts";

/** A graph, what of its function is not in it, and what the rules about packages find in that. */
export interface CheckedSubject {
  readonly graph: Graph;
  readonly skipped: readonly string[];
  readonly findings: readonly PackageFinding[];
  /** Ops of the function that are not in the graph, for nobody here knows what they do. */
  readonly unknown: readonly OpaqueOp[];
}

/** What it is held against besides the rules: contents that are known already, chips, and what the host feeds. */
interface Against {
  readonly ranges: WeightRanges;
  readonly chips: readonly Chip[];
  readonly roles: readonly FoundRole[];
}

/** The findings of one graph. Without a store the contents of its weights are not looked at. */
export async function judge(
  { graph, skipped, findings, unknown }: CheckedSubject,
  store: WeightStore | undefined,
  { ranges, chips, roles }: Against,
): Promise<CheckedGraph> {
  checkTypes(graph);
  // What stands for ops that are not known is no interface of the file: a flag, or a number without axes.
  const weightBytes = unknown.length > 0 ? blobBytes(graph) : lower(graph).blobs.bytes;
  const constants = await constantsOf(graph, store?.stream, ranges);
  const infinite = roles.flatMap((role) => ("closed" in role && role.closed === MINUS_INFINITY ? [role.input] : []));
  const made = new Set(unknown.flatMap(({ results }) => results));
  // What an op that is not known gives is no input of the file.
  const own = lint(graph, constants).filter(({ rule, value }) => !(rule === "unused" && value && made.has(value)));
  const found = [...own, ...infiniteMasks(graph, new Set(infinite))];
  return {
    graph: graph.name,
    values: schedule(graph).length,
    weightBytes,
    unknown: unknownKinds(unknown),
    findings: [...findings, ...found].sort(bySeverity),
    notLookedAt: [...skipped, ...unseenOf(constants)],
    placement: chips.map((chip) => predictPlacement(graph, chip, constants.has)),
  };
}

const SEVERITIES = ["error", "warning", "note"] as const;
const bySeverity = (a: { severity: Severity }, b: { severity: Severity }): number =>
  SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);

/** One phrase for each reason. */
function unseenOf({ unseen }: Constants): readonly string[] {
  const counts = new Map<string, number>();
  for (const { why } of unseen) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].map(([why, count]) => `the contents of ${counted(count, "constant")} ${why}`);
}

/** In the order in which they first appear. */
function unknownKinds(ops: readonly OpaqueOp[]): readonly UnknownKind[] {
  const kinds = new Map<string, UnknownKind>();
  for (const { op, why } of ops) {
    const key = `${op.type} ${why}`;
    const { names } = kinds.get(key) ?? { names: [] };
    kinds.set(key, { op: op.type, why, names: [...names, op.name], placement: placementText(op.type) });
  }
  return [...kinds.values()];
}
