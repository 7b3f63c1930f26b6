/** What the compiler says about wrong shapes: every mistake of types/wrong.ts is refused with the text beside it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../support/root.ts";

const MARK = "// @ts-expect-error ";

/** The compiler's messages on a text, by line; each with the lines that explain it. */
function diagnose(text: string): Map<number, string> {
  const folder = mkdtempSync(join(tmpdir(), "graphc-wrong-"));
  try {
    const file = join(folder, "wrong.mts");
    writeFileSync(file, text);
    const paths = { graphc: [join(ROOT, "src/index.ts")] };
    const options = { paths, typeRoots: [join(ROOT, "node_modules/@types")], noErrorTruncation: true };
    const config = { extends: join(ROOT, "tsconfig.json"), compilerOptions: options, files: [file], include: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", folder, "--pretty", "false"];
    const { stdout } = spawnSync(process.execPath, tsc, { encoding: "utf8" });
    const starts = stdout.split(/\n(?=\S)/);
    const own = starts.flatMap((part) => [...part.matchAll(/wrong\.mts\((\d+),\d+\): ([\s\S]*)/g)]);
    return new Map(own.map(([, line, message]) => [Number(line), message!]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("each mistake is refused, and the message names the sizes", () => {
  const text = readFileSync(join(import.meta.dirname, "types/wrong.ts"), "utf8");
  const messages = diagnose(text.replaceAll(MARK, "// "));
  const expected = text
    .split("\n")
    .flatMap((line, i) => (line.startsWith(MARK) ? [[i + 2, line.slice(MARK.length)] as const] : []));
  expect(expected.length).toBeGreaterThan(30);
  const wrong = expected.filter(([line, message]) => !messages.get(line)?.includes(message));
  expect(wrong.map(([line, message]) => ({ line, message, said: messages.get(line) }))).toEqual([]);
  expect([...messages.keys()].sort((a, b) => a - b)).toEqual(expected.map(([line]) => line));
});

test("the digit tables are what their script writes", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/digit-tables.mjs", "--check"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
