/** The prover on the Phi layer, at length: every fault, every spelling on both sides, coinciding sizes. */
import { expect, test } from "vitest";
import { prove } from "../../../src/passes/prove/prove.ts";
import { mutants } from "../../support/phi/mutants.ts";
import { ONE_CHANGE, spellingName } from "../../support/phi/phi.ts";
import { faultsInTheLayer } from "../../support/prove/properties.ts";
import { COINCIDING, pairOf, summary } from "../../support/prove/prove.ts";

const quiet = { counterexample: false, secondOpinion: false, corollaries: false } as const;

test.each(ONE_CHANGE.map((spelling) => [spellingName(spelling), spelling] as const))("%s on both sides", (_, how) => {
  const { block, step } = pairOf({ tokens: 2 }, how, how);
  expect(summary(prove(block, step, quiet))).toBe("PROVEN (exact)");
});

const SOME = ONE_CHANGE.filter((how) => how.gqa || how.write || how.rope || how.transposes);
test.each(SOME.map((spelling) => [spellingName(spelling), spelling] as const))(
  "T = heads = KV heads, head_dim = max_seq = hidden: %s",
  (_, how) => {
    const { block, step } = pairOf({ sizes: COINCIDING, tokens: 4 }, how, how);
    expect(summary(prove(block, step, quiet))).toBe("PROVEN (exact)");
  },
);

faultsInTheLayer(Object.keys(mutants), [1, 3]);
