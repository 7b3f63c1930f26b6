/**
 * Signals at random moments of an emit over a set that stands (docs/reliability.md). `KILLS=60` sends as many;
 * `KILL_SEED` chooses the moments.
 */
import type { ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { uniform } from "../../../src/dsl/random.ts";
import { digestFile, digestFolder } from "../../../src/evidence/digests.ts";
import { openTransaction } from "../../../src/files/transaction.ts";
import { buildBundle, type Ended, endOf, removeBundle, startIn } from "../../support/bundle.ts";
import { testFolder } from "../../support/cli.ts";

const KILLS = Number(process.env.KILLS ?? 8);
const SEED = Number(process.env.KILL_SEED ?? 1);
const SIGNALS = ["SIGKILL", "SIGINT", "SIGKILL", "SIGTERM", "SIGKILL", "SIGHUP"] as const;

/** An emit that is interrupted: its command, and the names of its set, what speaks of others last. */
interface Emitted {
  readonly what: string;
  readonly argv: readonly string[];
  readonly names: readonly string[];
  /** Those of them that are other bytes with another seed. */
  readonly seeded: readonly string[];
}

const emitted = (what: string, argv: readonly string[], names: readonly string[]): Emitted => ({
  what,
  argv,
  names,
  seeded: names.filter((name) => !name.includes(".rope.")),
});

const EMITS = [
  emitted(
    "a true-size layer",
    ["phi4-mini"],
    ["t4.mlpackage", "t1.mlpackage", "rope.safetensors", "rope.json", "certificate.json"].map(
      (name) => `phi4-mini.layer0.${name}`,
    ),
  ),
  emitted(
    "an author's graph with fixtures",
    ["examples/attention.ts", "--fixtures"],
    ["t4.mlpackage", "t1.mlpackage", "fixtures.safetensors", "certificate.json", "lines.json", "fixtures.json"].map(
      (name) => `attention.${name}`,
    ),
  ),
];

let bundle: string;
beforeAll(() => {
  bundle = buildBundle();
});
afterAll(() => removeBundle(bundle));

/** Digests of what stands, by name. */
type Standing = Readonly<Record<string, string>>;

/** What stands; hidden things apart. */
async function standing(folder: string): Promise<Standing> {
  const names = readdirSync(folder).filter((name) => !name.startsWith(".graphc-"));
  const digests = names.map(async (name) => {
    const path = join(folder, name);
    return [name, name.endsWith(".mlpackage") ? (await digestFolder(path)).sha256 : await digestFile(path)] as const;
  });
  return Object.fromEntries(await Promise.all(digests));
}

/** What the next emit does before anything else. */
async function repair(folder: string, names: readonly string[]): Promise<void> {
  const files = names.filter((name) => !name.endsWith(".mlpackage"));
  const targets = files.map((name) => ({ name, replace: true, kind: { name: "file" } }) as const);
  await (await openTransaction({ folder, targets })).abandon();
}

/** Nothing but all of the one set or all of the other. */
function whichStands(how: string, names: Emitted, before: Standing, after: Standing): "old" | "new" {
  expect([how, Object.keys(after).sort()]).toEqual([how, [...names.names].sort()]);
  const changed = names.seeded.filter((name) => after[name] !== before[name]);
  if (changed.length === 0) expect([how, after]).toEqual([how, before]);
  else expect([how, changed]).toEqual([how, names.seeded]);
  return changed.length === 0 ? "old" : "new";
}

/** Sends one signal at its moment; says how the emit ended. */
async function interrupt(child: ChildProcess, signal: NodeJS.Signals, moment: number): Promise<Ended> {
  const ended = endOf(child);
  await Promise.race([sleep(moment), ended]);
  child.kill(signal);
  return ended;
}

test.each(EMITS)(
  "after any signal one whole set stands, at once or once the next emit begins: $what",
  {
    timeout: 4 * 3_600_000,
  },
  async (emitted) => {
    const out = testFolder();
    const emit = (seed: number) => ["emit", ...emitted.argv, "--force", "--seed", `${seed}`, "--out", out];
    const begin = performance.now();
    expect((await endOf(startIn(bundle, emit(0)))).code).toBe(0);
    // How long an emit takes; the machine may be busier at one time than at another.
    let span = performance.now() - begin;
    let before = await standing(out);
    const tally = new Map<string, number>();
    for (let n = 0; n < KILLS; n++) {
      const [signal, moment] = [SIGNALS[n % SIGNALS.length]!, ((uniform(SEED, 0, n) + 1) / 2) * span];
      const started = performance.now();
      const { code, signal: by, err } = await interrupt(startIn(bundle, emit(1 + n)), signal, moment);
      if (code === 0) span = Math.min(span, performance.now() - started);
      const done = await standing(out);
      const lines = err.split("\n").filter((line) => line !== "" && !/%(, \d+ (s|min) left)?$|^fixtures: /.test(line));
      const how = `${signal} after ${Math.round(moment)} of ${Math.round(span)} ms: ${code ?? by}`;
      if (signal === "SIGKILL" && code !== 0) {
        expect([code, by]).toEqual([null, "SIGKILL"]);
        await repair(out, emitted.names);
      } else if (code === 130) expect([how, lines]).toEqual([how, ["error: interrupted; nothing was written"]]);
      // Before it has begun to work, or when it has ended; an emit with fixtures tells what they are meanwhile.
      else expect([how, by ?? code]).toEqual([how, code === 0 ? 0 : signal]);
      const after = await standing(out);
      expect(readdirSync(out).filter((name) => name.startsWith(".graphc-emit-"))).toEqual([]);
      const stands = whichStands(how, emitted, before, after);
      if (code === 0) expect([how, stands]).toEqual([how, "new"]);
      // A signal that finds the emit leaving, with all of its work done, ends it with the new set.
      else if (by === null) expect([how, stands]).toEqual([how, "old"]);
      if (signal !== "SIGKILL") expect(done).toEqual(after);
      before = after;
      const kind = `${signal} ${code ?? by} (${stands})`;
      tally.set(kind, (tally.get(kind) ?? 0) + 1);
    }
    console.log([...tally].map(([kind, count]) => `${kind}: ${count}`).join(", "));
  },
);
