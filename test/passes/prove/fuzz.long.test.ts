/**
 * Random pairs: no proof is false, no corollary either, and what is not proven is different, but for gaps. A sixth of them are
 * Phi layers, the others small graphs of each family. `bench/prove-fuzz.mjs` runs more of them.
 */
import { randomGraphs } from "../../support/prove/pairs/fuzz-pairs.ts";
import { randomPairs } from "../../support/prove/properties.ts";
import { shareOf } from "../../support/share.ts";

// Of the pairs of one family one in twenty-five differs, and a run that meets none says so.
const runs = shareOf(1000, "PROVE_FUZZ_RUNS");
const seed = Number(process.env.PROVE_FUZZ_SEED ?? 20260);

if (process.env.PROVE_PAIR === undefined) randomPairs(Math.ceil(runs / 6), seed);
randomGraphs(Math.ceil((5 * runs) / 6), seed);
