/**
 * How long proofs of Phi-4-mini at true size take, and how they grow with tokens and layers. Each figure is of a fresh
 * process, first proof, building of the graphs not counted. `node bench/prove.mjs`
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
/** [tokens, layers, budget in ms]. */
const CASES = [
  [1, 1],
  [2, 1],
  [4, 1, 300],
  [8, 1],
  [16, 1],
  [4, 2],
  [4, 32, 1500],
  [16, 32, 10_000],
];

const folder = mkdtempSync(join(root, "node_modules/.graphc-bench-"));
try {
  const entry = join(folder, "entry.ts");
  writeFileSync(
    entry,
    `export { phiLayers } from "${root}src/models/phi.ts";
export { PHI4_MINI } from "${root}src/index.ts";
export { prove } from "${root}src/passes/prove/prove.ts";`,
  );
  const outfile = join(folder, "prove.mjs");
  await build({ entryPoints: [entry], outfile, bundle: true, format: "esm", platform: "node", packages: "external" });
  const script = (tokens, count) => `
    const { phiLayers, PHI4_MINI, prove } = await import(${JSON.stringify(outfile)});
    const graphOf = (T) => phiLayers(PHI4_MINI, { tokens: T, maxSeq: 2048 }, { count: ${count} });
    const [block, step] = [graphOf(${tokens}), graphOf(1)];
    const v = prove(block, step, { counterexample: false, secondOpinion: false });
    const memory = process.resourceUsage().maxRSS / 1024;
    console.log(JSON.stringify({ ...v.sizes, level: v.level ?? v.verdict, ms: v.milliseconds, memory }));`;
  console.log("tokens layers  terms  compared  segments (distinct)  level      ms  budget   peak MB");
  for (const [tokens, count, budget] of CASES) {
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", script(tokens, count)], { encoding: "utf8" });
    if (run.status !== 0) throw new Error(run.stderr);
    const v = JSON.parse(run.stdout);
    const cells = [
      String(tokens).padStart(6),
      String(count).padStart(6),
      String(v.terms).padStart(6),
      String(v.compared).padStart(9),
      `${v.segments} (${v.distinct})`.padStart(20),
      v.level.padStart(6),
      v.ms.toFixed(0).padStart(7),
      String(budget ?? "").padStart(7),
      v.memory.toFixed(0).padStart(9),
    ];
    console.log(cells.join(" "));
  }
} finally {
  rmSync(folder, { recursive: true });
}
