/**
 * How long the graphs of Phi-4-mini take to build and check: one layer at T=4, first time and warm, and all 32 layers.
 * `node bench/graph.mjs`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const RUNS = 31;
const folder = mkdtempSync(join(tmpdir(), "graphc-bench-"));
try {
  const outfile = join(folder, "graphc.mjs");
  const entry = fileURLToPath(new URL("../src/index.ts", import.meta.url));
  await build({ entryPoints: [entry], outfile, bundle: true, format: "esm", platform: "node", target: "node20" });
  const { PHI4_MINI, phiLayers } = await import(pathToFileURL(outfile).href);
  const size = { tokens: 4, maxSeq: 2048 };
  const time = (options) => {
    const start = process.hrtime.bigint();
    phiLayers(PHI4_MINI, size, options);
    return Number(process.hrtime.bigint() - start) / 1e6;
  };
  const median = (options) => Array.from({ length: RUNS }, () => time(options)).sort((a, b) => a - b)[RUNS >> 1];
  const show = (name, ms) => console.log(`${name.padEnd(28)}${ms.toFixed(1).padStart(8)} ms`);
  show("one layer, first time", time({}));
  show(`one layer, median of ${RUNS}`, median({}));
  show(`32 layers, median of ${RUNS}`, median({ count: 32 }));
} finally {
  rmSync(folder, { recursive: true });
}
