/** How far stored weights are off those that they were made from. */
import { describe, expect, test } from "vitest";
import { type Graph, graph } from "../../src/dsl/graph.ts";
import { constexpr_blockwise_shift_scale, matmul, mul } from "../../src/dsl/ops/index.ts";
import { constantOf, input, type Tensor, named as valueNamed, weight } from "../../src/dsl/tensor.ts";
import { encodeElements } from "../../src/emit/mil/encode-elements.ts";
import { packageWeights } from "../../src/emit/read/blobs/package-store.ts";
import { measuredErrors, unmeasuredErrors } from "../../src/view/weight-errors.ts";
import { nothingToReport, type WeightStore } from "../../src/weights/store.ts";

const named = (graph: Graph, store: WeightStore = packageWeights()) => ({
  graph,
  name: "x",
  openWeights: async () => store,
});
const graphOf = (w: Tensor, factor = 1): Graph => {
  const x = input("x", [1, 2]);
  return graph({ name: "g", inputs: [x], outputs: { y: mul(matmul(x, w as never), factor) } });
};

/** Two rows of two codes, each row with a scale. */
const stored = (codes: readonly number[], scales: readonly number[]): Tensor =>
  constexpr_blockwise_shift_scale(
    constantOf(codes, { dtype: "int8", shape: [2, 2] }),
    constantOf(scales, { dtype: "fp16", shape: [2, 1] }),
  );
/** A weight of a checkpoint that holds these numbers, and the store that gives them in two chunks. */
function checkpoint(numbers: readonly number[]): ReturnType<typeof named> {
  const store: WeightStore = {
    async *stream(_, { dtype }) {
      yield encodeElements(dtype, numbers.slice(0, 1));
      yield encodeElements(dtype, numbers.slice(1));
    },
    report: () => nothingToReport,
    close: async () => {},
  };
  return { ...named(graphOf(weight("w", [2, 2])), store), name: "plain" };
}
const quiet = () => {};

describe("a quantised matrix", () => {
  test("against the numbers that it was made from: the whole and its worst row, at each of its parts", async () => {
    const own = graphOf(stored([2, 4, 3, 3], [0.5, 1]));
    const texts = await measuredErrors(named(own), checkpoint([1, 2, 3, 4]), quiet);
    expect(new Set(texts.values())).toEqual(
      new Set([
        `${(1 / Math.sqrt(30)).toPrecision(3)} of its length (relative L2) against plain; most in row 1, 0.2 of that row's`,
      ]),
    );
    expect([...texts.keys()].map((def) => def.kind).sort()).toEqual(["const", "const", "op"]);
  });

  test("that lost nothing, and one of which a row of zeros is none", async () => {
    const own = named(graphOf(stored([2, 4, 0, 1], [0.5, 1])));
    const same = await measuredErrors(own, checkpoint([1, 2, 0, 1]), quiet);
    expect(new Set(same.values())).toEqual(new Set(["0: the numbers of plain"]));
    const [text] = (await measuredErrors(own, checkpoint([1, 2, 0, 0]), quiet)).values();
    expect(text).toMatch(/most in row 1, Infinity of that row's$/);
  });

  test("is held against no other graph: nobody knows which weight is which", async () => {
    const own = named(graphOf(stored([2, 4, 3, 3], [0.5, 1])));
    const { openWeights, graph: plain } = checkpoint([1, 2, 3, 4]);
    for (const other of [graphOf(weight("w", [2, 2]), 2), graphOf(weight("w", [2, 3]))])
      await expect(measuredErrors(own, { graph: other, name: "plain", openWeights }, quiet)).rejects.toThrow(
        /^plain is another graph than x, so that nothing tells which weight is which: /,
      );
    expect((await measuredErrors(own, { graph: plain, name: "plain", openWeights }, quiet)).size).toBe(3);
  });

  test("in a graph that a quantiser wrote otherwise, is known by the name of what reads it, and by no other", async () => {
    const own = stored([2, 4, 3, 3], [0.5, 1]);
    const plainWeight = weight("w", [2, 2]);
    const product = (w: Tensor, name: string, factor: number): Graph => {
      const x = input("x", [1, 2]);
      return graph({ name: "g", inputs: [x], outputs: { y: mul(valueNamed(name, matmul(x, w as never)), factor) } });
    };
    const { openWeights } = checkpoint([1, 2, 3, 4]);
    const against = (plain: Graph) =>
      measuredErrors(named(product(own, "p", 1)), { graph: plain, name: "plain", openWeights }, quiet);
    const [text] = (await against(product(plainWeight, "p", 2))).values();
    expect(text).toMatch(/^0\.183 of its length/);
    await expect(against(product(plainWeight, "q", 2))).rejects.toThrow(/is another graph/);
  });

  test("without what it was made from, is told no number", () => {
    const texts = unmeasuredErrors(graphOf(stored([2, 4, 3, 3], [0.5, 1])), "say so");
    expect([...texts.values()]).toEqual(
      Array(3).fill("not known: the package does not hold what it was made from; say so"),
    );
    const [plain] = unmeasuredErrors(graphOf(weight("w", [2, 2])), "say so").values();
    expect(plain).toMatch(/^not quantised: /);
  });
});
