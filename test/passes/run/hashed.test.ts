/** Equal bytes of two packages are loaded once where their hashes are known, and each by itself where they are not. */
import { expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { mul, reshape } from "../../../src/dsl/ops/index.ts";
import { input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import type { WeightSource } from "../../../src/dsl/weight-source.ts";
import { toRaw } from "../../../src/passes/kernels/raw.ts";
import { planOf } from "../../../src/passes/run/plan.ts";
import { prepare } from "../../../src/passes/run/run.ts";

/** y = x · w, the weight in a file of its own, in another shape where `turned`. */
function product(file: string, sha256: string, turned = false) {
  const x = input("x", [2, 2]);
  const source: WeightSource = { from: "package", file, sha256, offset: 64 };
  const w = { ...weight("w", turned ? [4, 1] : [2, 2]), def: { kind: "weight", source } } as unknown as Tensor<
    readonly [2, 2],
    "fp16"
  >;
  return graph({ name: file, inputs: [x], outputs: { y: mul(x, reshape(w, { shape: [2, 2] })) } });
}

test.each([true, false])("hashed: %s", async (hashed) => {
  const graphs = [product("a", "1"), product("b", "1", true), product("c", "2")];
  const plans = graphs.map((g) => planOf(g, { precision: "fp64" }));
  const read: string[] = [];
  const numbers: Readonly<Record<string, number>> = { a: 0x3c00, b: 0x3c00, c: 0x4000 };
  const executor = await prepare(
    plans,
    async function* (source) {
      const file = source.from === "package" ? source.file : "";
      read.push(file);
      yield new Uint8Array(Uint16Array.from({ length: 4 }, () => numbers[file]!).buffer);
    },
    { hashed },
  );
  expect(read).toEqual(hashed ? ["a", "c"] : ["a", "b", "c"]);
  const x = toRaw({ dtype: "fp16", shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) });
  const given = plans.map((plan) => [...executor.run(plan, { x }).outputs.y!.data]);
  expect(given).toEqual([
    [1, 2, 3, 4],
    [1, 2, 3, 4],
    [2, 4, 6, 8],
  ]);
  await executor.close();
});
