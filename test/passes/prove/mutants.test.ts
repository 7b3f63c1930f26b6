/** A small share of the faults on every spelling (`mutants.long.test.ts` takes them all), and attention as one op against its parts. */
import { expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { matmul, mul, scaled_dot_product_attention, softmax } from "../../../src/dsl/ops/index.ts";
import { input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { faultsOnSpellings } from "../../support/prove/properties.ts";
import { pairOf, summary } from "../../support/prove/prove.ts";

const quiet = { counterexample: false, secondOpinion: false, corollaries: false } as const;

faultsOnSpellings(3, 4711);

type Value = Tensor<Shape, "fp16">;

test("attention as one op is its parts, over the reals", () => {
  const build = (tokens: number, fused: boolean) => {
    const q: Value = input("q", [1, 2, tokens, 4]);
    const [K, V] = ["K", "V"].map((name) => weight(name, [1, 2, 3, 4]) as Value) as [Value, Value];
    const scores = mul(matmul(q, K, { transpose_y: true }), 0.5) as Value;
    const y = fused ? scaled_dot_product_attention(q, K, V) : matmul(softmax(scores, { axis: 3 }), V);
    return graph({ name: "g", inputs: [q], outputs: { y } });
  };
  expect(summary(prove(build(2, true), build(1, true), quiet))).toBe("PROVEN (exact)");
  expect(summary(prove(build(2, true), build(1, false), quiet))).toBe("PROVEN (reals)");
});

test("the default layer at T = 16", { timeout: 120_000 }, () => {
  const { block, step } = pairOf({ tokens: 16, maxSeq: 32 });
  expect(summary(prove(block, step, quiet))).toBe("PROVEN (exact)");
});

test("RMSNorm forms with the same constants, over the reals", () => {
  for (const [a, b] of [
    ["naive", "max"],
    ["naive", "layer_norm"],
    ["max", "hybrid"],
  ] as const) {
    const { block, step } = pairOf({ tokens: 2 }, { norm: a }, { norm: b });
    expect(`${a} ${b} ${summary(prove(block, step, quiet))}`).toBe(`${a} ${b} PROVEN (reals)`);
  }
});
