/** Damaged files of every kind but packages. `FUZZ_RUNS` is how many of each, `FUZZ_SEED` chooses others. */
import { fuzzFiles } from "../support/fuzz/files.ts";

fuzzFiles(Number(process.env.FUZZ_RUNS ?? 300), Number(process.env.FUZZ_SEED ?? 2026));
