/** The corpus of small pairs: no fault is proven, each really is one, and its equal twin is proven. */
import { describe, expect, test } from "vitest";
import { provenPair } from "../../../src/passes/prove/program/pair.ts";
import { prove } from "../../../src/passes/prove/prove.ts";
import { mismatch } from "../../../src/passes/prove/refute/counterexample.ts";
import { runBoth, sampleOf } from "../../../src/passes/prove/refute/sample.ts";
import { CORPUS, FAULTS } from "../../support/prove/corpus/corpus.ts";
import { type Fault, pairOf } from "../../support/prove/corpus/fault.ts";
import { summary } from "../../support/prove/prove.ts";

const quiet = { counterexample: false, secondOpinion: false, corollaries: false } as const;
const SIZES = [2, 3];

const verdictOf = (fault: Fault, tokens: number, bad: boolean) => {
  const { block, step } = pairOf(fault, tokens, bad);
  return prove(block, step, quiet);
};

/** Whether some input tells the two apart, or parts the equal twins. */
function differs(fault: Fault, bad: boolean, precision: "fp16" | "fp64"): boolean {
  const { block, step } = pairOf(fault, 2, bad);
  const pair = provenPair(block, step);
  return [1, 2, 3, 4, 5, 6, 7, 8].some((seed) =>
    mismatch(pair, runBoth(pair, sampleOf(pair, seed), precision), precision),
  );
}

describe.each(Object.entries(CORPUS))("%s", (_, faults) => {
  test.each(Object.entries(faults))("%s", (_name, fault) => {
    const bits = fault.differs === "bits";
    for (const tokens of SIZES) {
      const bad = summary(verdictOf(fault, tokens, true));
      expect(`T = ${tokens}: ${bad}`).toMatch(bits ? /NOT PROVEN|\(reals\)/ : /NOT PROVEN/);
      const twin = fault.gap === undefined ? (fault.twin ?? "PROVEN (exact)") : "NOT PROVEN";
      expect(`T = ${tokens}, twin: ${summary(verdictOf(fault, tokens, false))}`).toBe(`T = ${tokens}, twin: ${twin}`);
    }
    for (const precision of bits ? (["fp16"] as const) : (["fp16", "fp64"] as const))
      expect(`${precision}: ${differs(fault, true, precision)}`).toBe(`${precision}: true`);
    const claim = fault.twin === "PROVEN (reals)" ? "fp64" : "fp16";
    expect(`twin, ${claim}: ${differs(fault, false, claim)}`).toBe(`twin, ${claim}: false`);
  });
});

test("a stack is cut at its layers, and equal ones share a proof", () => {
  for (const [name, fault] of Object.entries(CORPUS.segment!)) {
    const { segments, distinct } = verdictOf(fault, 2, false).sizes;
    expect([name, segments >= 3, distinct < segments]).toEqual([name, true, true]);
  }
});

test("there are enough of each kind", () => {
  expect(FAULTS.length).toBeGreaterThanOrEqual(150);
  for (const [kind, faults] of Object.entries(CORPUS))
    expect([kind, Object.keys(faults).length >= 10]).toEqual([kind, true]);
});
