/**
 * Mutation testing of the prover and the ops. `npm run mutation` for all of it (hours), or for some files:
 * `npm run mutation -- 'src/passes/prove/rules/*.ts'`. Of the judge of evidence only where its files are named: `npm run mutation -- src/evidence/judge/ran.ts`.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = process.argv.slice(2);
// The tests of the prover tell nothing of the judge of evidence, and the other way round. Evidence is judged a few hundred times where a mutant lives.
const isJudge = files.length > 0 && files.every((file) => file.startsWith("src/evidence/"));
const env = isJudge ? { ...process.env, MUTATION_TESTS: "test/evidence" } : process.env;
const patience = isJudge ? ["--timeoutMS", "120000"] : [];

function run(program, args) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: "inherit", env });
  if (status !== 0) process.exit(status ?? 1);
}

run("npm", ["ci", "--prefix", "mutation", "--no-audit", "--no-fund"]);
const stryker = "mutation/node_modules/@stryker-mutator/core/bin/stryker.js";
const chosen = files.length > 0 ? ["--mutate", files.join(",")] : [];
run(process.execPath, [stryker, "run", "mutation/stryker.config.json", ...patience, ...chosen]);
run(process.execPath, ["mutation/report.mjs"]);
