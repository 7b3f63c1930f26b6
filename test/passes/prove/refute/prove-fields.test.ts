/** What two prime fields say beside a verdict: of which graphs, by which seed, and what they contradict. */
import { describe, expect, test } from "vitest";
import type { Graphs } from "../../../../src/dsl/host/twins.ts";
import { roundTo } from "../../../../src/dsl/number.ts";
import { finite } from "../../../../src/passes/prove/logic/make.ts";
import { type ProveOptions, prove } from "../../../../src/passes/prove/prove.ts";
import type { ProofContradicted } from "../../../../src/passes/prove/refute/contradicted.ts";
import { hit, type TermRule } from "../../../../src/passes/prove/rules/rule.ts";
import { RULES } from "../../../../src/passes/prove/rules/rule-book.ts";
import { type Fault, type Feeds, op, pairOf, table_, type Value, W } from "../../../support/prove/corpus/fault.ts";
import { summary } from "../../../support/prove/prove.ts";

const ATTACK = { counterexample: false, corollaries: false } as const;
const graphs = (make: Fault["make"], tokens = 2): Graphs => pairOf({ make }, tokens, false);
const judged = (make: Fault["make"], options: ProveOptions = ATTACK) => {
  const { block, step } = graphs(make);
  return prove(block, step, options);
};

/** Rows [M] times a weight [K]: M · K numbers a token that cost M each, by the longest axis. */
const product = (m: number, k: number) => (f: Feeds) => op.matmul(f.rows("m", m, 1), W("w", [1, 1, k]));

describe("two prime fields", () => {
  test("are asked of graphs of at most 300,000 operations", () => {
    // 2 tokens in the block and one in the step: 3 · 100 · 100 · 10.
    expect("secondOpinion" in judged(product(100, 10), ATTACK)).toBe(true);
    expect("secondOpinion" in judged(product(100, 11), ATTACK)).toBe(false);
    const small = (tokens: number) => graphs(product(3, 2), tokens);
    expect("secondOpinion" in judged(product(100, 11), { ...ATTACK, small })).toBe(true);
  });

  test("round known numbers where the claim is about bits, and only there", () => {
    const tenth = table_([0.1], [1]);
    const square = roundTo("fp16", roundTo("fp16", 0.1) ** 2);
    const bits = judged((f) => op.mul(f.x, f.tokens === 1 ? table_([square], [1]) : op.mul(tenth, tenth)), ATTACK);
    const reals = judged(
      (f) => (f.tokens === 1 ? op.mul(op.mul(f.x, tenth), tenth) : op.mul(f.x, op.mul(tenth, tenth))),
      ATTACK,
    );
    expect([summary(bits), summary(reals)]).toEqual(["PROVEN (exact)", "PROVEN (reals)"]);
    for (const { secondOpinion } of [bits, reals]) expect(secondOpinion!.map(({ equal }) => equal)).toEqual([true]);
  });

  test("say what they say of what is not proven as well", () => {
    const told = (make: Fault["make"]) => judged(make, ATTACK).secondOpinion?.map(({ equal }) => equal);
    expect(told((f) => op.mul(f.x, f.tokens))).toEqual([false, false]);
    expect(told((f) => (f.tokens === 1 ? op.log(op.exp(f.x)) : f.x))).toHaveLength(2);
  });

  /** Numbers that fp32 does not see beside 1, left out by a rule that is wrong. */
  const drops: TermRule = {
    ...RULES.add[0]!,
    match: (_, [a, b]) => (Math.abs(finite(b!) ?? 1) < 2 ** -30 ? hit(true, () => a!) : undefined),
  };
  const rules = { ...RULES, add: [drops, ...RULES.add] };
  const beside =
    (...numbers: readonly number[]) =>
    (f: Feeds) => {
      const one = op.add(op.cast(f.x, { dtype: "fp32" }), 1);
      return f.tokens === 1 ? one : numbers.reduce<Value>((sum, n) => op.add(sum, n), one);
    };
  test("contradict an exact proof together, by the seed that is given", () => {
    const seeds = [undefined, 7].map((seed) => {
      try {
        return judged(beside(2 ** -40), { ...ATTACK, rules, ...(seed === undefined ? {} : { seed }) }).verdict;
      } catch (error) {
        const { against } = error as ProofContradicted;
        return against.by === "fields" ? against.seed : against.by;
      }
    });
    expect(seeds).toEqual([1, 7]);
  });

  test("contradict nothing where one of them sees no difference", () => {
    // 3 · 2²⁴ + 16777189 is the second of the primes.
    const parts = [2 ** 24, 2 ** 24, 2 ** 24, 16777189].map((n) => n * 2 ** -60);
    const verdict = judged(beside(...parts), { ...ATTACK, rules });
    expect([summary(verdict), verdict.secondOpinion?.map(({ equal }) => equal)]).toEqual([
      "PROVEN (exact)",
      [false, true],
    ]);
    for (const told of verdict.secondOpinion!) expect(Object.keys(told)).not.toContain("sure");
  });

  test("say nothing of data on which an op is not defined", () => {
    const make = (f: Feeds) =>
      op.gather(W("w", [2, 4]), op.cast(op.mul(op.reduce_sum(f.x, { axes: [1] }), 1000), { dtype: "int32" }), {
        axis: 0,
      });
    const verdict = judged(make, ATTACK);
    expect([summary(verdict), "secondOpinion" in verdict]).toEqual(["NOT PROVEN", false]);
  });
});
