/** Emitting and reading are inverse to each other: through bytes in memory, and through packages on disk. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { type Graph, graph, schedule } from "../../../src/dsl/graph.ts";
import { gather, mul, opTable } from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { show } from "../../../src/dsl/type.ts";
import type { WeightSource } from "../../../src/dsl/weight-source.ts";
import { checkpointHashes } from "../../../src/emit/diff/checkpoint-hashes.ts";
import { diffGraphs, sameGraph } from "../../../src/emit/diff/diff.ts";
import { showDifferences } from "../../../src/emit/diff/text.ts";
import { decodeElements } from "../../../src/emit/mil/decode-elements.ts";
import { packageArray, packageWeights } from "../../../src/emit/read/blobs/package-store.ts";
import { graphOf, readPackage } from "../../../src/emit/read/read.ts";
import { writePackage } from "../../../src/emit/write/package.ts";
import { generatedStore, storedShapes } from "../../../src/weights/generated.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";
import { pretendHash, randomGraph, reread } from "../../support/read.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-read-"));
afterAll(() => rmSync(folder, { recursive: true }));

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

function expectSame(a: Graph, b: Graph, options: Parameters<typeof diffGraphs>[2]): void {
  expect(showDifferences(diffGraphs(a, b, options))).toBe("");
  expect(sameGraph(a, b, options)).toBe(true);
  expect(b.name).toBe(a.name);
}

describe.each([...opTable.keys()])("%s", (op) => {
  test("through bytes", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { graph } = exampleOf(op, randomFrom(seed));
        expectSame(graph, reread(graph), { hash: pretendHash });
      }),
      { numRuns: 20 },
    );
  });

  test("through a package", async () => {
    const { graph } = exampleOf(op, randomFrom(op.length));
    await expectSameOnDisk(graph, `${op}.mlpackage`);
  });
});

async function expectSameOnDisk(graph: Graph, name: string): Promise<void> {
  const path = join(folder, name);
  const store = generatedStore(storedShapes(schedule(graph)));
  await writePackage(graph, store, path, { force: true });
  const read = graphOf(readPackage(path));
  expectSame(graph, read, { hash: await checkpointHashes(graph, async () => store) });
  expect(sameGraph(graph, read, { weights: "order" })).toBe(true);
  // What was read can be written and read again.
  const again = `${path.slice(0, -".mlpackage".length)}.again.mlpackage`;
  await writePackage(read, packageWeights(), again, { force: true });
  expectSame(read, graphOf(readPackage(again)), {});
}

test("graphs with states, shared values, weights and parts, through bytes", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const graph = randomGraph(randomFrom(seed));
      expectSame(graph, reread(graph), { hash: pretendHash });
    }),
    { numRuns: 200 },
  );
});

test("graphs with states, shared values, weights and parts, through packages", async () => {
  await fc.assert(
    fc.asyncProperty(seeds, async (seed) => expectSameOnDisk(randomGraph(randomFrom(seed)), "random.mlpackage")),
    { numRuns: 15 },
  );
});

test("a package's weights have the contents that were stored", async () => {
  const w = weight("w", [4, 6], { rows: [2, 6] });
  const shapes = new Map([["w", [8, 6]]]);
  const path = join(folder, "contents.mlpackage");
  await writePackage(graphWith(w), generatedStore(shapes), path);
  const [read] = schedule(graphOf(readPackage(path))).filter(({ def }) => def.kind === "weight");
  const { data } = packageArray((read!.def as { source: WeightSource }).source, read!.type);
  const stored: number[] = [];
  for await (const chunk of generatedStore(shapes).stream((w.def as { source: WeightSource }).source, w.type))
    stored.push(...decodeElements("fp16", chunk, chunk.length / 2));
  expect([...data]).toEqual(stored);
  expect(new Set(stored).size).toBe(24);
});

test("positions that lie in the weight file are read into the graph, other blobs are weights", async () => {
  const x = input("x", [20, 2]);
  const order = Array.from({ length: 20 }, (_, i) => 19 - i);
  const turned = gather(x, constant(order, [20], "int32"), { axis: 0 });
  const y = mul(turned, constant(Array.from({ length: 40 }, Math.sqrt), [20, 2]));
  const path = join(folder, "positions.mlpackage");
  await writePackage(graph({ name: "positions", inputs: [x], outputs: { y } }), packageWeights(), path);
  const read = schedule(graphOf(readPackage(path))).filter(({ def }) => def.kind !== "op" && def.kind !== "input");
  expect(read.map(({ type, def }) => `${def.kind} ${show(type)}`)).toEqual(["const int32[20]", "weight fp16[20,2]"]);
  expect(Array.from((read[0]!.def as { data: ArrayLike<number> }).data)).toEqual(order);
});

const graphWith = (w: Tensor): Graph => {
  const x = input("x", [4, 6]);
  return graph({ name: "contents", inputs: [x], outputs: { y: mul(x, w) } });
};
