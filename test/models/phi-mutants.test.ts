/** Every mutant really differs from the right layer, and those that mix tokens are right for a single one. */
import { expect, test } from "vitest";
import type { Graph } from "../../src/dsl/graph.ts";
import { faultsShow, flat, size } from "../support/phi/faults.ts";
import { mutants } from "../support/phi/mutants.ts";
import { runOracle } from "../support/phi/oracle-run.ts";
import { randomCall, run, runSteps, SMALL } from "../support/phi/phi.ts";

// `phi-mutants.long.test.ts` has another spelling.
faultsShow("default", {});

/** Faults that block and steps can share without differing from each other: only the reference model shows them. */
const SHARED = [
  "no_keep",
  "k_unrotated",
  "kv_swapped",
  "rope_sign",
  "rope_first_half_negated",
  "wrong_gqa_group",
  "residual_skipped",
  "norm_half_channels",
];

test.each(SHARED)("%s in both is told by the reference model", (name) => {
  const [block, step] = [size, { ...size, tokens: 1 }].map((s) => mutants[name]!(SMALL, s)) as [Graph, Graph];
  const call = randomCall(block, SMALL, 2, 5);
  expect(flat(run(block, call))).toEqual(flat(runSteps(step, call)));
  const { outputs } = run(block, { ...call, precision: "fp64" });
  const { hidden } = runOracle(call);
  const worst = Math.max(...hidden.map((x, i) => Math.abs(x - outputs.hidden!.data[i]!)));
  // The right layer is within 1e-12 of the reference.
  expect(worst).toBeGreaterThan(1e-3);
});
