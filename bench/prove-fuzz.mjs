/** A long run of the prover's fuzz test: `node bench/prove-fuzz.mjs [pairs] [seed]`. 240 pairs took 129 s on two busy cores, so 20,000 take about three hours there. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const [pairs = "20000", seed = String(Date.now() % 1e6)] = process.argv.slice(2);
console.log(`${pairs} pairs, seed ${seed}`);
const { status } = spawnSync("npx", ["vitest", "run", "test/passes/prove/fuzz.long.test.ts"], {
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  stdio: "inherit",
  env: { ...process.env, PROVE_FUZZ_RUNS: pairs, PROVE_FUZZ_SEED: seed },
});
process.exitCode = status ?? 1;
