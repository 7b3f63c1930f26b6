/**
 * How long proofs of Phi-4-mini at true size take, and how they grow with tokens and layers. Each figure is of a fresh
 * process, first proof with corollaries, building of the graphs not counted; "told" has the attack on small graphs and the
 * second opinion besides, as a user waits for them (of a stack two layers, as the command does). The engine is set as the command sets it, unless `--eager` is given.
 * `node bench/prove.mjs`
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const eager = process.argv.includes("--eager");
const root = fileURLToPath(new URL("..", import.meta.url));
/** [tokens, layers, budget in ms of what is told]. */
const CASES = [
  [1, 1],
  [2, 1],
  [4, 1, 200],
  [8, 1],
  [16, 1],
  [4, 2],
  [4, 32, 600],
  [16, 32, 1500],
];

const folder = mkdtempSync(join(root, "node_modules/.graphc-bench-"));
try {
  const entry = join(folder, "entry.ts");
  writeFileSync(
    entry,
    `export { decoderLayers } from "${root}src/models/layers.ts";
export { optimiseLater } from "${root}src/cli/terminal/javascript.ts";
export { PHI4_MINI } from "${root}src/index.ts";
export { prove } from "${root}src/passes/prove/prove.ts";`,
  );
  const outfile = join(folder, "prove.mjs");
  await build({ entryPoints: [entry], outfile, bundle: true, format: "esm", platform: "node", packages: "external" });
  const script = (tokens, count) => `
    const { decoderLayers, optimiseLater, PHI4_MINI, prove } = await import(${JSON.stringify(outfile)});
    ${eager ? "" : "optimiseLater();"}
    const graphOf = (T) => decoderLayers(PHI4_MINI, { tokens: T, maxSeq: 2048 }, { count: ${count} });
    const [block, step] = [graphOf(${tokens}), graphOf(1)];
    const tiny = { ...PHI4_MINI, kvHeads: 2, heads: 4, headDim: 4, rotaryDims: 2, hiddenSize: 4, ffnSize: 2 };
    const tinyOf = (T, tokens) => decoderLayers(tiny, { tokens: T, maxSeq: tokens + 1 }, { count: ${Math.min(count, 2)} });
    const small = (tokens) => ({ block: tinyOf(tokens, tokens), step: tinyOf(1, tokens) });
    const told = process.argv[1] === "told";
    const v = prove(block, step, { counterexample: false, secondOpinion: told, ...(told ? { small } : {}) });
    const memory = process.resourceUsage().maxRSS / 1024;
    console.log(JSON.stringify({ ...v.sizes, level: v.level ?? v.verdict, ms: v.milliseconds, memory }));`;
  console.log("tokens layers  terms  compared  segments (distinct)  level      ms    told  budget   peak MB");
  for (const [tokens, count, budget] of CASES) {
    const [v, told] = ["proof", "told"].map((how) => {
      const args = ["--input-type=module", "-e", script(tokens, count), how];
      const run = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (run.status !== 0) throw new Error(run.stderr);
      return JSON.parse(run.stdout);
    });
    const cells = [
      String(tokens).padStart(6),
      String(count).padStart(6),
      String(v.terms).padStart(6),
      String(v.compared).padStart(9),
      `${v.segments} (${v.distinct})`.padStart(20),
      v.level.padStart(6),
      v.ms.toFixed(0).padStart(7),
      told.ms.toFixed(0).padStart(7),
      String(budget ?? "").padStart(7),
      v.memory.toFixed(0).padStart(9),
    ];
    console.log(cells.join(" "));
  }
} finally {
  rmSync(folder, { recursive: true });
}
