/** What is held of every pair of the corpus, at any number of tokens. */
import { describe, expect, test } from "vitest";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import { mismatch } from "../../../../src/passes/prove/refute/mismatch.ts";
import { bothRunner, sampleOf } from "../../../../src/passes/prove/refute/sample.ts";
import { summary } from "../prove.ts";
import { CORPUS } from "./corpus.ts";
import { type Fault, pairOf } from "./fault.ts";

const quiet = { counterexample: false, secondOpinion: false, corollaries: false } as const;

/** The verdict on the faulty pair, or on its equal twin, without attack or search. */
export const verdictOf = (fault: Fault, tokens: number, bad: boolean) => {
  const { block, step } = pairOf(fault, tokens, bad);
  return prove(block, step, quiet);
};

type Side = readonly [tokens: number, bad: boolean];

/** Whether some input tells the two apart, or parts the equal twins. */
function differs(fault: Fault, [tokens, bad]: Side, precision: "fp16" | "fp64"): boolean {
  const { block, step } = pairOf(fault, tokens, bad);
  const pair = provenPair(block, step);
  const run = bothRunner(pair, precision);
  return [1, 2, 3, 4, 5, 6, 7, 8].some((seed) => mismatch(pair, run(sampleOf(pair, seed)), precision));
}

/** No fault is proven, each really is one, and its equal twin is proven. */
export function corpusHolds(tokens: number): void {
  describe.each(Object.entries(CORPUS))("%s", (_, faults) => {
    test.each(Object.entries(faults))("%s", (_name, fault) => {
      const bits = fault.differs === "bits";
      const bad = summary(verdictOf(fault, tokens, true));
      expect(bad).toMatch(bits ? /NOT PROVEN|\(reals\)/ : /NOT PROVEN/);
      const twin = fault.gap === undefined ? (fault.twin ?? "PROVEN (exact)") : "NOT PROVEN";
      expect(`twin: ${summary(verdictOf(fault, tokens, false))}`).toBe(`twin: ${twin}`);
      for (const precision of bits ? (["fp16"] as const) : (["fp16", "fp64"] as const))
        expect(`${precision}: ${differs(fault, [tokens, true], precision)}`).toBe(`${precision}: true`);
      const claim = fault.twin === "PROVEN (reals)" ? "fp64" : "fp16";
      expect(`twin, ${claim}: ${differs(fault, [tokens, false], claim)}`).toBe(`twin, ${claim}: false`);
    });
  });
}
