/**
 * Edits of packages: `diff` says "no difference" of none that differ, refuses what `check` refuses, and answers alike in both
 * directions; `inspect --json` loses nothing of any. DIFF_FUZZ_RUNS and DIFF_FUZZ_SEED choose others.
 */
import { expect, test } from "vitest";
import { editEveryField, fuzzDiff, type Tally } from "../../support/diff/fuzz.ts";
import { shareOf } from "../../support/share.ts";

const runs = shareOf(2000, "DIFF_FUZZ_RUNS");
const seed = Number(process.env.DIFF_FUZZ_SEED ?? 1);

/** The outcomes are told: that nothing is wrong says little if all were refused. */
function told(name: string, { counts, wrong, fields }: Tally): void {
  console.log(`${name}: ${JSON.stringify(counts)}, ${fields.size} fields, ${wrong.length} wrong`);
  expect(wrong).toEqual([]);
  expect(Math.min(counts.refused, counts.reported)).toBeGreaterThan(0);
}

test("edits of every field", { timeout: 0 }, async () => {
  told("every field", await editEveryField(shareOf(8), seed));
});

test(`${runs} edits, seed ${seed}`, { timeout: 0 }, async () => {
  const tally = await fuzzDiff(runs, seed);
  told("random fields, bits and weights", tally);
  expect(Object.values(tally.counts).reduce((a, b) => a + b)).toBe(runs);
});
