/** Differences as text, grouped: interface, results, ops, constants and weights. */

import { printable } from "../../dsl/printable.ts";
import { groupBy } from "../group.ts";
import type { GraphDifference } from "./diff.ts";

type OneSided = Extract<GraphDifference, { kind: "added" | "removed" }>;

/** How many values a group names before it only counts. */
const NAMED = 6;

/** Readable lines, without a final line break; empty when there is no difference. */
export function showDifferences(differences: readonly GraphDifference[]): string {
  return [...groupBy(differences, (d) => d.function)]
    .map(([name, inside]) => {
      const title = name === undefined ? "" : `${printable(`function "${name}"`)}\n`;
      return `${title}${groupsText(inside)}`;
    })
    .join("\n\n");
}

function groupsText(differences: readonly GraphDifference[]): string {
  const of = (...kinds: readonly GraphDifference["kind"][]) => differences.filter(({ kind }) => kinds.includes(kind));
  const groups = [
    ["package", of("package").map(lineOf)],
    ["interface", of("interface", "result").map(lineOf)],
    ["only in the first", countedByOp(differences, "removed")],
    ["only in the second", countedByOp(differences, "added")],
    ["changed", of("changed").map(lineOf)],
    ["written otherwise, to the same effect", firstOf(of("written").map(lineOf))],
  ] as const;
  return groups
    .flatMap(([title, lines]) =>
      lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${printable(line)}`)],
    )
    .join("\n");
}

function lineOf(difference: GraphDifference): string {
  switch (difference.kind) {
    case "interface": {
      const { role, name, before, after } = difference;
      if (before && after) return `${role} "${name}": ${before} → ${after}`;
      return `${role} "${name}" ${before ?? after}: only in the ${before ? "first" : "second"}`;
    }
    case "result":
      return `${difference.role} "${difference.name}" is made by another value: ${difference.before} → ${difference.after}`;
    case "changed": {
      const changes = difference.changes.map(({ what, before, after }) => `${what} ${before} → ${after}`);
      return `${difference.op} ${difference.value}: ${changes.join("; ")}`;
    }
    case "written":
      return `${difference.where}: ${difference.what}: ${difference.before} → ${difference.after}`;
    case "package":
      return `${difference.what}: ${difference.before} → ${difference.after}`;
    default:
      return `${difference.op} ${difference.value}`;
  }
}

const firstOf = (lines: readonly string[]): readonly string[] =>
  lines.length > NAMED ? [...lines.slice(0, NAMED), `and ${lines.length - NAMED} more`] : lines;

function countedByOp(differences: readonly GraphDifference[], kind: "added" | "removed"): readonly string[] {
  const found = differences.flatMap((d) => (d.kind === kind ? [d as OneSided] : []));
  const byOp = groupBy(found, ({ op }) => op);
  return [...byOp].map(([op, values]) => {
    const named = values.slice(0, NAMED).map(({ value, type }) => `${value} ${type}`);
    const more = values.length > NAMED ? `, and ${values.length - NAMED} more` : "";
    return `${values.length} ${op}: ${named.join(", ")}${more}`;
  });
}
