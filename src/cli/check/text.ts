/** What `graphc check` prints of one graph: the verdict, every kind of finding, and what was not looked at. */
import { answerOf, type CheckedGraph, type UnknownKind } from "../../api/checked-graph.ts";
import { type PackageFinding, quote } from "../../emit/rules/package-rule.ts";
import { bytes } from "../../files/bytes.ts";
import type { LintFinding } from "../../passes/lint/lint-rule.ts";
import { PLACEMENT_RECORD } from "../../passes/lint/placement-record.ts";
import { authorFrame, place } from "../errors/report.ts";
import { wrapLine } from "../terminal/wrap.ts";

type Finding = LintFinding | PackageFinding;

/** All of a rule and severity: the first with its source and the author's line, the others by how many and their names. */
export function findingsText(findings: readonly [Finding, ...Finding[]]): string {
  const [first, ...others] = findings;
  const { severity, rule, text, source } = first;
  const frame = "value" in first ? authorFrame(first.value.site) : undefined;
  const at = frame ? [`    at ${place(frame)}`] : [];
  const more = others.length > 0 ? [wrapLine(`    and ${others.length} more${namesText(others)}`)] : [];
  return [wrapLine(`  ${severity} [${rule}] ${nameText(first)}${text}`), ...at, ...more]
    .concat(wrapLine(`    source: ${source}`))
    .join("\n");
}

const nameOf = (finding: Finding): string | undefined => ("value" in finding ? finding.value.name : undefined);

/** Most rules do not say whose fault it is. */
function nameText(finding: Finding): string {
  const name = nameOf(finding);
  return name === undefined || finding.text.includes(quote(name)) ? "" : `${quote(name)}: `;
}

/** Names of values, where they have any. */
function namesText(findings: readonly Finding[]): string {
  const names = findings.map(nameOf).filter((name) => name !== undefined);
  return names.length > 0 ? `: ${few(names)}` : "";
}

const SHOWN = 5;
const few = (names: readonly string[]): string =>
  names.slice(0, SHOWN).map(quote).join(", ") + (names.length > SHOWN ? ", …" : "");

const unknownText = ({ op, why, names, placement }: UnknownKind): string =>
  wrapLine(`  not read: ${op}${names.length > 1 ? ` (${names.length})` : ""} ${few(names)} ${why}; ${placement}`);

/** Groups in the order of their first. */
function byRule(findings: readonly Finding[]): readonly (readonly [Finding, ...Finding[]])[] {
  const groups = new Map<string, [Finding, ...Finding[]]>();
  for (const one of findings) {
    const key = `${one.severity} ${one.rule}`;
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()];
}

const YES = { yes: "OK", "yes, as far as it was looked at": "OK, as far as it was looked at", no: "NO" } as const;

/** The verdict in one line, and what it rests on. */
export function checkText(checked: CheckedGraph): string {
  const { graph, values, weightBytes, findings, unknown, notLookedAt } = checked;
  const errors = findings.filter((f) => f.severity === "error").length;
  const verdict =
    errors > 0
      ? `NO: ${errors === 1 ? "1 finding keeps" : `${errors} findings keep`} it off the engine`
      : YES[answerOf(checked)];
  const head = `${graph}: ${values} values, ${bytes(weightBytes)} of weights: ${verdict}`;
  return [
    wrapLine(head),
    ...byRule(findings).map(findingsText),
    ...unknown.map(unknownText),
    ...(unknown.length > 0 ? [wrapLine(`    source: ${PLACEMENT_RECORD.source}`)] : []),
    ...notLookedAt.map((what) => wrapLine(`  not looked at: ${what}`)),
  ].join("\n");
}
