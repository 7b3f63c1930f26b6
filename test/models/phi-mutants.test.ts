/** Every mutant really differs from the right layer, and those that mix tokens are right for a single one. */
import { describe, expect, test } from "vitest";
import type { Graph } from "../../src/dsl/graph.ts";
import type { Spelling } from "../../src/models/blocks/spelling.ts";
import { phiLayers } from "../../src/models/phi.ts";
import type { Results } from "../../src/passes/interpret/evaluate.ts";
import { mutants } from "../support/phi/mutants.ts";
import { runOracle } from "../support/phi/oracle-run.ts";
import { randomCall, run, runSteps, SMALL } from "../support/phi/phi.ts";

const size = { tokens: 3, maxSeq: 7 };
const OTHER: Partial<Spelling> = {
  qkv: "split",
  projection: "matmul",
  write: "scatter",
  gqa: "loop",
  scale: "masked",
  softmax: "decomposed",
  rope: "rotate_half",
  gateUp: "split",
  transposes: "late",
  norm: "layer_norm",
};

/** Faults that need a second token to show. */
const EQUAL_AT_ONE_TOKEN = new Set([
  "layout",
  "mask_rows_swapped",
  "mask_row_0",
  "rope_rows_swapped",
  "rope_row_0",
  "write_columns_swapped",
  "keep_first_column",
  "norm_over_tokens",
  "token_mixing_conv",
  "residual_rows_swapped",
]);

const flat = (results: Results) =>
  [results.outputs.hidden!, ...Object.values(results.states)].map(({ data }) => [...data].map((x) => x + 0));

describe.each([
  ["default", {}],
  ["all else", OTHER],
] as const)("%s spelling", (_, spelling) => {
  const block = phiLayers(SMALL, size, spelling);
  const step = phiLayers(SMALL, { ...size, tokens: 1 }, spelling);

  test.each(Object.keys(mutants))("%s differs from single steps", (name) => {
    const mutant = mutants[name]!(SMALL, size, spelling);
    const call = randomCall(block, SMALL, 2, 5);
    expect(flat(run(mutant, call))).not.toEqual(flat(runSteps(step, call)));
  });

  test.each(Object.keys(mutants))("%s at one token", (name) => {
    const mutant = mutants[name]!(SMALL, { ...size, tokens: 1 }, spelling);
    const call = randomCall(step, SMALL, 2, 5);
    const same = JSON.stringify(flat(run(mutant, call))) === JSON.stringify(flat(run(step, call)));
    expect(same).toBe(EQUAL_AT_ONE_TOKEN.has(name));
  });
});

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
