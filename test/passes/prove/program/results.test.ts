/** What the theorem is about: every state at exit and every output, each with its twin of that name. */
import { expect, test } from "vitest";
import type { Graph } from "../../../../src/dsl/graph.ts";
import { resultPairs } from "../../../../src/passes/prove/program/results.ts";
import { type Feeds, op, pairOf } from "../../../support/prove/corpus/fault.ts";

const make = (f: Feeds) => {
  const K = op.scatter(f.state("K"), f.at, f.x, { axis: 0, mode: "update" });
  return { y: op.tanh(f.x), z: op.transpose(f.x, { perm: [1, 0] }), K, L: op.mul(f.state("L"), 2) };
};
/** The same graph with its results in another order. */
const turned = (graph: Graph): Graph => ({
  ...graph,
  states: graph.states.toReversed(),
  outputs: Object.fromEntries(Object.entries(graph.outputs).reverse()),
});
const exitOf = ({ states }: Graph, name: string) => states.find((s) => s.name === name)!.exit;

test.each([2, 3])("states first, then outputs with their axis of %i tokens", (tokens) => {
  const { block, step } = pairOf({ make }, tokens, false);
  const pairs = resultPairs({ block, step: turned(step), tokens });
  expect(pairs).toHaveLength(4);
  const [K, L, y, z] = pairs;
  expect(K).toStrictEqual({ what: "state", name: "K", block: exitOf(block, "K"), step: exitOf(step, "K") });
  expect(L).toStrictEqual({ what: "state", name: "L", block: exitOf(block, "L"), step: exitOf(step, "L") });
  const output = (name: string) => ({ what: "output", name, block: block.outputs[name], step: step.outputs[name] });
  expect(y).toStrictEqual({ ...output("y"), tokenAxis: 0 });
  expect(z).toStrictEqual({ ...output("z"), tokenAxis: 1 });
});

test("one token has no axis: its row is the whole value", () => {
  const { block, step } = pairOf({ make }, 1, false);
  for (const pair of resultPairs({ block, step, tokens: 1 })) expect(Object.keys(pair)).not.toContain("tokenAxis");
});
