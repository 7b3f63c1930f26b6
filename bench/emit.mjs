/**
 * `graphc emit` from a bf16 checkpoint, as a whole process, against `openssl dgst -sha256` of the checkpoint's bytes (the hash is
 * the longest single pass of an emit), and against coremltools' MIL builder where a Python has it.
 *
 *   node bench/emit.mjs [--full] [--rounds 9] [--dir DIR ...] [--python PYTHON]
 *
 * One layer (201 MB); with --full ten layers (2 GB) too. Each DIR needs four times that space; by default the system's
 * temporary folder, and /dev/shm where there is one.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeCheckpoint } from "./checkpoint.mjs";
import { median, ms, ratioOf, root, show, takeTurns, timeOf, WATCH, withBundle } from "./measure.mjs";

const { values } = parseArgs({
  options: {
    full: { type: "boolean" },
    rounds: { type: "string", default: "9" },
    dir: { type: "string", multiple: true },
    python: { type: "string", default: join(root, "conformance/.venv/bin/python") },
  },
});

/** One package in times of the hash, both packages with their proof in ms, and the memory to stay below in MB. */
const TARGETS = { 1: { hashes: 2, both: 500, memory: 200 }, 10: { hashes: 2, memory: 250 } };
/** How many times as fast as coremltools. */
const FASTER = 10;
const MEMORY_RUNS = 3;

function measure(cli, layers, place, rounds) {
  const folder = mkdtempSync(join(place, "graphc-bench-"));
  try {
    const source = writeCheckpoint(join(folder, "checkpoint"), layers);
    const [out, rss, mlpackage] = ["out", "rss", "out.mlpackage"].map((name) => join(folder, name));
    const size = ["--layers", `${layers}`, "--max-seq", "2048", "--ahead-of-evidence"];
    const emit = [cli, "emit", join(folder, "checkpoint"), "--out", out, ...size];
    // T = 1 makes one package: the bytes of the checkpoint once.
    const one = [...emit, "--tokens", "1", "--no-prove"];
    const fresh = (command, args) => () => {
      for (const path of [out, mlpackage]) rmSync(path, { recursive: true, force: true });
      return timeOf(command, args);
    };
    const builder = [join(root, "bench/emit-coremltools.py"), source, mlpackage];
    const hasBuilder = layers === 1 && spawnSync(values.python, ["-c", "import coremltools"]).status === 0;
    const times = takeTurns(
      {
        hash: fresh("openssl", ["dgst", "-sha256", source]),
        one: fresh(process.execPath, one),
        both: fresh(process.execPath, emit),
        ...(hasBuilder ? { builder: fresh(values.python, builder) } : {}),
      },
      rounds,
    );
    const peaks = Array.from({ length: MEMORY_RUNS }, () => {
      rmSync(out, { recursive: true, force: true });
      spawnSync(process.execPath, ["--import", WATCH, ...emit], { env: { ...process.env, RSS: rss } });
      return Number(readFileSync(rss, "utf8")) / 1000;
    });
    report({ layers, place, rounds, bytes: statSync(source).size, times, peak: Math.max(...peaks) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report({ layers, place, rounds, bytes, times, peak }) {
  const { hashes, both, memory } = TARGETS[layers];
  console.log(`emit ${layers} layer(s), ${(bytes / 1e6).toFixed(0)} MB, in ${place}: ${rounds} rounds in turns`);
  show("openssl dgst -sha256", ms(median(times.hash)));
  const ratio = ratioOf(times.one, times.hash);
  show("one package, no proof", `${ms(median(times.one))} = ${ratio.toFixed(2)} hashes`, `${hashes}`, ratio <= hashes);
  const whole = median(times.both);
  show("both packages, proven", ms(whole), both ? ms(both) : "", both ? whole <= both : undefined);
  if (times.builder) {
    const faster = ratioOf(times.builder, times.one);
    show(
      "coremltools, one package",
      `${ms(median(times.builder))} = ${faster.toFixed(1)}x`,
      `${FASTER}x`,
      faster >= FASTER,
    );
  }
  show("peak memory", `${peak.toFixed(0)} MB`, `${memory} MB`, peak < memory);
}

const places = values.dir ?? [tmpdir(), "/dev/shm"].filter((place) => existsSync(place));
const rounds = Number(values.rounds);
withBundle((cli) => {
  for (const place of places) measure(cli, 1, place, rounds);
  if (values.full) for (const place of places) measure(cli, 10, place, Math.min(rounds, 5));
});
