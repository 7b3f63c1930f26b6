/** A small share of the random pairs; `fuzz.long.test.ts` runs more of them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { bookWithout } from "../../support/prove/broken.ts";
import { drawsOf } from "../../support/prove/pairs/draw.ts";
import { emptiness, randomGraphs } from "../../support/prove/pairs/fuzz-pairs.ts";
import { judge } from "../../support/prove/pairs/judge.ts";
import { randomPairs } from "../../support/prove/properties.ts";

randomPairs(10, 20260);
randomGraphs(40, 2, 6);

test("a family that proves nothing, or refutes nothing, is told", () => {
  expect(emptiness({ refuted: 3, gap: 2 })).toBe("nothing was proven");
  expect(emptiness({ exact: 3, gap: 2 })).toBe("nothing was refuted or told apart");
  expect(emptiness({ reals: 1, different: 1 })).toBe("none");
});

test("a proof by a broken rule is found false", () => {
  const rules = bookWithout("mask-shut");
  // An odd seed leaves out the prover's own attack, which would speak first.
  const faults = fc
    .sample(drawsOf("states"), { numRuns: 15, seed: 9 })
    .map((draw) => judge({ ...draw, seed: 4 * draw.seed + 1 }, 8, rules).fault ?? "");
  expect(faults.filter((fault) => fault.startsWith("false PROVEN")).length).toBeGreaterThan(0);
});
