/** What a verdict says: the finding, the counterexample, the preconditions, the certificate; and that no name is captured. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { add, exp, matmul, mul, reduce_sum, transpose } from "../../../../src/dsl/ops/index.ts";
import { input, type Tensor } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import { decoderLayers } from "../../../../src/models/layers.ts";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { fingerprint, PRIMES } from "../../../../src/passes/prove/refute/fingerprint.ts";
import { certificate } from "../../../../src/passes/prove/report/certificate.ts";
import { mutants } from "../../../support/phi/mutants.ts";
import { pairOf, summary, TINY } from "../../../support/prove/prove.ts";

const quiet = { counterexample: false, secondOpinion: false, corollaries: false } as const;

describe("a refutation", () => {
  const size = { tokens: 2, maxSeq: 3 };
  const step = decoderLayers(TINY, { ...size, tokens: 1 });

  test("of the flattened heads names the value, the reason and an input", () => {
    const verdict = prove(mutants.layout!(TINY, size), step, { budget: 60 });
    if (verdict.verdict !== "REFUTED") throw new Error(summary(verdict));
    expect(verdict.finding.value).toBe("attn.out");
    const { mismatch, sample, nonZero, numbers } = verdict.counterexample;
    expect(mismatch.block).not.toBe(mismatch.step);
    expect(sample.rows).toHaveLength(2);
    expect(nonZero).toBeLessThan(numbers);
  });

  test.each([
    ["rope_rows_swapped", "q.rope", "rope_", "rope_"],
    ["v_not_updated", "layers_0_v_state", "layers_0_v_state₀[0, i1, w0, i3]", undefined],
    ["norm_over_tokens", "attn.norm", undefined, undefined],
  ])("%s parts at %s", (name, value, block, other) => {
    const verdict = prove(mutants[name]!(TINY, size), step, quiet);
    if (verdict.verdict !== "NOT PROVEN") throw new Error(summary(verdict));
    expect(verdict.finding.value).toBe(value);
    if (block) expect(verdict.finding.block).toContain(block.split("[")[0]);
    if (other) expect(verdict.finding.step).toContain(other.split("[")[0]);
  });
});

describe("preconditions", () => {
  const used = (block: object, step: object = {}, tokens = 2) => {
    const pair = pairOf({ tokens }, block, step);
    return prove(pair.block, pair.step, quiet)
      .preconditions.map((p) => p.id)
      .join(" ");
  };

  test("are those that were used", () => {
    expect(used({})).toBe("P1 P2 P3 P4 P6 P7 P8");
    expect(used({ write: "slice_update" }, { write: "slice_update" })).toBe("P2 P2' P3 P4 P6 P7 P8");
    expect(used({ write: "scatter" }, { write: "scatter" })).toBe("P2 P3 P4 P6 P7 P8");
    expect(used({ scale: "masked" }, { scale: "scores" })).toContain("P5");
  });

  test("a factor after the mask narrows the bound of P8", () => {
    const bound = (scale: "query" | "masked") => {
      const { block, step } = pairOf({ tokens: 2 }, { scale }, { scale });
      return prove(block, step, quiet).gapBound!;
    };
    // (10000 − 104) / 2 = 4948, less what rounding score − 10000 to fp16 may add: half a unit in the last place, 4 to 8.
    expect(bound("query")).toBe(4944);
    expect(bound("masked")).toBeLessThan(4944);
  });
});

test("a certificate is the same for the same graphs, and another for others", () => {
  const make = (qkv: "fused" | "split") => {
    const graphs = pairOf({ tokens: 2 }, { qkv });
    return certificate(prove(graphs.block, graphs.step, quiet), graphs, "0.1.0");
  };
  expect(make("fused")).toEqual(make("fused"));
  expect(make("fused").block.sha256).not.toBe(make("split").block.sha256);
  expect(make("fused")).toMatchObject({ verdict: "PROVEN", level: "exact", tool: "0.1.0" });
});

test("the field tells a mutant from the layer, and the layer from nothing", () => {
  const size = { tokens: 2, maxSeq: 4 };
  const step = decoderLayers(TINY, { ...size, tokens: 1 });
  const equal = (name?: string) => {
    const block = name ? mutants[name]!(TINY, size) : decoderLayers(TINY, size);
    return PRIMES.map((prime) => fingerprint(provenPair(block, step), { prime, seed: 3, rounds: true }).equal);
  };
  expect(equal()).toEqual([true, true]);
  for (const name of ["layout", "rope_rows_swapped", "residual_skipped"]) expect(equal(name)).toEqual([false, false]);
});

describe("bound variables", () => {
  type Value = Tensor<Shape, "fp16">;
  type Make = (x: Value) => Value;
  const verdictOf = (a: Make, b: Make) => {
    const build = (make: Make, tokens: number) => {
      const x: Value = input("x", [tokens, 3, 3]);
      return graph({ name: "g", inputs: [x], outputs: { y: make(x) } });
    };
    return summary(prove(build(a, 2), build(b, 1), quiet));
  };

  test("nested sums over axes of one size are not confused", () => {
    const squared: Make = (x) => matmul(x, x) as Value;
    const gram: Make = (x) => matmul(x, x, { transpose_y: true }) as Value;
    const viaTranspose: Make = (x) => matmul(x, transpose(x, { perm: [0, 2, 1] })) as Value;
    expect(verdictOf(squared, squared)).toBe("PROVEN (exact)");
    expect(verdictOf(gram, viaTranspose)).toBe("PROVEN (exact)");
    expect(verdictOf(squared, gram)).toBe("NOT PROVEN");
  });

  test("an outer variable inside an inner sum stays the outer one", () => {
    const outer: Make = (x) =>
      reduce_sum(mul(x, reduce_sum(x, { axes: [2], keep_dims: true })), { axes: [1] }) as Value;
    const inner: Make = (x) =>
      reduce_sum(mul(x, reduce_sum(x, { axes: [1], keep_dims: true })), { axes: [1] }) as Value;
    expect(verdictOf(outer, outer)).toBe("PROVEN (exact)");
    expect(verdictOf(outer, inner)).toBe("NOT PROVEN");
  });

  test("what one op sums in another order is not exact", () => {
    const left: Make = (x) => add(add(x, exp(x)), x) as Value;
    const right: Make = (x) => add(x, add(exp(x), x)) as Value;
    const bracketed: Make = (x) => add(add(x, x), exp(x)) as Value;
    expect(verdictOf(left, right)).toBe("PROVEN (exact)");
    expect(verdictOf(left, bracketed)).toBe("PROVEN (reals)");
  });
});
