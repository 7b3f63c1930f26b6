/** The parts of the command line by themselves: parsing, near misses, help, progress, tables, graph files, reports. */
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { reportError } from "../../../src/cli/errors/report.ts";
import { main } from "../../../src/cli/main.ts";
import type { Command } from "../../../src/cli/options/command.ts";
import { helpText, parseCommandLine } from "../../../src/cli/options/command.ts";
import { editDistance, nearest } from "../../../src/cli/options/near-miss.ts";
import { loadGraphFile } from "../../../src/cli/subject/graph-file.ts";
import { startProgress } from "../../../src/cli/terminal/progress.ts";
import { table } from "../../../src/cli/terminal/table.ts";
import { bytes } from "../../../src/files/bytes.ts";

const library = fileURLToPath(new URL("../../../src/index.ts", import.meta.url));
const folder = () => mkdtempSync(join(tmpdir(), "graphc-test-"));

const sample: Command = {
  name: "sample",
  operands: "TARGET",
  arity: [1, 1],
  needs: "a target",
  example: "thing",
  options: {
    tokens: { kind: "whole", value: "T", min: 1, help: "tokens", default: "4" },
    threads: { kind: "whole", value: "N", min: 1, max: 2, help: "threads" },
    precision: { kind: "choice", values: ["fp16", "fp64"], help: "bits", default: "fp16" },
    force: { kind: "flag", help: "do" },
  },
  run: async () => 0,
};

test("options have defaults, and what is given stands before them", () => {
  const args = parseCommandLine(sample, ["x", "--force"]);
  expect([args.whole("tokens"), args.text("precision"), args.text("threads")]).toEqual([4, "fp16", undefined]);
  expect([args.flag("force"), args.flag("json"), args.operands]).toEqual([true, false, ["x"]]);
  const given = parseCommandLine(sample, ["--tokens", "8", "--precision=fp64", "--", "--force"]);
  expect([given.whole("tokens"), given.text("precision"), given.flag("force")]).toEqual([8, "fp64", false]);
  expect(given.operands).toEqual(["--force"]);
});

/** Each is refused with exactly this message and this mend. */
const refusals: readonly (readonly [argv: readonly string[], message: string, mend: string | undefined])[] = [
  [["x", "--tokens", "0"], '--tokens must be a whole number of at least 1, not "0"', undefined],
  [
    ["x", "--tokens", "9007199254740993"],
    '--tokens must be a whole number of at least 1, not "9007199254740993"',
    undefined,
  ],
  [["x", "--threads", "3"], '--threads must be 1 or 2, not "3"', undefined],
  [["x", "--precision", "fp31"], '--precision must be fp16 or fp64, not "fp31"', undefined],
  [["x", "--nope"], "Unknown option '--nope'", "see graphc sample --help"],
  [["x", "--constructor"], "Unknown option '--constructor'", "see graphc sample --help"],
  [["x", "-f"], "Unknown option '-f'", "see graphc sample --help"],
  [["x", "--token", "3"], "Unknown option '--token'", "did you mean --tokens?"],
  [["x", "--froce"], "Unknown option '--froce'", "did you mean --force?"],
  [["x", "--tokens", "4", "--tokens", "8"], "--tokens is given twice, as 4 and as 8", "keep one"],
  [["x", "--precision", "fp64", "--precision", "fp64"], "--precision is given twice, as fp64 and as fp64", "keep one"],
  [["x", "--tokens"], "--tokens has no value", "write --tokens T"],
  [["x", "--tokens", ""], "--tokens has no value", "write --tokens T"],
  [["x", "--precision="], "--precision has no value", "write --precision fp16|fp64"],
  [["--tokens", "--force", "x"], "--tokens has no value before --force", "--tokens=--force if that is meant to be it"],
  [["x", "--force=yes"], "--force takes no value", undefined],
  [[], "graphc sample needs a target", "for example: graphc sample thing"],
  [[""], "graphc sample needs a target, and one that is given is empty", "for example: graphc sample thing"],
  [["x", "y"], "graphc sample needs a target, and 2 operands are given", "for example: graphc sample thing"],
];
test.each(refusals)("refused: %j", (argv, message, mend) => {
  const refused = () => parseCommandLine(sample, argv);
  expect(refused).toThrow(expect.objectContaining({ name: "UserError", message }));
  expect(refused).toThrow(expect.toSatisfy((error) => error.mend === mend, `mend ${mend}`));
});

test("a flag may be given twice, and --help asks for no operand", () => {
  expect(parseCommandLine(sample, ["x", "--json", "--json"]).flag("json")).toBe(true);
  expect(parseCommandLine(sample, ["--help"]).flag("help")).toBe(true);
});

