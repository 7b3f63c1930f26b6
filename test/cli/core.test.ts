/** The command line's ground: options, help, progress, tables, and how refusals and faults are told. */
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Command } from "../../src/cli/command.ts";
import { help, parse } from "../../src/cli/command.ts";
import { loadGraphFile } from "../../src/cli/graph-file.ts";
import { startProgress } from "../../src/cli/io.ts";
import { main } from "../../src/cli/main.ts";
import { reportError } from "../../src/cli/report.ts";
import { bytes, table } from "../../src/cli/table.ts";

const library = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
const folder = () => mkdtempSync(join(tmpdir(), "graphc-test-"));

const sample: Command = {
  name: "sample",
  summary: "does nothing",
  operands: "TARGET",
  arity: [1, 1],
  options: {
    tokens: { type: "string", value: "T", help: "tokens", default: "4" },
    force: { type: "boolean", help: "do" },
  },
  run: async () => 0,
};

test("options have defaults, and bad values are refused by name", () => {
  const args = parse(sample, ["x", "--force"]);
  expect([args.whole("tokens", 1), args.flag("force"), args.operands]).toEqual([4, true, ["x"]]);
  expect(() => parse(sample, ["x", "--tokens", "0"]).whole("tokens", 1)).toThrow(
    '--tokens must be a whole number of at least 1, not "0"',
  );
  expect(() => parse(sample, ["x", "--nope"])).toThrow("Unknown option '--nope'; see graphc sample --help");
  expect(() => parse(sample, [])).toThrow("graphc sample TARGET: 0 operands given; see graphc sample --help");
});

test("help lists options with defaults", () => {
  expect(help(sample)).toContain("--tokens T  tokens (default 4)");
});

test("progress redraws one line on a terminal and stays quiet in a log", () => {
  const written: string[] = [];
  let clock = 0;
  const screen = (isTTY: boolean, columns: number) => ({ isTTY, columns, write: (s: string) => written.push(s) });
  const live = startProgress("emit", screen(true, 80), () => clock);
  for (clock = 200; clock < 1200; clock += 50) live.update(clock, 1200);
  live.end();
  expect(written.length).toBeLessThanOrEqual(12);
  expect(written[0]).toMatch(/^\remit \[#+\.+] +\d+%/);
  written.length = 0;
  const silent = startProgress("emit", screen(true, 0), () => clock);
  for (let n = 0; n < 25; n++) {
    clock += 1000;
    silent.update(n, 25);
  }
  expect(written).toEqual(["emit 36%\n", "emit 76%\n"]);
});

test("tables and byte counts", () => {
  expect(
    table(
      ["op", "n"],
      [
        ["add", "10"],
        ["mul", "2"],
      ],
    ),
  ).toBe("op    n\n---  --\nadd  10\nmul   2");
  expect([bytes(12), bytes(201_326_592), bytes(2e9)]).toEqual(["12 B", "201.3 MB", "2.0 GB"]);
});

test("an unknown command is one sentence and exit code 2", async () => {
  const lines: string[] = [];
  const io = {
    out() {},
    err: (l: string) => lines.push(l),
    signal: new AbortController().signal,
    progress: neverCalled,
  };
  expect(await main(["emti"], io)).toBe(2);
  expect(lines).toEqual(['error: there is no command "emti"; graphc --help lists them']);
});

function neverCalled(): never {
  throw new Error("no progress expected");
}

const files: Readonly<Record<string, readonly [source: string, message: RegExp]>> = {
  "syntax.ts": ["export default (=> 1", /syntax\.ts:1:\d+: Unexpected "=>"/],
  "throws.ts": ['throw new Error("boom")', /throws\.ts threw while it was loaded: boom$/],
  "nothing.ts": ["export const x = 1", /nothing\.ts must export a model as its default/],
  "missing-import.ts": [
    'import "./nope.ts"; export default 1',
    /missing-import\.ts:1:\d+: Could not resolve "\.\/nope\.ts"/,
  ],
};

for (const [name, [source, message]] of Object.entries(files)) {
  test(`a bad graph file is refused in one sentence: ${name}`, async () => {
    const dir = folder();
    writeFileSync(join(dir, name), source);
    await expect(loadGraphFile(join(dir, name), library)).rejects.toThrow(message);
    expect(readdirSync(dir)).toEqual([name]);
  });
}

test("an author's mistake shows the author's line with a caret and where the operands were made", async () => {
  const dir = folder();
  const file = join(dir, "wrong.ts");
  writeFileSync(
    file,
    [
      'import { input } from "../../src/dsl/tensor.ts";',
      'import { matmul } from "../../src/dsl/ops/index.ts";',
      'const a = input("a", [1, 2, 4, 8]);',
      'const b = input("b", [1, 2, 9, 16]);',
      "export default () => matmul(a, b);",
    ]
      .join("\n")
      .replaceAll("../../src", fileURLToPath(new URL("../../src", import.meta.url))),
  );
  const model = await loadGraphFile(file, library);
  let text = "";
  try {
    model({ tokens: 4, maxSeq: 16 });
  } catch (error) {
    text = reportError(error).text;
  }
  expect(text.split("\n").map((line) => line.replace(/(at ).*wrong/, "$1wrong"))).toEqual([
    "error: matmul: inner sizes differ: 8 and 9",
    "  at wrong.ts:5:22",
    "  5 | export default () => matmul(a, b);",
    "    |                      ^",
    "  x: fp16[1,2,4,8]   made at wrong.ts:3:11",
    "  y: fp16[1,2,9,16]  made at wrong.ts:4:11",
  ]);
});

test("a fault of ours keeps its stack and exits 3", () => {
  const { text, code } = reportError(new TypeError("x is undefined"));
  expect(code).toBe(3);
  expect(text).toContain("fault of its own");
});
