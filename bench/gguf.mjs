/**
 * `graphc emit FILE.gguf` of one layer as a whole process, against Python's gguf and numpy, which dequantise the same
 * tensors and write them as fp16, a whole process too.
 *
 *   node bench/gguf.mjs [--rounds 5] [--types Q4_K,Q8_0] [--python PYTHON] [--dir DIR]
 *
 * The file is a layer of Phi-4-mini at true size of random blocks (57 MB, 107 MB), in a folder that is removed. Without
 * Python's gguf only our own figures are printed; PYTHON is by default that of the conformance suite.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeGguf } from "./gguf-file.mjs";
import { median, ms, ratioOf, root, show, takeTurns, timeOf, withBundle } from "./measure.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    types: { type: "string", default: "Q4_K,Q8_0" },
    python: { type: "string", default: join(root, "conformance/.venv/bin/python") },
    dir: { type: "string", default: tmpdir() },
  },
});

/** How much faster than Python, and the memory to stay below in MB. */
const TARGET = { speed: 5, memory: 200 };
/** Writes the peak resident memory in kB to the file that it is told. */
const WATCH = `data:text/javascript,import{writeFileSync}from"node:fs";process.on("exit",()=>writeFileSync(process.env.RSS,String(process.resourceUsage().maxRSS)))`;
const NUMPY = join(root, "bench/gguf-numpy.py");
const hasPython = existsSync(values.python) && spawnSync(values.python, ["-c", "import gguf"]).status === 0;

function measure(cli, type, rounds) {
  const folder = mkdtempSync(join(values.dir, "graphc-bench-"));
  try {
    const [source, out, raw, rss] = ["layer.gguf", "out", "out.bin", "rss"].map((name) => join(folder, name));
    writeGguf(source, type);
    // T = 1 makes one package.
    const emit = [cli, "emit", source, "--layer", "0", "--tokens", "1", "--no-prove", "--json", "--out", out];
    const clear = () => {
      for (const path of [out, raw]) rmSync(path, { recursive: true, force: true });
    };
    const peaks = [];
    const writing = [];
    const graphc = () => {
      clear();
      const begin = performance.now();
      const printed = execFileSync(process.execPath, ["--import", WATCH, ...emit], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
        env: { ...process.env, RSS: rss },
      });
      const whole = performance.now() - begin;
      peaks.push(Number(readFileSync(rss, "utf8")) / 1000);
      writing.push(1000 * JSON.parse(printed).packages[0].seconds);
      return whole;
    };
    const numpy = () => {
      clear();
      return timeOf(values.python, [NUMPY, source, raw]);
    };
    const times = takeTurns(hasPython ? { numpy, graphc } : { graphc }, rounds);
    console.log(`emit a layer of ${type}, ${(statSync(source).size / 1e6).toFixed(0)} MB: ${rounds} rounds in turns`);
    const own = ms(median(times.graphc));
    if (hasPython) {
      const ratio = ratioOf(times.numpy, times.graphc);
      show("Python's gguf and numpy", ms(median(times.numpy)));
      show("graphc emit", `${own}, ${ratio.toFixed(1)}x as fast`, `${TARGET.speed}x`, ratio >= TARGET.speed);
    } else show("graphc emit", own);
    show("  of it the package", ms(median(writing.slice(-rounds))));
    const peak = Math.max(...peaks);
    show("peak memory", `${peak.toFixed(0)} MB`, `${TARGET.memory} MB`, peak < TARGET.memory);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

withBundle((cli) => {
  for (const type of values.types.split(",")) measure(cli, type, Number(values.rounds));
});
