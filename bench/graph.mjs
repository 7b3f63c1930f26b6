/**
 * How long the graphs of Phi-4-mini take to build and to check (types re-inferred, engine rules): one layer at T=4,
 * first time and warm, and all 32 layers. `node bench/graph.mjs`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { median, ms, root, show } from "./measure.mjs";

const RUNS = 31;
const TARGET = 50;
const folder = mkdtempSync(join(tmpdir(), "graphc-bench-"));
try {
  const outfile = join(folder, "graph.mjs");
  const names = ["models/config", "models/layers", "passes/check", "passes/lint/lint", "passes/lint/constants"];
  const contents = names.map((name) => `export * from "./src/${name}.ts";`).join("\n");
  const stdin = { contents, resolveDir: root };
  await build({ stdin, outfile, bundle: true, format: "esm", platform: "node", target: "node20" });
  const { PHI4_MINI, decoderLayers, checkTypes, lint, constantsOf } = await import(pathToFileURL(outfile).href);
  const time = async (options) => {
    const begin = performance.now();
    const graph = decoderLayers(PHI4_MINI, { tokens: 4, maxSeq: 2048 }, options);
    checkTypes(graph);
    lint(graph, await constantsOf(graph));
    return performance.now() - begin;
  };
  const warm = async (options) => {
    const times = [];
    for (let run = 0; run < RUNS; run++) times.push(await time(options));
    return median(times);
  };
  console.log("building and checking the layer graph");
  const first = await time({});
  show("one layer, first time", ms(first), `${TARGET} ms`, first < TARGET);
  show(`one layer, median of ${RUNS}`, ms(await warm({})));
  show(`32 layers, median of ${RUNS}`, ms(await warm({ count: 32 })));
} finally {
  rmSync(folder, { recursive: true });
}
