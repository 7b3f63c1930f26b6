/**
 * Mutation testing of the prover and the ops. `npm run mutation` for all of it (hours), or for some files:
 * `npm run mutation -- 'src/passes/prove/rules/*.ts'`.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = process.argv.slice(2);

function run(program, args) {
  const { status } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

run("npm", ["ci", "--prefix", "mutation", "--no-audit", "--no-fund"]);
const stryker = "mutation/node_modules/@stryker-mutator/core/bin/stryker.js";
const chosen = files.length > 0 ? ["--mutate", files.join(",")] : [];
run(process.execPath, [stryker, "run", "mutation/stryker.config.json", ...chosen]);
run(process.execPath, ["mutation/report.mjs"]);
