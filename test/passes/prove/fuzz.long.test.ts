/** Random pairs: no proof is false, and what is not proven is different, but for gaps. `bench/prove-fuzz.mjs` runs more of them. */
import { randomPairs } from "../../support/prove/properties.ts";

randomPairs(Number(process.env.PROVE_FUZZ_RUNS ?? 300), Number(process.env.PROVE_FUZZ_SEED ?? 20260));
