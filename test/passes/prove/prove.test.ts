/** The prover on the Phi layer: every spelling against the default, every mutant, stacks and coinciding sizes. */
import { describe, expect, test } from "vitest";
import type { Spelling } from "../../../src/models/blocks/spelling.ts";
import { phiLayers } from "../../../src/models/phi.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { mutants } from "../../support/phi/mutants.ts";
import { ONE_CHANGE, spellingName } from "../../support/phi/phi.ts";
import { COINCIDING, pairOf, summary, TINY, TRUE_SIZE } from "../../support/prove/prove.ts";

const proof = (block: Parameters<typeof prove>[0], step: Parameters<typeof prove>[1]) =>
  prove(block, step, { counterexample: false, secondOpinion: false });

describe("spellings", () => {
  /** Respellings that move a rounding, or a constant that is rounded: what they are proven to be. */
  const WEAKER: Readonly<Record<string, string>> = {
    "scale=scores": "PROVEN (reals)",
    "scale=masked": "PROVEN (reals)",
    "softmax=decomposed": "PROVEN (reals)",
    "norm=naive": "PROVEN (reals)",
    "norm=max": "PROVEN (reals)",
    "norm=layer_norm": "PROVEN (reals)",
    // eps · c² is another fp16 number than eps: these two are not equal over the reals either.
    "norm=sqrt_d": "NOT PROVEN",
    "norm=power_of_two": "NOT PROVEN",
  };

  test.each(ONE_CHANGE.map((spelling) => [spellingName(spelling), spelling] as const))("%s", (name, spelling) => {
    const { block, step } = pairOf({ tokens: 3 }, spelling);
    expect(summary(proof(block, step))).toBe(WEAKER[name] ?? "PROVEN (exact)");
  });

  test.each(ONE_CHANGE.map((spelling) => [spellingName(spelling), spelling] as const))("%s on both sides", (_, how) => {
    const { block, step } = pairOf({ tokens: 2 }, how, how);
    expect(summary(proof(block, step))).toBe("PROVEN (exact)");
  });

  test("all that keeps every rounding, at once", () => {
    const how: Partial<Spelling> = {
      qkv: "split",
      projection: "matmul",
      write: "scatter",
      gqa: "loop",
      rope: "rotate_half",
      gateUp: "split",
      transposes: "late",
    };
    const { block, step } = pairOf({ tokens: 4 }, how);
    expect(summary(proof(block, step))).toBe("PROVEN (exact)");
  });
});

describe("sizes", () => {
  test.each([1, 2, 3, 4, 8])("T = %i", (tokens) => {
    const { block, step } = pairOf({ tokens });
    expect(summary(proof(block, step))).toBe("PROVEN (exact)");
  });

  const SOME = ONE_CHANGE.filter((how) => how.gqa || how.write || how.rope || how.transposes);
  test.each(SOME.map((spelling) => [spellingName(spelling), spelling] as const))(
    "T = heads = KV heads, head_dim = max_seq = hidden: %s",
    (_, how) => {
      const { block, step } = pairOf({ sizes: COINCIDING, tokens: 4 }, how, how);
      expect(summary(proof(block, step))).toBe("PROVEN (exact)");
    },
  );

  test("the true size", () => {
    const { block, step } = pairOf({ sizes: TRUE_SIZE, tokens: 4, maxSeq: 2048 });
    expect(summary(proof(block, step))).toBe("PROVEN (exact)");
  });

  test("a stack is cut at its layers, and equal layers are proven once", () => {
    const { block, step } = pairOf({ tokens: 2, count: 3 });
    const verdict = proof(block, step);
    expect(summary(verdict)).toBe("PROVEN (exact)");
    expect(verdict.sizes).toMatchObject({ segments: 6, distinct: 2 });
  });

  test("one faulty layer in a stack is found", () => {
    const { step } = pairOf({ tokens: 2, count: 1 });
    const block = mutants.rope_rows_swapped!(TINY, { tokens: 2, maxSeq: 8 });
    expect(summary(proof(block, step))).toBe("NOT PROVEN");
  });
});

describe("mutants", () => {
  const names = Object.keys(mutants);
  /** Faults that need a second token to show. */
  const EQUAL_AT_ONE_TOKEN = [
    "layout",
    "mask_rows_swapped",
    "mask_row_0",
    "rope_rows_swapped",
    "rope_row_0",
    "write_columns_swapped",
    "keep_first_column",
    "norm_over_tokens",
    "residual_rows_swapped",
    "token_mixing_conv",
  ];

  test.each(names)("%s is refuted with a counterexample", (name) => {
    const size = { tokens: 2, maxSeq: 4 };
    const block = mutants[name]!(TINY, size);
    const step = phiLayers(TINY, { ...size, tokens: 1 });
    const verdict = prove(block, step, { budget: 10, secondOpinion: false });
    expect(summary(verdict)).toBe("REFUTED");
  });

  test.each([1, 3])("none is proven at T = %i unless it is equal there", (tokens) => {
    for (const name of names) {
      const size = { tokens, maxSeq: 8 };
      const verdict = proof(mutants[name]!(TINY, size), phiLayers(TINY, { ...size, tokens: 1 }));
      const equal = tokens === 1 && EQUAL_AT_ONE_TOKEN.includes(name);
      expect(`${name} ${summary(verdict)}`).toBe(`${name} ${equal ? "PROVEN (exact)" : "NOT PROVEN"}`);
    }
  });

  /** Planted in both graphs these leave the relation between block and steps as it is. */
  const EQUAL_IN_BOTH = [
    "no_keep",
    "rope_sign",
    "rope_first_half_negated",
    "k_unrotated",
    "kv_swapped",
    "wrong_gqa_group",
    "norm_half_channels",
    "residual_skipped",
  ];

  test.each(names)("%s in both graphs", (name) => {
    const size = { tokens: 2, maxSeq: 6 };
    const both = mutants[name]!;
    const verdict = proof(both(TINY, size), both(TINY, { ...size, tokens: 1 }));
    expect([name, verdict.verdict === "PROVEN"]).toEqual([name, EQUAL_IN_BOTH.includes(name)]);
  });
});
