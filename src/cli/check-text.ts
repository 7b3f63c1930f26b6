/** What `graphc check` prints of one graph: the verdict, every finding, and what was not looked at. */
import type { PackageFinding } from "../emit/rules/package-rule.ts";
import type { LintFinding } from "../passes/lint/lint-rule.ts";
import { authorFrame, place } from "./report.ts";
import { bytes } from "./table.ts";
import { wrapLine } from "./wrap.ts";

/** One graph, judged. */
export interface CheckedGraph {
  readonly graph: string;
  readonly values: number;
  readonly weightBytes: number;
  readonly findings: readonly (LintFinding | PackageFinding)[];
  /** Parts of the graph that no rule could see, each as one phrase. */
  readonly notLookedAt: readonly string[];
}

/** A finding with its source, and with the author's line where it has one. */
export function findingText(finding: LintFinding | PackageFinding): string {
  const { severity, rule, text, source } = finding;
  const frame = "value" in finding ? authorFrame(finding.value.site) : undefined;
  const at = frame ? [`    at ${place(frame)}`] : [];
  return [wrapLine(`  ${severity} [${rule}] ${text}`), ...at, wrapLine(`    source: ${source}`)].join("\n");
}

/** The verdict in one line, and what it rests on. */
export function checkText({ graph, values, weightBytes, findings, notLookedAt }: CheckedGraph): string {
  const lines = findings.map(findingText);
  const errors = findings.filter((f) => f.severity === "error").length;
  const yes = notLookedAt.length > 0 ? "OK, as far as it was looked at" : "OK";
  const verdict = errors > 0 ? `NO: ${errors} finding(s) keep it off the engine` : yes;
  const head = `${graph}: ${values} values, ${bytes(weightBytes)} of weights: ${verdict}`;
  return [wrapLine(head), ...lines, ...notLookedAt.map((what) => wrapLine(`  not looked at: ${what}`))].join("\n");
}
