/**
 * Signals at random moments of a true-size emit over a set that stands (docs/reliability.md). `KILLS=60` sends as many;
 * `KILL_SEED` chooses the moments.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { uniform } from "../../src/dsl/random.ts";
import { digestFile, digestFolder } from "../../src/evidence/digests.ts";
import { openTransaction } from "../../src/files/transaction.ts";
import { buildBundle, endOf, removeBundle, startIn } from "../support/bundle.ts";
import { testFolder } from "../support/cli.ts";

const KILLS = Number(process.env.KILLS ?? 8);
const SEED = Number(process.env.KILL_SEED ?? 1);
const SIGNALS = ["SIGKILL", "SIGINT", "SIGKILL", "SIGTERM", "SIGKILL", "SIGHUP"] as const;
const NAMES = [
  "t4.mlpackage",
  "t1.mlpackage",
  "rope.safetensors",
  "rope.json",
  "fixtures.safetensors",
  "certificate.json",
  "fixtures.json",
].map((name) => `phi4-mini.layer0.${name}`);

let bundle: string;
beforeAll(() => {
  bundle = buildBundle();
});
afterAll(() => removeBundle(bundle));

/** What stands, by name; hidden things apart. */
async function standing(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = readdirSync(folder).filter((name) => !name.startsWith(".graphc-"));
  const digests = names.map(async (name) => {
    const path = join(folder, name);
    return [name, name.endsWith(".mlpackage") ? (await digestFolder(path)).sha256 : await digestFile(path)] as const;
  });
  return Object.fromEntries(await Promise.all(digests));
}

/** What the next emit does before anything else. */
async function repair(folder: string): Promise<void> {
  const targets = NAMES.map((name) => ({ name, replace: true, kind: { name: "file" } })).slice(2);
  await (await openTransaction({ folder, targets })).abandon();
}

test("after any signal one whole set stands, at once or once the next emit begins", {
  timeout: 4 * 3_600_000,
}, async () => {
  const out = testFolder();
  const emit = (seed: number) => ["emit", "phi4-mini", "--fixtures", "--force", "--seed", `${seed}`, "--out", out];
  const begin = performance.now();
  expect((await endOf(startIn(bundle, emit(0)))).code).toBe(0);
  // How long an emit takes; the machine may be busier at one time than at another.
  let span = performance.now() - begin;
  let before = await standing(out);
  expect(Object.keys(before).sort()).toEqual([...NAMES].sort());
  const tally = new Map<string, number>();
  for (let n = 0; n < KILLS; n++) {
    const [signal, moment] = [SIGNALS[n % SIGNALS.length]!, ((uniform(SEED, 0, n) + 1) / 2) * span];
    const started = performance.now();
    const child = startIn(bundle, emit(1 + n));
    const ended = endOf(child);
    await Promise.race([sleep(moment), ended]);
    child.kill(signal);
    const { code, signal: by, err } = await ended;
    if (code === 0) span = Math.min(span, performance.now() - started);
    const done = await standing(out);
    const lines = err.split("\n").filter((line) => line !== "" && !/%(, \d+ (s|min) left)?$/.test(line));
    const how = `${signal} after ${Math.round(moment)} of ${Math.round(span)} ms: ${code ?? by}`;
    if (signal === "SIGKILL" && code !== 0) {
      expect([code, by]).toEqual([null, "SIGKILL"]);
      await repair(out);
    } else if (code === 130) expect([how, lines]).toEqual([how, ["error: interrupted; nothing was written"]]);
    // Before it has begun to work, or when it has ended.
    else expect([how, by ?? code, lines]).toEqual([how, code === 0 ? 0 : signal, []]);
    const after = await standing(out);
    expect(readdirSync(out).filter((name) => name.startsWith(".graphc-emit-"))).toEqual([]);
    if (code === 0) {
      expect(Object.keys(after).sort()).toEqual([...NAMES].sort());
      for (const name of NAMES) expect([how, name, after[name]]).not.toEqual([how, name, before[name]]);
    } else expect([how, after]).toEqual([how, before]);
    if (signal !== "SIGKILL") expect(done).toEqual(after);
    before = after;
    const kind = `${signal} ${code ?? by}`;
    tally.set(kind, (tally.get(kind) ?? 0) + 1);
  }
  console.log([...tally].map(([kind, count]) => `${kind}: ${count}`).join(", "));
});
