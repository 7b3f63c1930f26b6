/**
 * Edits of packages: `diff` says "no difference" of none that differ, refuses what `check` refuses, and answers alike in both
 * directions; `inspect --json` loses nothing of any. DIFF_FUZZ_RUNS and DIFF_FUZZ_SEED choose others.
 */
import { expect, test } from "vitest";
import { fuzzDiff } from "../../support/diff/fuzz.ts";

const runs = Number(process.env.DIFF_FUZZ_RUNS ?? 2000);
const seed = Number(process.env.DIFF_FUZZ_SEED ?? 1);

test(`${runs} edits, seed ${seed}`, { timeout: 0 }, async () => {
  const { counts, wrong, fields } = await fuzzDiff(runs, seed);
  console.log(`${JSON.stringify(counts)}, ${fields.size} fields, ${wrong.length} wrong`);
  expect(wrong).toEqual([]);
  expect(Object.values(counts).reduce((a, b) => a + b)).toBe(runs);
});
