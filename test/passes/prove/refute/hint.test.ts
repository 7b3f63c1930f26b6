/** What is not proven says what would close it; what is refuted does not. */
import { expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { add, rsqrt, square } from "../../../../src/dsl/ops/index.ts";
import { input } from "../../../../src/dsl/tensor.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { mutants } from "../../../support/phi/mutants.ts";
import { pairOf, TINY } from "../../../support/prove/prove.ts";

const quiet = { counterexample: false, secondOpinion: false, corollaries: false } as const;

const hintOf = ({ block, step }: ReturnType<typeof pairOf>): string | undefined => {
  const verdict = prove(block, step, quiet);
  return verdict.verdict === "NOT PROVEN" ? verdict.finding.hint : verdict.verdict;
};

test("a constant that was rounded to another number", () => {
  const build = (tokens: number, eps: number) => {
    const x = input("x", [tokens, 4]);
    return graph({ name: "g", inputs: [x], outputs: { y: rsqrt(add(square(x), eps)) } });
  };
  expect(hintOf({ block: build(2, 1.5), step: build(1, 1.25) })).toMatch(/differ in their constants only/);
});

test("a mask that is shifted along the cache", () => {
  const [block, step] = [2, 1].map((tokens) => mutants.mask_off_by_one!(TINY, { tokens, maxSeq: 6 })) as [never, never];
  expect(hintOf({ block, step })).toBe("a rule for cache rows at an offset from those that the tokens write");
});

test("a fault has nothing that would close it", () => {
  const { step } = pairOf({ tokens: 2, maxSeq: 6 });
  const block = mutants.mask_off_by_one!(TINY, { tokens: 2, maxSeq: 6 });
  const refuted = prove(block, step, { budget: 0, secondOpinion: false, corollaries: false });
  expect([refuted.verdict, refuted.verdict === "REFUTED" && refuted.finding.hint]).toEqual(["REFUTED", undefined]);
});
