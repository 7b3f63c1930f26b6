/** What is said of a proof that the graphs contradict. */
import { expect, test } from "vitest";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { type Against, ProofContradicted } from "../../../../src/passes/prove/refute/contradicted.ts";
import { op, pairOf } from "../../../support/prove/corpus/fault.ts";

const GRAPHS = pairOf({ make: ({ x }) => op.exp!(x) }, 2, false);
const PAIR = provenPair(GRAPHS.block, GRAPHS.step);
const RUN: Against = {
  by: "run",
  found: {
    seed: 3,
    style: { scale: 0.5 },
    tokens: 2,
    weights: "random",
    mismatch: { name: "y", token: 1, index: [1, 2], block: 4, step: 5 },
    sample: { arrays: new Map(), rows: [], visible: new Map() },
  },
};
const FIELDS: Against = {
  by: "fields",
  seed: 9,
  found: [
    { prime: 11, equal: false, sure: true, at: "y, element 2" },
    { prime: 13, equal: false, sure: true, at: "z, element 0" },
  ],
};

test.each<readonly [Against, string]>([
  [
    RUN,
    'a proof (exact) is contradicted by an input that keeps its preconditions: y[1,2] is 4 in the block, 5 in the steps (seed 3, {"scale":0.5})',
  ],
  [
    FIELDS,
    "a proof (exact) is contradicted by random evaluation over prime fields: mod 11 at y, element 2, mod 13 at z, element 0 (seed 9)",
  ],
])("by $by", (against, says) => {
  const error = new ProofContradicted(PAIR, "exact", against);
  expect([error.message, error.name]).toEqual([says, "ProofContradicted"]);
  expect([error.pair, error.against, error instanceof Error]).toEqual([PAIR, against, true]);
});
