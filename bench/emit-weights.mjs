/**
 * Speed of the weight pipeline (read a bf16 checkpoint, convert to fp16, write) against `cp` of the same bytes.
 *
 *   node bench/emit-weights.mjs [--layers 1] [--runs 7] [--dir DIR]
 *
 * Each run is a fresh process, so that the just-in-time compiler starts cold, as in `graphc emit`; runs of cp and of
 * the pipeline take turns. DIR (by default a new folder in the system's temporary one) should have space for two copies.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const { values } = parseArgs({
  options: { layers: { type: "string" }, runs: { type: "string" }, dir: { type: "string" }, task: { type: "string" } },
});
const layers = Number(values.layers ?? 1);

/** The sources as one module that Node can load. */
async function bundle(folder) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const outfile = join(folder, "weights.mjs");
  const names = ["weights/hub/checkpoint", "weights/generated", "weights/safetensors/write"];
  const contents = [...names, "models/config", "models/config-tensors"]
    .map((name) => `export * from "./src/${name}.ts";`)
    .join("\n");
  await build({ stdin: { contents, resolveDir: root }, bundle: true, platform: "node", format: "esm", outfile });
  return outfile;
}

/** A checkpoint folder of generated bf16 weights, and what the generator takes for it. */
async function make(weights, folder) {
  const tensors = Array.from({ length: layers }, (_, i) => weights.layerTensors(weights.PHI4_MINI, i)).flat();
  const begin = performance.now();
  const generate = weights.generatorOf(1);
  const fill = async function* ({ name, shape }) {
    const size = shape.reduce((product, n) => product * n, 1);
    const chunk = new Uint16Array(2 ** 21);
    for (let at = 0; at < size; at += chunk.length) {
      const part = chunk.subarray(0, Math.min(chunk.length, size - at));
      generate(part, name, shape, at);
      yield new Uint8Array(part.buffer, 0, part.byteLength);
    }
  };
  await weights.writeSafetensors(
    join(folder, "model.safetensors"),
    tensors.map((tensor) => ({ ...tensor, dtype: "BF16", data: () => fill(tensor) })),
  );
  return performance.now() - begin;
}

/** One measured run of the pipeline, in its own process: prints milliseconds and peak memory. */
async function run(weights, folder, out) {
  const { open } = await import("node:fs/promises");
  const begin = performance.now();
  const checkpoint = await weights.openCheckpoint(folder);
  const handle = await open(out, "w");
  // One chunk is written while the next is converted.
  let written;
  for (let layer = 0; layer < layers; layer++)
    for (const { name, shape } of weights.layerTensors(weights.PHI4_MINI, layer))
      for await (const chunk of checkpoint.stream({ from: "checkpoint", tensor: name }, { dtype: "fp16", shape })) {
        await written;
        written = handle.write(chunk);
      }
  await written;
  await handle.close();
  await checkpoint.close();
  const ms = performance.now() - begin;
  console.log(JSON.stringify({ ms, rss: process.resourceUsage().maxRSS / 1024, report: checkpoint.report() }));
}

const median = (xs) => xs.toSorted((a, b) => a - b)[Math.floor(xs.length / 2)];

async function main() {
  const folder = values.dir ?? mkdtempSync(join(tmpdir(), "graphc-bench-"));
  mkdirSync(folder, { recursive: true });
  const out = join(folder, "out.bin");
  try {
    const module = await bundle(folder);
    const weights = await import(pathToFileURL(module).href);
    const generated = await make(weights, folder);
    writeFileSync(join(folder, "config.json"), "{}");
    const source = join(folder, "model.safetensors");
    const self = fileURLToPath(import.meta.url);
    const taken = { cp: [], pipeline: [], rss: [] };
    for (let i = 0; i < Number(values.runs ?? 7); i++) {
      rmSync(out, { force: true });
      const begin = performance.now();
      spawnSync("cp", [source, out]);
      taken.cp.push(performance.now() - begin);
      rmSync(out, { force: true });
      const args = [self, "--task", JSON.stringify({ module, folder, out }), "--layers", String(layers)];
      const { ms, rss } = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
      taken.pipeline.push(ms);
      taken.rss.push(rss);
    }
    const megabytes = statSync(source).size / 1e6;
    const [cp, pipeline] = [median(taken.cp), median(taken.pipeline)];
    console.log(`${layers} layer(s), ${megabytes.toFixed(0)} MB of bf16, median of ${taken.cp.length} runs`);
    console.log(`generate and write   ${generated.toFixed(0)} ms (1 run)`);
    console.log(`cp                   ${cp.toFixed(0)} ms`);
    console.log(`read, convert, write ${pipeline.toFixed(0)} ms = ${(cp / pipeline).toFixed(2)} of the speed of cp`);
    console.log(`peak memory          ${Math.max(...taken.rss).toFixed(0)} MB`);
  } finally {
    if (values.dir === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

if (values.task) {
  const { module, folder, out } = JSON.parse(values.task);
  await run(await import(pathToFileURL(module).href), folder, out);
} else await main();
