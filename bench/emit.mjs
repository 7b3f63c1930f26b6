/**
 * `graphc emit` of one package from a bf16 checkpoint, as a whole process, against `cp` of the checkpoint's bytes.
 *
 *   node bench/emit.mjs [--full] [--rounds 9] [--dir DIR ...]
 *
 * One layer (201 MB); with --full ten layers (2 GB) too. Each DIR needs three times that space; by default the system's
 * temporary folder, and /dev/shm where there is one.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeCheckpoint } from "./checkpoint.mjs";
import { median, ms, ratioOf, show, takeTurns, timeOf, withBundle } from "./measure.mjs";

const { values } = parseArgs({
  options: {
    full: { type: "boolean" },
    rounds: { type: "string", default: "9" },
    dir: { type: "string", multiple: true },
  },
});

/** The speed of cp to reach, and the memory to stay below in MB. */
const TARGETS = { 1: { speed: 0.6, memory: 200 }, 10: { speed: 1, memory: 250 } };
const MEMORY_RUNS = 3;
/** Writes the peak resident memory in kB to the file that it is told. */
const WATCH = `data:text/javascript,import{writeFileSync}from"node:fs";process.on("exit",()=>writeFileSync(process.env.RSS,String(process.resourceUsage().maxRSS)))`;

function measure(cli, layers, place, rounds) {
  const folder = mkdtempSync(join(place, "graphc-bench-"));
  try {
    const source = writeCheckpoint(join(folder, "checkpoint"), layers);
    const [copy, out, rss] = ["copy", "out", "rss"].map((name) => join(folder, name));
    // T = 1 makes one package: the bytes of the checkpoint once.
    const size = [
      "--layers",
      `${layers}`,
      "--tokens",
      "1",
      "--max-seq",
      "2048",
      "--no-prove",
      "--ahead-of-evidence",
      "--json",
    ];
    const emit = [cli, "emit", "phi4-mini", "--weights", join(folder, "checkpoint"), "--out", out, ...size];
    const clear = () => {
      for (const path of [copy, out]) rmSync(path, { recursive: true, force: true });
    };
    const writing = [];
    const contenders = {
      cp: () => {
        clear();
        return timeOf("cp", [source, copy]);
      },
      emit: () => {
        clear();
        const begin = performance.now();
        const printed = execFileSync(process.execPath, emit, { encoding: "utf8" });
        const whole = performance.now() - begin;
        writing.push(1000 * JSON.parse(printed).packages[0].seconds);
        return whole;
      },
    };
    const times = takeTurns(contenders, rounds);
    times.writing = writing.slice(-rounds);
    const peaks = Array.from({ length: MEMORY_RUNS }, () => {
      clear();
      spawnSync(process.execPath, ["--import", WATCH, ...emit], { env: { ...process.env, RSS: rss } });
      return Number(readFileSync(rss, "utf8")) / 1000;
    });
    report({ layers, place, rounds, bytes: statSync(source).size, times, peak: Math.max(...peaks) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report({ layers, place, rounds, bytes, times, peak }) {
  const { speed, memory } = TARGETS[layers];
  const ratio = ratioOf(times.cp, times.emit);
  console.log(`emit ${layers} layer(s), ${(bytes / 1e6).toFixed(0)} MB, in ${place}: ${rounds} rounds in turns`);
  show("cp", ms(median(times.cp)));
  const figure = (name) => `${ms(median(times[name]))} = ${ratioOf(times.cp, times[name]).toFixed(2)} of cp's speed`;
  show("graphc emit, start-up and all", figure("emit"), `${speed}`, ratio >= speed);
  show("  of it the package", figure("writing"));
  show("peak memory", `${peak.toFixed(0)} MB`, `${memory} MB`, peak < memory);
}

const places = values.dir ?? [tmpdir(), "/dev/shm"].filter((place) => existsSync(place));
const rounds = Number(values.rounds);
withBundle((cli) => {
  for (const place of places) measure(cli, 1, place, rounds);
  if (values.full) for (const place of places) measure(cli, 10, place, Math.min(rounds, 5));
});
