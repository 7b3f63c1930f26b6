/** Damaged packages through every command that reads them: no fault of ours, no hang, no crash, no more memory than a bound. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MANIFEST_PATH, MODEL_PATH, manifestOf, WEIGHTS_PATH } from "../../../src/emit/mil/manifest.ts";
import { graphc } from "../cli.ts";
import { subjects } from "../diff/subjects.ts";
import { randomFrom } from "../ops/draw.ts";
import { ROOT } from "../root.ts";
import { type Child, type ChildOutcome, openChild } from "./child.ts";
import { DAMAGES, isWork } from "./package-damage.ts";

/** What came of a run: how often each exit code, and what went wrong. */
export interface PackageTally {
  readonly codes: Readonly<Record<string, number>>;
  /** Most memory that a child had, in bytes. */
  readonly memory: number;
  /** Of the slowest command, in seconds. */
  readonly slowest: number;
  readonly wrong: readonly string[];
}

/** Seconds that a command may take, for packages that take less than one; MB of heap; bytes of memory in all. */
const [SECONDS, HEAP, MEMORY] = [60, 1024, 1.5 * 2 ** 30];

/** As many damaged packages as `runs`, every kind of damage in turn; the same for the same seed. */
export async function fuzzPackages(runs: number, seed: number): Promise<PackageTally> {
  const root = mkdtempSync(join(tmpdir(), "graphc-fuzz-"));
  const child = await openChild(SECONDS, HEAP);
  try {
    return await fuzzed(child, root, runs, seed);
  } finally {
    child.close();
    rmSync(root, { recursive: true, force: true });
  }
}

async function fuzzed(child: Child, root: string, runs: number, seed: number): Promise<PackageTally> {
  const all = await packagesIn(root);
  const [random, codes, wrong] = [randomFrom(seed), new Map<string, number>(), [] as string[]];
  const worst = { memory: 0, slowest: 0 };
  for (let n = 0; n < runs; n++) {
    const subject = all[Math.floor(random() * all.length)]!;
    const [kind, damage] = Object.entries(DAMAGES)[n % Object.keys(DAMAGES).length]!;
    const bad = join(root, "bad.mlpackage");
    rmSync(bad, { recursive: true, force: true });
    cpSync(subject.path, bad, { recursive: true });
    const done = damage(bad, random);
    const what = `${n}: ${kind} (${done}) of ${subject.path.split("/").at(-1)}`;
    for (const argv of commandLines(bad, subject)) {
      if (argv[0] === "run" && isWork(done)) continue;
      const begin = performance.now();
      const outcome = await child.run(argv);
      worst.slowest = Math.max(worst.slowest, (performance.now() - begin) / 1000);
      worst.memory = Math.max(worst.memory, outcome.rss ?? 0);
      codes.set(String(outcome.code), (codes.get(String(outcome.code)) ?? 0) + 1);
      const fault = faultOf(outcome, argv.includes("--json"));
      if (fault) wrong.push(`${what}: ${argv.map((word) => word.replace(root, "…")).join(" ")}: ${fault}`);
    }
  }
  return { codes: Object.fromEntries(codes), ...worst, wrong };
}

/** What no damage may lead to. A mistake of the user is one sentence; with --json it is on standard output. */
function faultOf({ code, err, rss }: ChildOutcome, json: boolean): string | undefined {
  if (code !== 0 && code !== 1 && code !== 2) return `exit ${code}: ${err}`;
  if (code === 2 && !json && !/^error: [^\n]+$/.test(err)) return `not one sentence: ${err}`;
  return (rss ?? 0) > MEMORY ? `${Math.round(rss! / 2 ** 20)} MiB of memory` : undefined;
}

interface Subject {
  readonly path: string;
  /** The other of a pair of block and step. */
  readonly twin?: string;
}

function commandLines(bad: string, { path, twin }: Subject): readonly (readonly string[])[] {
  return [
    ["inspect", bad],
    ["inspect", bad, "--json"],
    ["check", bad],
    ["diff", path, bad],
    ["diff", bad, path],
    ["run", bad, "--positions", "0"],
    ...(twin
      ? [
          ["prove", bad, twin],
          ["prove", twin, bad],
        ]
      : [["prove", bad]]),
  ];
}

/** Packages of every op, of several, of flexible sizes and functions, and pairs of block and step. */
async function packagesIn(root: string): Promise<readonly Subject[]> {
  const single = (await subjects()).map(({ name, bytes, weights }, n): Subject => {
    const path = join(root, `${n}-${name.replace(/\W/g, "_")}.mlpackage`);
    mkdirSync(join(path, WEIGHTS_PATH, ".."), { recursive: true });
    writeFileSync(join(path, MODEL_PATH), bytes);
    writeFileSync(join(path, WEIGHTS_PATH), weights ?? "");
    writeFileSync(join(path, MANIFEST_PATH), manifestOf({ model: name, weights: name }));
    return { path };
  });
  const pairs = join(root, "pairs");
  for (const name of ["counter", "attention"]) {
    const { code, err } = await graphc([
      "emit",
      join(ROOT, `examples/${name}.ts`),
      "--tokens",
      "2",
      "--max-seq",
      "8",
      "--out",
      pairs,
    ]);
    if (code !== 0) throw new Error(`examples/${name}.ts is not emitted: ${err}`);
  }
  const paths = readdirSync(pairs).filter((name) => name.endsWith(".mlpackage"));
  const twins = paths.map((name): Subject => {
    const twin = paths.find((other) => other !== name && other.split(".")[0] === name.split(".")[0])!;
    return { path: join(pairs, name), twin: join(pairs, twin) };
  });
  // A third of all are pairs.
  return [...single, ...Array.from({ length: Math.ceil(single.length / 2 / twins.length) }, () => twins).flat()];
}