test("help lists options with their values, ranges and defaults", () => {
  const text = helpText(sample, "does nothing").split("\n");
  expect(text.slice(0, 7)).toEqual([
    "graphc sample TARGET [options]",
    "",
    "  does nothing",
    "",
    "  --tokens T             tokens (default 4)",
    "  --threads N            threads (1 or 2)",
    "  --precision fp16|fp64  bits (default fp16)",
  ]);
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
  expect(written).toEqual(["emit 36%, 16 s left\n", "emit 76%, 6 s left\n"]);
});

test("what is left is told at the rate since the first word, and not before that is known", () => {
  const written: string[] = [];
  let clock = 0;
  const job = startProgress("build", { isTTY: true, columns: 80, write: (s) => written.push(s) }, () => clock);
  const at = (time: number, done: number) => {
    clock = time;
    job.update(done, 1000);
    return written.at(-1)!.split("\u001b")[0]!.split("]")[1]!.trim();
  };
  // Half of it stood already.
  expect(at(1000, 500)).toBe("50%");
  expect(at(2500, 520)).toBe("52%");
  expect(at(11_000, 600)).toBe("60%, 40 s left");
  expect(at(12_000, 510)).toBe("51%, 9 min left");
  expect(at(13_000, 500)).toBe("50%");
  expect(at(14_000, 1000)).toBe("100%");
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

describe("a slip of the fingers", () => {
  const words = ["check", "emit", "prove", "parity", "run", "gate"];
  test.each([
    ["prov", "prove"],
    ["provee", "prove"],
    ["rpove", "prove"],
    ["prpve", "prove"],
    ["pariyt", "parity"],
    ["paritty", "parity"],
    ["rum", "run"],
  ])("%s is near to %s", (word, meant) => expect(nearest(word, words)).toBe(meant));

  test.each(["frobnicate", "pro", "rn!", "", "checkpoint", "ti", "evorp"])("%j is near to nothing", (word) =>
    expect(nearest(word, words)).toBeUndefined(),
  );

  test("between two that are equally near there is no guess", () => {
    expect(nearest("--layerx", ["--layer", "--layers"])).toBeUndefined();
    expect(nearest("--layrs", ["--layer", "--layers"])).toBe("--layers");
  });

  test("a swap of neighbours is one slip, and so is each letter more, less or other", () => {
    expect(["", "ab", "ba", "abc", "axb", "b", "yx"].map((word) => editDistance(word, "ab"))).toEqual([
      2, 0, 1, 1, 1, 1, 2,
    ]);
  });
});

test("an unknown command is one sentence and exit code 2", async () => {
  const lines: string[] = [];
  const io = {
    out() {},
    part() {},
    err: (l: string) => lines.push(l),
    signal: new AbortController().signal,
    isUnread: () => false,
    progress: neverCalled,
  };
  expect(await main(["emti"], io)).toBe(2);
  expect(await main(["frobnicate"], io)).toBe(2);
  expect(lines).toEqual([
    'error: there is no command "emti"; did you mean emit?',
    'error: there is no command "frobnicate"; graphc --help lists them',
  ]);
});

function neverCalled(): never {
  throw new Error("no progress expected");
}

const files: Readonly<Record<string, readonly [source: string, message: RegExp]>> = {
  "syntax.ts": ["export default (=> 1", /syntax\.ts does not load: Unexpected "=>"$/],
  "throws.ts": ['throw new Error("boom")', /throws\.ts threw while it was loaded: boom$/],
  "nothing.ts": ["export const x = 1", /nothing\.ts must export a model as its default/],
  "missing-import.ts": [
    'import "./nope.ts"; export default 1',
    /missing-import\.ts does not load: Could not resolve "\.\/nope\.ts"$/,
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
      'import { input } from "../../../src/dsl/tensor.ts";',
      'import { matmul } from "../../../src/dsl/ops/index.ts";',
      'const a = input("a", [1, 2, 4, 8]);',
      'const b = input("b", [1, 2, 9, 16]);',
      "export default () => matmul(a, b);",
    ]
      .join("\n")
      .replaceAll("../../../src", fileURLToPath(new URL("../../../src", import.meta.url))),
  );
  const model = await loadGraphFile(file, library);
  let text = "";
  try {
    model({ tokens: 4, maxSeq: 16, layer: 0 });
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

test("a fault whose data were written down names the folder", () => {
  const { text, code, record } = reportError(new TypeError("x is undefined"), "/tmp/feed");
  expect([code, text.split(":")[0]]).toEqual([
    3,
    "graphc failed by a fault of its own; please report this, with /tmp/feed",
  ]);
  expect(record.mend).toBe("please report this, with /tmp/feed");
});
