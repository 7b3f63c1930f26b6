/** What the benchmarks share: the tool bundled as it ships, contenders that take turns, medians, one line a figure. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

// Where a machine names more certificates, every Node reads them as it starts: 30 ms that are not the tool's.
delete process.env.NODE_EXTRA_CA_CERTS;

export const median = (xs) => xs.toSorted((a, b) => a - b)[xs.length >> 1];

/** For `--import`: writes the peak resident memory in kB to the file that RSS names. */
export const WATCH = `data:text/javascript,import{writeFileSync}from"node:fs";process.on("exit",()=>writeFileSync(process.env.RSS,String(process.resourceUsage().maxRSS)))`;

/** Calls `use` with the path of cli.js, bundled into the project so that it finds its packages. */
export function withBundle(use) {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "graphc-bench-"));
  try {
    execFileSync(process.execPath, ["scripts/build.mjs", folder], { cwd: root });
    return use(join(folder, "cli.js"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds of a whole process; its failure is ours. */
export function timeOf(command, args, options = {}) {
  const begin = performance.now();
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8", ...options });
  const ms = performance.now() - begin;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error ?? stderr}`);
  return ms;
}

/**
 * Lets the contenders take turns, A B A B, so that whatever else the machine does meets all of them. Returns the times
 * of each by name; a first round, which fills caches, does not count.
 */
export function takeTurns(contenders, rounds) {
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++)
    for (const [name, run] of Object.entries(contenders)) {
      const ms = run();
      if (round >= 0) times[name].push(ms);
    }
  return times;
}

/** The ratio a/b of each round, and its median: rounds are near in time, so what slows one slows the other. */
export const ratioOf = (a, b) => median(a.map((x, i) => x / b[i]));

/** One line: a name, its figure, and the target with whether it is met. */
export function show(name, figure, target = "", met = undefined) {
  const verdict = met === undefined ? "" : met ? "  met" : "  MISSED";
  console.log(`  ${name.padEnd(34)}${figure.padStart(28)}${target ? `   target ${target}` : ""}${verdict}`);
}

export const ms = (x) => `${x.toFixed(x < 100 ? 1 : 0)} ms`;
