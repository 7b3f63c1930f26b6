/**
 * `graphc build` of a whole true-size Phi-4-mini in int8, as a process of its own, read back and proven, beside coremltools quantising and
 * saving one layer of the same.
 *
 *   node bench/build.mjs [--rounds 1] [--dir /dev/shm] [--python PYTHON]
 *
 * DIR needs 6 GB.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median, ratioOf, root, show, takeTurns, timeOf, WATCH, withBundle } from "./measure.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "1" },
    dir: { type: "string", default: existsSync("/dev/shm") ? "/dev/shm" : tmpdir() },
    python: { type: "string", default: join(root, "conformance/.venv/bin/python") },
  },
});

const LAYERS = 32;
/** Seconds of the whole build, its memory in MB, and how many times as fast as coremltools a layer is. */
const TARGETS = { seconds: 120, memory: 600, faster: 20 };
const SETTINGS = ["--quantize", "int8", "--shards", "8,8,8,8", "--heads", "4", "--ahead-of-evidence"];

function measure(cli, folder) {
  const [out, rss, rival] = ["out", "rss", "rival.mlpackage"].map((name) => join(folder, name));
  const build = ["--import", WATCH, cli, "build", "phi4-mini", "--out", out, ...SETTINGS];
  const hasRival = spawnSync(values.python, ["-c", "import coremltools"]).status === 0;
  const peaks = [];
  const times = takeTurns(
    {
      build() {
        rmSync(out, { recursive: true, force: true });
        const ms = timeOf(process.execPath, build, { env: { ...process.env, RSS: rss } });
        peaks.push(Number(readFileSync(rss, "utf8")) / 1000);
        return ms / 1000;
      },
      ...(hasRival ? { rival: () => coremltoolsSeconds(rival) } : {}),
    },
    Number(values.rounds),
  );
  report(times, Math.max(...peaks));
}

/** It measures itself: quantising and saving alone. */
function coremltoolsSeconds(out) {
  rmSync(out, { recursive: true, force: true });
  const { status, stdout, stderr } = spawnSync(values.python, [join(root, "bench/build-coremltools.py"), out], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout.trim().split("\n").at(-1));
}

function report({ build, rival }, peak) {
  console.log(`build phi4-mini ${SETTINGS.join(" ")}, in ${values.dir}: ${build.length} round(s) in turns`);
  const seconds = median(build);
  show(
    `${LAYERS} layers, heads, embedding`,
    `${seconds.toFixed(1)} s`,
    `${TARGETS.seconds} s`,
    seconds < TARGETS.seconds,
  );
  show("peak memory", `${peak.toFixed(0)} MB`, `${TARGETS.memory} MB`, peak < TARGETS.memory);
  if (!rival) return console.log("  no coremltools: ours alone");
  const faster = LAYERS * ratioOf(rival, build);
  const figure = `${median(rival).toFixed(1)} s = ${faster.toFixed(1)}x`;
  show("coremltools, one layer", figure, `${TARGETS.faster}x`, faster >= TARGETS.faster);
}

const folder = mkdtempSync(join(values.dir, "graphc-bench-"));
try {
  withBundle((cli) => measure(cli, folder));
} finally {
  rmSync(folder, { recursive: true });
}
