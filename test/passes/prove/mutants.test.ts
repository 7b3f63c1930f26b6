/** Faults on every spelling, and attention as one op against its parts; `PROVE_MUTANT_RUNS=all` takes the whole product. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { matmul, mul, scaled_dot_product_attention, softmax } from "../../../src/dsl/ops/index.ts";
import { input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { mutants } from "../../support/phi/mutants.ts";
import { ONE_CHANGE } from "../../support/phi/phi.ts";
import { check, type Draw } from "../../support/prove/fuzz.ts";
import { pairOf, summary, TINY } from "../../support/prove/prove.ts";

const quiet = { counterexample: false, secondOpinion: false } as const;
const SEED = Number(process.env.PROVE_MUTANT_SEED ?? 4711);
const PRODUCT: readonly Draw[] = Object.keys(mutants).flatMap((mutant) =>
  ONE_CHANGE.flatMap((how) =>
    [1, 2, 3, 4].map((tokens) => {
      const shared = { seed: SEED, tokens, maxSeq: 6, sizes: TINY, mutant, inBoth: false };
      return { ...shared, block: how, step: how };
    }),
  ),
);
const RUNS = process.env.PROVE_MUTANT_RUNS === "all" ? PRODUCT.length : Number(process.env.PROVE_MUTANT_RUNS ?? 40);

test(`${RUNS} of ${PRODUCT.length} faults × spellings × T (seed ${SEED}): a proof only where they are equal`, {
  timeout: 3_600_000,
}, () => {
  const picked =
    RUNS === PRODUCT.length ? PRODUCT : fc.sample(fc.constantFrom(...PRODUCT), { numRuns: RUNS, seed: SEED });
  for (const draw of picked) {
    const outcome = check(draw);
    const name = `${draw.mutant} ${JSON.stringify(draw.block)} T=${draw.tokens}`;
    // `check` throws on a proof that the interpreter or a field contradicts. Equal faults need more than one token.
    if (draw.tokens > 1) expect(`${name}: ${outcome}`).toMatch(/refuted|known gap/);
    else expect(`${name}: ${outcome}`).toMatch(/refuted|exact|reals/);
  }
});

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
