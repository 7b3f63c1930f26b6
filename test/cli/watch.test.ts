/** `graphc watch`, in a process of its own: an answer at each save, of whichever file, however it is written. */
import type { ChildProcess } from "node:child_process";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { buildBundle, endOf, removeBundle, startIn } from "../support/bundle.ts";
import { folderOf, graphc } from "../support/cli.ts";
import { ROOT } from "../support/root.ts";

const ATTENTION = readFileSync(join(ROOT, "examples/attention.ts"), "utf8");
const SCALE = "export const scale = 32 ** -0.5;\n";
const IMPORTS = ATTENTION.replace("32 ** -0.5", "scale").replace(
  "import {",
  'import { scale } from "./scale.ts";\nimport {',
);
/** Heads flattened without the permutation. */
const FLATTENED = IMPORTS.replace("transpose(matmul(probs, V), { perm: [0, 1, 3, 2] })", "matmul(probs, V)");

let bundle: string;
beforeAll(() => {
  bundle = buildBundle();
});
afterAll(() => removeBundle(bundle));

/** A watcher, and a way to wait for what it says next. */
function watching(...options: readonly string[]) {
  const folder = folderOf({ "layer.ts": IMPORTS, "scale.ts": SCALE });
  const child = startIn(bundle, ["watch", join(folder, "layer.ts"), "--max-seq", "64", ...options]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = endOf(child);
  return { folder, child, ended, next: answersOf(child) };
}

/**
 * Each call gives what was said up to the next line that begins with "done". Of what lies in two pipes, what was written first may be
 * read last, but in the same turn.
 */
function answersOf(child: ChildProcess): () => Promise<string> {
  let [text, wake] = ["", () => {}];
  const take = (chunk: string): void => {
    text += chunk;
    wake();
  };
  child.stdout!.setEncoding("utf8").on("data", take);
  child.stderr!.setEncoding("utf8").on("data", take);
  return async () => {
    for (;;) {
      const match = /^done: .*\n/m.exec(text);
      if (match) {
        await setImmediate();
        const said = text.replace(match[0], "") + match[0];
        text = "";
        return said;
      }
      await new Promise<void>((done) => {
        wake = done;
      });
    }
  };
}

test("answers at each save: in place, by a rename, of an imported file, of what does not parse, of a file that was away", async () => {
  const { folder, child, ended, next } = watching();
  const file = join(folder, "layer.ts");
  const first = await next();
  expect(first).toMatch(/^checking .*layer\.ts\n/);
  expect(first).toMatch(/: OK, as far as it was looked at\n/);
  expect(first).toContain("\nPROVEN (exact): a block of 4 tokens against 4 single-token calls\n");
  expect(first).toMatch(/\ndone: check \d+ ms, proof \d+ ms; watching 2 files\n$/);

  writeFileSync(file, FLATTENED);
  const refuted = await next();
  expect(refuted).toMatch(/^\nlayer\.ts changed\nchecking /);
  expect(refuted).toContain("\nREFUTED: ");

  writeFileSync(join(folder, "new.ts"), IMPORTS);
  renameSync(join(folder, "new.ts"), file);
  expect(await next()).toContain("\nPROVEN (exact): ");

  writeFileSync(join(folder, "scale.ts"), "export const scale = ;\n");
  const broken = await next();
  expect(broken).toMatch(/^\nscale\.ts changed\n/);
  expect(broken).toContain('does not load: Unexpected ";"');
  writeFileSync(join(folder, "scale.ts"), SCALE);
  expect(await next()).toContain("\nPROVEN (exact): ");

  rmSync(file);
  expect(await next()).toContain("there is no readable file");
  writeFileSync(file, FLATTENED);
  expect(await next()).toContain("\nREFUTED: ");

  child.kill("SIGINT");
  expect((await ended).code).toBe(1);
}, 120_000);

test("hands its options on, and annotates", async () => {
  const { folder, child, ended, next } = watching("--tokens", "3", "--format", "github", "--explain");
  expect(await next()).toContain("a block of 3 tokens");
  writeFileSync(join(folder, "layer.ts"), FLATTENED);
  expect(await next()).toMatch(/\n::error file=.*layer\.ts,line=\d+,col=\d+,title=REFUTED::/);
  child.kill("SIGTERM");
  expect((await ended).code).toBe(1);
}, 60_000);

test("the problem matcher of the docs reads what is annotated, and where an answer begins and ends", async () => {
  const [, json] = /```json\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, "docs/author.md"), "utf8"))!;
  const { pattern, background } = JSON.parse(json!).tasks[0].problemMatcher;
  const { folder, child, ended, next } = watching("--format", "github");
  await next();
  writeFileSync(join(folder, "layer.ts"), FLATTENED);
  const lines = (await next()).split("\n");
  const found = lines.flatMap((line) =>
    [new RegExp(pattern.regexp).exec(line) ?? []].filter(({ length }) => length > 0),
  );
  expect(found).toHaveLength(1);
  const line = FLATTENED.split("\n").findIndex((text) => text.includes("matmul(probs, V)")) + 1;
  const told = found[0]!;
  expect([told[pattern.severity], told[pattern.code], told[pattern.line]]).toEqual(["error", "REFUTED", `${line}`]);
  expect(resolve(ROOT, told[pattern.file]!)).toBe(join(folder, "layer.ts"));
  expect(told[pattern.message]).toContain("block");
  expect(lines.filter((text) => new RegExp(background.beginsPattern).test(text))).toHaveLength(1);
  expect(lines.filter((text) => new RegExp(background.endsPattern).test(text))).toHaveLength(1);
  child.kill("SIGINT");
  await ended;
}, 60_000);

test("ends when its reader has gone", async () => {
  const { folder, child, ended, next } = watching();
  await next();
  child.stdout!.destroy();
  writeFileSync(join(folder, "layer.ts"), FLATTENED);
  expect((await ended).code).toBe(1);
}, 60_000);

test.each([
  [["phi4-mini"], "is no graph file (.ts)"],
  [["examples/counter.ts", "--json"], "--json does nothing for watch, which goes on"],
])("refuses %j", async (words, sentence) => {
  const { code, out, err } = await graphc(["watch", ...words]);
  expect(code).toBe(2);
  expect(`${out}${err}`).toContain(sentence);
});
