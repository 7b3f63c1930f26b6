/**
 * `graphc generate` on a build of true-size Phi-4-mini layers in int8: tokens a second in blocks of four, on two threads,
 * beside what the machine's memory allows: two threads that read as many bytes as a call reads of weights, measured in turns with it.
 *
 *   node bench/generate.mjs [--layers 4] [--rounds 3] [--tokens 16] [--dir BUILD]
 *
 * BUILD is a folder that `graphc build` wrote; without it a build of so many layers, and a vocabulary of eight, is made in /dev/shm, where
 * it takes 0.3 GB a layer while it is made.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildSync } from "esbuild";
import { median, ratioOf, root, show, WATCH, withBundle } from "./measure.mjs";

const { values } = parseArgs({
  options: {
    layers: { type: "string", default: "4" },
    rounds: { type: "string", default: "3" },
    tokens: { type: "string", default: "16" },
    dir: { type: "string" },
  },
});

const [THREADS, BLOCK] = [2, 4];
/** Of the limit. */
const TARGET = 0.5;
const tokens = Number(values.tokens);

/** What a call reads: of the packages' weights, all but what a prompt asks of the heads once. */
function weightBytes(dir) {
  const { layers } = JSON.parse(readFileSync(join(dir, "phi4mini_runtime_meta.json"), "utf8"));
  const file = ({ path }) =>
    join(dir, path.replace(/\.mlmodelc$/, ".mlpackage"), "Data/com.apple.CoreML/weights/weight.bin");
  const sizes = layers.map((shard) => statSync(file(shard)).size);
  return { all: sizes.reduce((sum, n) => sum + n, 0), largest: Math.max(...sizes) };
}

/** A process of its own: its seconds without the loading, and its memory at most in MB. */
function generate(cli, { dir, scratch }, ids, more) {
  const rss = join(scratch, "rss");
  const args = ["--import", WATCH, cli, "generate", dir, "--prompt-ids", ids.join(","), "--threads", `${THREADS}`];
  const begin = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args, "--json", ...more], {
    encoding: "utf8",
    env: { ...process.env, RSS: rss },
  });
  if (status !== 0) throw new Error(stderr);
  const said = JSON.parse(stdout);
  const opening = (performance.now() - begin) / 1000 - said.seconds;
  return { ...said, opening, peak: Number(readFileSync(rss, "utf8")) / 1000 };
}

function made(cli, scratch) {
  const [checkpoint, dir] = [join(scratch, "checkpoint"), join(scratch, "build")];
  const run = (args) => execFileSync(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  run([join(root, "bench/checkpoint.mjs"), checkpoint, values.layers]);
  const settings = ["--quantize", "int8", "--heads", "1", "--eos", "0", "--ahead-of-evidence"];
  run([cli, "build", checkpoint, "--out", dir, ...settings]);
  rmSync(checkpoint, { recursive: true });
  return dir;
}

/** A process that reads so many bytes of memory once to warm up and once for the seconds that it gives. */
function memoryReader(scratch) {
  const outfile = join(scratch, "read-memory.mjs");
  const contents = `import { memoryReader } from "./read-memory.ts";
const reader = memoryReader(Number(process.argv[2]), ${THREADS});
await reader.pass();
console.log(await reader.pass());
await reader.close();`;
  const stdin = { contents, resolveDir: join(root, "bench"), loader: "ts" };
  buildSync({ stdin, outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
  return (bytes) => Number(execFileSync(process.execPath, [outfile, `${bytes}`], { encoding: "utf8" })) / 1000;
}

function measure(cli, scratch) {
  const dir = values.dir ?? made(cli, scratch);
  const readMemory = memoryReader(scratch);
  const bytes = weightBytes(dir);
  // Ids that are no ends of the build that is made here.
  const prompt = Array.from({ length: tokens }, (_, n) => 1 + (n % 7));
  const runs = { blocks: [], limit: [] };
  const seen = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const blocks = generate(cli, { dir, scratch }, prompt, ["--max-new", "1"]);
    seen.push(blocks);
    runs.blocks.push(blocks.seconds / blocks.calls);
    runs.limit.push(readMemory(bytes.all));
  }
  report(bytes, runs, seen);
}

function report(bytes, { blocks, limit }, seen) {
  const most = (of) => Math.max(...seen.map(of));
  console.log(`${(bytes.all / 1e6).toFixed(0)} MB of weights, ${THREADS} threads: ${seen.length} round(s) in turns`);
  const [perCall, perPass, ratio] = [median(blocks), median(limit), ratioOf(limit, blocks)];
  show(`tokens/s in blocks of ${BLOCK}`, (BLOCK / perCall).toFixed(2));
  const speed = `${(BLOCK / perPass).toFixed(2)} = ${(bytes.all / perPass / 1e9).toFixed(1)} GB/s`;
  show("as memory allows", speed);
  show("of that", `${(100 * ratio).toFixed(1)} %`, `${100 * TARGET} %`, ratio >= TARGET);
  show("opening", `${median(seen.map((x) => x.opening)).toFixed(1)} s`);
  const target = 1500 + bytes.largest / 1e6;
  show("peak memory", `${most((x) => x.peak).toFixed(0)} MB`, `${target.toFixed(0)} MB`, most((x) => x.peak) < target);
}

const scratch = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "graphc-bench-"));
try {
  withBundle((cli) => measure(cli, scratch));
} finally {
  rmSync(scratch, { recursive: true });
}
