/** Faults in the Phi layer, run: each differs from the right layer, in whatever spelling. */
import { describe, expect, test } from "vitest";
import type { Spelling } from "../../../src/models/blocks/spelling.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import type { Results } from "../../../src/passes/interpret/evaluate.ts";
import { mutants } from "./mutants.ts";
import { randomCall, run, runSteps, SMALL } from "./phi.ts";

/** The size of a block of these tests. */
export const size = { tokens: 3, maxSeq: 7 };

/** Faults that need a second token to show. */
export const EQUAL_AT_ONE_TOKEN = new Set([
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

/** Every hidden row and cache element of a run, without the sign of zero. */
export const flat = (results: Results) =>
  [results.outputs.hidden!, ...Object.values(results.states)].map(({ data }) => [...data].map((x) => x + 0));

/** That each fault shows in a block of this spelling, and at one token only if it needs no second one. */
export function faultsShow(name: string, spelling: Partial<Spelling>): void {
  describe(`${name} spelling`, () => {
    const block = decoderLayers(SMALL, size, spelling);
    const step = decoderLayers(SMALL, { ...size, tokens: 1 }, spelling);

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
}
