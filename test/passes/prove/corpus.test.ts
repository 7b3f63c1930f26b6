/** The corpus of small pairs: no fault is proven, each really is one, and its equal twin is proven. `corpus.long.test.ts` has more tokens. */
import { expect, test } from "vitest";
import { CORPUS, FAULTS } from "../../support/prove/corpus/corpus.ts";
import { corpusHolds, verdictOf } from "../../support/prove/corpus/holds.ts";

corpusHolds(2);

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
