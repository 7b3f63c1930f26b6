/** Parity beside prove, on many random pairs. `PARITY_FUZZ_RUNS` is how many of each family. */
import { parityBesideProve } from "../../support/parity-beside-prove.ts";
import { shareOf } from "../../support/share.ts";

parityBesideProve(shareOf(400, "PARITY_FUZZ_RUNS"), 2026);
