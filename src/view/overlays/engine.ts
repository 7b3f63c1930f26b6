/** What the rules about the engine find, and where ops are expected to run. */

import type { CheckedGraph } from "../../api/checked-graph.ts";
import type { Graph } from "../../dsl/graph.ts";
import { schedule } from "../../dsl/graph.ts";
import type { Mark, Overlay, Tone } from "../data.ts";

const LEGEND: Overlay["legend"] = [
  ["bad", "the engine will not take it"],
  ["warn", "it may not, or numbers may suffer"],
  ["note", "worth knowing"],
];

const TONES: Readonly<Record<string, Tone>> = { error: "bad", warning: "warn", note: "note" };

/** The findings of `check` at their values; with a chip also what is predicted for each op. */
export function engineOverlay(graph: Graph, { findings, notLookedAt, placement }: CheckedGraph): Overlay {
  const numbers = new Map(schedule(graph).map((value, n) => [value, n]));
  const marks = new Map<number, Mark>();
  const add = (node: number | undefined, tone: Tone, says: string, short: string) => {
    if (node === undefined) return;
    const before = marks.get(node);
    const worst = before && RANK.indexOf(before.tone) < RANK.indexOf(tone) ? before.tone : tone;
    marks.set(node, { node, tone: worst, says: [...(before?.says ?? []), says], short: before?.short ?? short });
  };
  for (const finding of findings)
    if ("value" in finding)
      add(
        numbers.get(finding.value),
        TONES[finding.severity]!,
        `${finding.severity} [${finding.rule}]: ${finding.text} (${finding.source})`,
        finding.rule,
      );
  for (const { chip, ops } of placement)
    for (const { value, place, support } of ops)
      add(
        numbers.get(value),
        "plain",
        `${chip.name}: expected on ${place}; can the engine take it: ${support.can}`,
        place,
      );
  const beside = findings.flatMap((finding) => ("value" in finding ? [] : [finding.text]));
  return {
    id: "engine",
    title: "engine",
    state: "shown",
    says: [...summary(findings.length, placement), ...beside, ...notLookedAt.map((what) => `not looked at: ${what}`)],
    legend: LEGEND,
    marks: [...marks.values()],
  };
}

const RANK: readonly Tone[] = ["bad", "warn", "note", "good", "plain"];

const summary = (findings: number, placement: CheckedGraph["placement"]): readonly string[] => [
  findings === 0
    ? "no rule found anything in what was looked at"
    : `the rules found ${findings === 1 ? "one thing" : `${findings} things`}`,
  ...(placement.length === 0 ? ["no placement was predicted: say --target CHIP"] : []),
  ...placement.flatMap(({ chip, outside }) => outside.map((what) => `${chip.name}: not on record, ${what}`)),
];
