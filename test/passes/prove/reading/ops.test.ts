/** Every op of the table has its meaning read with symbols: a graph of it equals itself, and nothing throws. */
import { expect, test } from "vitest";
import { opTable } from "../../../../src/dsl/ops/index.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { exampleOf, randomFrom } from "../../../support/ops/examples.ts";

/** Ops whose place of reading is a run-time value: a proof needs it to be a declared cache row. */
const BY_POSITION = /gather|scatter|slice_update|slice_by|reverse_sequence/;

test.each([...opTable.keys()])("%s", (name) => {
  for (const seed of [1, 2, 3]) {
    const { graph } = exampleOf(name, randomFrom(seed));
    // Whole numbers mean something to the host: without a role they would be asked for.
    const roles = new Map(graph.inputs.map((x) => [x.name!, { facts: { kind: "shared" }, source: "option" } as const]));
    const verdict = prove(graph, graph, { roles, counterexample: false, secondOpinion: false, corollaries: false });
    if (verdict.verdict === "PROVEN") expect(verdict.level).toBe("exact");
    else
      expect(
        `${name}: ${BY_POSITION.test(name) ? "" : verdict.verdict === "NOT PROVEN" && verdict.finding.reason}`,
      ).toBe(`${name}: `);
  }
});
