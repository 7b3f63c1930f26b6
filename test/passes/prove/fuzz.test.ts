/** A small share of the random pairs; `fuzz.long.test.ts` runs more of them. */
import { expect, test } from "vitest";
import { emptiness, randomGraphs } from "../../support/prove/pairs/fuzz-pairs.ts";
import { randomPairs } from "../../support/prove/properties.ts";

randomPairs(20, 20260);
randomGraphs(40, 2, 6);

test("a family that proves nothing, or refutes nothing, is told", () => {
  expect(emptiness({ refuted: 3, gap: 2 })).toBe("nothing was proven");
  expect(emptiness({ exact: 3, gap: 2 })).toBe("nothing was refuted or told apart");
  expect(emptiness({ reals: 1, different: 1 })).toBe("none");
});
