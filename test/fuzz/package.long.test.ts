/**
 * Packages damaged in bytes, fields, sizes, weights and manifest, through inspect, check, diff, run and prove: no fault of graphc, no
 * hang, no crash, bounded memory. FUZZ_RUNS and FUZZ_SEED choose others.
 */
import { expect, test } from "vitest";
import { fuzzPackages } from "../support/fuzz/package-fuzz.ts";
import { shareOf } from "../support/share.ts";

const runs = shareOf(400, "FUZZ_RUNS");
const seed = Number(process.env.FUZZ_SEED ?? 1);

test(`${runs} damaged packages, seed ${seed}`, { timeout: 0 }, async () => {
  const { codes, memory, slowest, wrong } = await fuzzPackages(runs, seed);
  const figures = `${Math.round(memory / 2 ** 20)} MiB at most, ${slowest.toFixed(1)} s the slowest`;
  console.log(`packages: exit codes ${JSON.stringify(codes)}, ${figures}, ${wrong.length} wrong`);
  expect(wrong).toEqual([]);
});
