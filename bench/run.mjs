/**
 * `npm run bench`: every measurement of the project in one run, with its target. `npm run bench -- --full` adds the
 * long ones. The figures are of this machine; ratios, whose two sides take turns, travel better than milliseconds.
 */
import { spawnSync } from "node:child_process";
import { cpus, loadavg, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

const full = process.argv.includes("--full");

/** Scripts of this folder with their arguments, in the order in which they run. */
const SCRIPTS = [
  ["cli.mjs"],
  ["graph.mjs"],
  ["types.mjs"],
  ["emit.mjs", ...(full ? ["--full"] : [])],
  ["gguf.mjs", ...(full ? [] : ["--rounds", "3"])],
  ["kernels.mjs", ...(full ? [] : ["--rounds", "7"])],
  ["prove.mjs"],
  // Of a model that nobody may commit: RANGES_MODEL names it.
  ["ranges.mjs", ...(process.env.RANGES_MODEL ? [process.env.RANGES_MODEL] : [])],
  ...(full ? [["build.mjs"]] : []),
];

const [{ model }] = cpus();
console.log(`${model}, ${cpus().length} cores, ${(totalmem() / 1e9).toFixed(0)} GB, Node ${process.versions.node}`);
console.log(`load when it began: ${loadavg()[0].toFixed(1)}; on a busy machine read the ratios only`);
const failed = SCRIPTS.filter(([script, ...args]) => {
  console.log(`\n--- ${[script, ...args].join(" ")}`);
  const path = fileURLToPath(new URL(script, import.meta.url));
  return spawnSync(process.execPath, [path, ...args], { stdio: "inherit" }).status !== 0;
});
if (failed.length > 0)
  console.log(`\nfailed, or over a budget that does not depend on the machine: ${failed.join(", ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;
