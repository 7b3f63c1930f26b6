/** Weights that are not finite are found wherever they lie; equal bytes of two packages are looked at once. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { graph } from "../../src/dsl/graph.ts";
import { fp16Value } from "../../src/dsl/number.ts";
import { add } from "../../src/dsl/ops/index.ts";
import { input, type Tensor, weight } from "../../src/dsl/tensor.ts";
import type { WeightSource } from "../../src/dsl/weight-source.ts";
import { notFiniteWeights } from "../../src/weights/finite.ts";
import { nothingToReport, type WeightStore } from "../../src/weights/store.ts";

/** A store that gives the same bytes for every weight and counts how often it is asked. */
function storeOf(chunk: Uint8Array): WeightStore & { asked: number } {
  const store = {
    asked: 0,
    async *stream() {
      store.asked++;
      yield chunk;
    },
    report: () => nothingToReport,
    close: async () => {},
  };
  return store;
}

const holding = (...weights: readonly Tensor[]) => {
  const x = input("x", [1]) as Tensor;
  return graph({
    name: "g",
    inputs: [x],
    outputs: { y: weights.reduce((sum, w) => add(sum as never, w as never), x) },
  });
};
const W = weight("w", [1]) as Tensor;

test("halves are finite where their exponent is not all ones, wherever their bytes begin", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0x7bff, 0x7c00, 0xfbff, 0xfc00))),
      fc.boolean(),
      async (bits, shifted) => {
        const bytes = new Uint8Array(2 * bits.length + 2);
        const begin = shifted ? 2 : 0;
        const halves = new Uint16Array(bytes.buffer, begin, bits.length);
        halves.set(bits);
        const count = bits.filter((x) => !Number.isFinite(fp16Value(x))).length;
        const found = await notFiniteWeights([holding(W)], storeOf(bytes.subarray(begin, begin + 2 * bits.length)));
        expect(found).toEqual(count === 0 ? [] : [{ name: "w", count }]);
      },
    ),
  ));

test("equal bytes of two packages are looked at once, and others are not passed over", async () => {
  const stored = (file: string, sha256: string): Tensor => {
    const source: WeightSource = { from: "package", file, sha256, offset: 64 };
    return { ...W, def: { kind: "weight", source } } as Tensor;
  };
  const store = storeOf(Uint8Array.of(0, 0x7c));
  const graphs = [holding(stored("a", "1")), holding(stored("b", "1"), stored("b", "2"))];
  expect(await notFiniteWeights(graphs, store)).toHaveLength(2);
  expect(store.asked).toBe(2);
});
