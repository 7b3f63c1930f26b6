/**
 * The corpus of small pairs at three tokens; and with the search on: a fault that the search may draw an input for is
 * refuted by a run of both graphs.
 */
import { describe, expect, test } from "vitest";
import { prove } from "../../../src/passes/prove/prove.ts";
import { FAULTS } from "../../support/prove/corpus/corpus.ts";
import { pairOf } from "../../support/prove/corpus/fault.ts";
import { corpusHolds } from "../../support/prove/corpus/holds.ts";
import { summary } from "../../support/prove/prove.ts";

describe("three tokens", () => corpusHolds(3));

const SEARCHED = FAULTS.filter(([, , { differs, needs }]) => differs === undefined && needs === undefined);

test.each(SEARCHED)("%s: %s", (_kind, _name, fault) => {
  const { block, step } = pairOf(fault, 2, true);
  const searched = { budget: 0, secondOpinion: false, corollaries: false };
  const verdict = prove(block, step, searched);
  expect(summary(verdict)).toBe("REFUTED");
  if (verdict.verdict === "REFUTED") expect(verdict.counterexample.value?.name).toBe(verdict.finding.value);
});
