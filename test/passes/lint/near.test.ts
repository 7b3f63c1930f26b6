/** Every rule of the linter has a graph that breaks it and one that nearly does: a rule without the pair fails here. */
import { expect, test } from "vitest";
import { type Graph, schedule } from "../../../src/dsl/graph.ts";
import { constantsOf } from "../../../src/passes/lint/constants.ts";
import { lint, lintRules } from "../../../src/passes/lint/lint.ts";
import { lintCases } from "../../support/lint/cases.ts";
import { namedContents } from "../../support/lint/contents.ts";
import { nearMisses } from "../../support/lint/near.ts";

/** What these forbid is an op by itself: what does not break them is made of others. */
const OF_AN_OP = ["fused-attention"];

/** The rules that a graph breaks; of the largest weights no contents are made. */
async function rulesOf(graph: Graph, rule: string): Promise<readonly string[]> {
  const constants = await constantsOf(graph, rule === "size" ? undefined : namedContents.stream);
  return lint(graph, constants).map((finding) => finding.rule);
}

const opsOf = (graph: Graph): readonly string[] =>
  schedule(graph).flatMap(({ def }) => (def.kind === "op" ? [def.op] : []));

/** How many ops two graphs do not have in common. */
function distance(a: readonly string[], b: readonly string[]): number {
  const left = [...b];
  const gone = a.filter((op) => !left.includes(op) || left.splice(left.indexOf(op), 1).length === 0);
  return gone.length + left.length;
}

test("every rule has its pair, and no pair is of a rule that is gone", () => {
  expect(Object.keys(nearMisses).sort()).toEqual(lintRules.map(({ id }) => id).sort());
});

test.each(Object.entries(nearMisses))("%s: one graph breaks it, and one nearly does", async (rule, pair) => {
  const [broken, kept] = [lintCases[pair.broken]!.build(), pair.build()];
  expect(await rulesOf(broken, rule)).toContain(rule);
  expect(await rulesOf(kept, rule)).not.toContain(rule);
  if (!OF_AN_OP.includes(rule)) expect(distance(opsOf(broken), opsOf(kept))).toBeLessThanOrEqual(2);
});
