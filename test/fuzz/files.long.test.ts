/** Damaged files of every kind but packages. `FUZZ_RUNS` is how many of each, `FUZZ_SEED` chooses others. */
import { fuzzFiles } from "../support/fuzz/files.ts";
import { shareOf } from "../support/share.ts";

fuzzFiles(shareOf(300, "FUZZ_RUNS"), Number(process.env.FUZZ_SEED ?? 2026));
