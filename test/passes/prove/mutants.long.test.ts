/** Every fault on every spelling at T = 1 to 4; `PROVE_MUTANT_RUNS` takes so many of them. */
import { faultsOnSpellings } from "../../support/prove/properties.ts";

const runs = process.env.PROVE_MUTANT_RUNS ?? "all";
faultsOnSpellings(runs === "all" ? "all" : Number(runs), Number(process.env.PROVE_MUTANT_SEED ?? 4711));
