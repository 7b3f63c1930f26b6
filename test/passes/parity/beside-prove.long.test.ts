/** Parity beside prove, on many random pairs. `PARITY_FUZZ_RUNS` is how many of each family. */
import { parityBesideProve } from "../../support/parity-beside-prove.ts";

parityBesideProve(Number(process.env.PARITY_FUZZ_RUNS ?? 400), 2026);
