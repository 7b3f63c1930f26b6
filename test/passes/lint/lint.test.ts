/** The rules of the linter: what each finds, what it lets pass, and that a graph keeps its findings on the way through a package. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Graph } from "../../../src/dsl/graph.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { packageWeights } from "../../../src/emit/read/blobs/package-store.ts";
import { graphOf, readPackage } from "../../../src/emit/read/read.ts";
import { writePackage } from "../../../src/emit/write/package.ts";
import { constantsOf } from "../../../src/passes/lint/constants.ts";
import { lint, lintRules } from "../../../src/passes/lint/lint.ts";
import type { WeightStream } from "../../../src/passes/run/constants.ts";
import { folder } from "../../support/emit.ts";
import { lintCases } from "../../support/lint/cases.ts";
import { namedContents } from "../../support/lint/contents.ts";
import { of } from "../../support/lint/parts.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";
import { randomGraph, reread } from "../../support/read.ts";

const findingsOf = async (graph: Graph, weights?: WeightStream) => lint(graph, await constantsOf(graph, weights));

/** What a finding says, but for its place. */
const told = async (graph: Graph, weights?: WeightStream): Promise<readonly string[]> =>
  (await findingsOf(graph, weights)).map(({ rule, severity, text }) => `${severity} ${rule}: ${text}`).sort();

/** Holds that a package of the graph has its findings, and that all of its constants were looked at. */
async function expectSameOnceEmitted(graph: Graph): Promise<void> {
  const path = join(folder(), "g.mlpackage");
  await writePackage(graph, namedContents, path);
  const read = graphOf(readPackage(path));
  const constants = await constantsOf(read, packageWeights().stream);
  expect(constants.unseen).toEqual([]);
  expect(await told(read, packageWeights().stream)).toEqual(await told(graph, namedContents.stream));
}

describe.each(Object.entries(lintCases))("%s", (_, { rules, build, huge }) => {
  test("breaks these rules and no others", async () => {
    const found = await findingsOf(build(), huge ? undefined : namedContents.stream);
    expect([...new Set(found.map(({ rule }) => rule))].sort()).toEqual(rules);
  });

  test("is the same after it was emitted and read back", async () => {
    const graph = build();
    if (huge) return expect(await told(reread(graph))).toEqual(await told(graph));
    await expectSameOnceEmitted(graph);
  });
});

test.each([...o.opTable.keys()])(
  "random graphs of %s are the same after they were emitted and read back",
  async (name) => {
    for (const seed of [1, 2, 3]) await expectSameOnceEmitted(exampleOf(name, randomFrom(seed)).graph);
  },
);

test("random graphs of several ops, states and weights are so too", async () => {
  const found = new Set<string>();
  for (let seed = 0; seed < 30; seed++) {
    const graph = randomGraph(randomFrom(seed));
    await expectSameOnceEmitted(graph);
    for (const { rule } of await findingsOf(graph, namedContents.stream)) found.add(rule);
  }
  expect([...found]).toContain("not-finite");
});

test("every rule has a graph that breaks it", () => {
  const broken = new Set(Object.values(lintCases).flatMap(({ rules }) => rules));
  expect([...broken].sort()).toEqual(lintRules.map(({ id }) => id).sort());
});

const x: Tensor = input("x", [1, 4, 2, 1]);
const wide: Tensor = input("w", [1, 20000, 1, 1]);

test("size counts a weight once, whatever its shape, and lets what was seen on the engine pass", async () => {
  const rules = async (graph: Graph) => (await findingsOf(graph)).map(({ rule }) => rule);
  const sum = (...ws: Tensor[]) => ws.reduce<Tensor>((y, w) => o.add(y, o.reduce_sum(w)), x);
  expect(await rules(of(sum(weight("w", [251_975, 4000])), x))).not.toContain("size");
  expect(await rules(of(sum(weight("w", [500_000, 4, 400]), weight("w", [500_000, 1600])), x))).not.toContain("size");
  expect(await rules(of(sum(weight("w", [500_000, 1600]), weight("v", [500_000, 1600])), x))).toContain("size");
});

test("size counts equal contents at two places of a package twice, and one place once", async () => {
  const stored = (offset: number): Tensor => ({
    ...x,
    type: { dtype: "fp16", shape: [500_000, 1600] },
    def: { kind: "weight", source: { from: "package", sha256: "the same", file: "/weight.bin", offset } },
  });
  const rules = async (a: Tensor, b: Tensor) =>
    (await findingsOf(of(o.add(o.add(x, o.reduce_sum(a)), o.reduce_sum(b)), x))).map(({ rule }) => rule);
  expect(await rules(stored(64), stored(128))).toContain("size");
  expect(await rules(stored(64), stored(64))).not.toContain("size");
});

test("findings come with errors first; a rule that finds nothing says nothing", async () => {
  const found = await findingsOf(of(o.square(o.cast(wide, { dtype: "fp32" })), wide, x));
  expect(found.map(({ rule, severity }) => [severity, rule])).toEqual([
    ["error", "fp32"],
    ["error", "fp32"],
    ["warning", "axis-size"],
    ["warning", "axis-size"],
    ["warning", "unused"],
  ]);
});
