/** The prover on the Phi layer: every spelling against the default, faults, sizes and stacks. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Spelling } from "../../../src/models/blocks/spelling.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { mutants } from "../../support/phi/mutants.ts";
import { ONE_CHANGE, spellingName } from "../../support/phi/phi.ts";
import { faultsInTheLayer } from "../../support/prove/properties.ts";
import { pairOf, summary, TINY, TRUE_SIZE } from "../../support/prove/prove.ts";

const proof = (block: Parameters<typeof prove>[0], step: Parameters<typeof prove>[1]) =>
  prove(block, step, { counterexample: false, secondOpinion: false, corollaries: false });

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
    const { block, step } = pairOf({ tokens: 2 }, spelling);
    expect(summary(proof(block, step))).toBe(WEAKER[name] ?? "PROVEN (exact)");
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

// A seeded share of the faults; `prove.long.test.ts` has all of them, and spellings on both sides.
const some = fc.subarray(Object.keys(mutants), { minLength: 3, maxLength: 3 });
faultsInTheLayer(fc.sample(some, { numRuns: 1, seed: 4711 })[0]!, [1]);
