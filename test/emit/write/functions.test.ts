/** Several functions over one weight file: each is the package of its size, and every weight lies in it once. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { functionsOf } from "../../../src/build/functions.ts";
import { functionsIn } from "../../../src/build/sizes.ts";
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import { add, mul } from "../../../src/dsl/ops/index.ts";
import { constant, input, weight } from "../../../src/dsl/tensor.ts";
import { WEIGHTS_PATH } from "../../../src/emit/mil/manifest.ts";
import type { MilFunction } from "../../../src/emit/mil/records.ts";
import { graphOf, readPackage } from "../../../src/emit/read/read.ts";
import { packageFindings } from "../../../src/emit/rules/package-rules.ts";
import { type Lowered, lower, lowerFunctions } from "../../../src/emit/write/lower.ts";
import { fillPackage } from "../../../src/emit/write/package.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { printGraph } from "../../../src/passes/print.ts";
import { countingStore, folder } from "../../support/emit.ts";
import { SMALL_DECODERS } from "../../support/graphs/decoders.ts";

const FUNCTIONS = functionsIn("verify3,infer,prefill=6");
const MAX_SEQ = 7;

async function written(lowered: Lowered) {
  const path = join(folder(), "a.mlpackage");
  const { summary } = await fillPackage(lowered, countingStore(), path, { path });
  return { pkg: readPackage(path), summary, weightBytes: statSync(join(path, WEIGHTS_PATH)).size };
}

const textOf = (g: Graph) => printGraph({ ...g, name: "g" });
const offsetsOf = ({ operations }: MilFunction): readonly number[] =>
  operations.flatMap(({ value }) => (value && "blob" in value ? [value.blob.offset] : [])).toSorted((a, b) => a - b);

describe.each([...SMALL_DECODERS])("layers of %s", (_, { decoder, first }) => {
  const layers = (tokens: number) => decoderLayers(decoder, { tokens, maxSeq: MAX_SEQ }, { first, count: 2 });

  test("are in each function those of its size, over the weights of one", async () => {
    const { pkg, summary, weightBytes } = await written(functionsOf(FUNCTIONS, layers));
    const { model } = pkg;
    expect(packageFindings(model)).toEqual([]);
    expect(model).toMatchObject({ defaultFunction: "infer", specificationVersion: 9 });
    expect(model.layout).toBeUndefined();
    expect(Object.keys(model.interfaces)).toEqual(["verify3", "infer", "prefill"]);
    expect(summary.functions).toEqual(model.interfaces);
    for (const { name, tokens } of FUNCTIONS) {
      const alone = await written(lower(layers(tokens)));
      const own = graphOf(pkg, { function: name });
      expect(textOf(own)).toBe(textOf(graphOf(alone.pkg)));
      expect(model.interfaces[name]).toEqual(alone.pkg.model.interfaces.main);
      expect(weightBytes).toBe(alone.weightBytes);
      const [mine, others] = [model.functions.find((f) => f.name === name)!, alone.pkg.model.functions[0]!];
      expect(offsetsOf(mine)).toEqual(offsetsOf(others));
    }
  });
});

test("what one function alone reads is added to the file, and what both read is in it once", async () => {
  const of = (names: readonly string[], table: number) => {
    const x = input("x", [1, 64]);
    const scaled = names.reduce((y, name) => mul(y, weight(name, [1, 64])), x);
    const data = Float64Array.from({ length: 64 }, (_, k) => table + k);
    return graph({ name: "g", inputs: [x], states: [], outputs: { y: add(scaled, constant(data, [1, 64])) } });
  };
  const { model, blobs } = lowerFunctions(
    [
      { name: "a", graph: of(["p", "q"], 0) },
      { name: "b", graph: of(["q", "r"], 0) },
      { name: "c", graph: of(["q"], 1) },
    ],
    { name: "all", defaultFunction: "a" },
  );
  const offsets = model.functions.map(offsetsOf);
  // p, q and the table; r; another table.
  expect(blobs.blobs).toHaveLength(5);
  expect(new Set(offsets.flat()).size).toBe(5);
  expect(offsets.map(({ length }) => length)).toEqual([3, 3, 2]);
  const both = (a: number, b: number) => offsets[a]!.filter((offset) => offsets[b]!.includes(offset)).length;
  expect([both(0, 1), both(0, 2), both(1, 2)]).toEqual([2, 1, 1]);
});
