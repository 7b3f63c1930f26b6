/** Damaged files of every kind but packages. `FUZZ_RUNS` is how many of each. */
import { fuzzFiles } from "./files.ts";

fuzzFiles(Number(process.env.FUZZ_RUNS ?? 300), 2026);
