/** Bad input for every command: exit code 2, one sentence that names what is wrong, nothing written. A command without its rows fails here. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../../src/cli/command-list.ts";
import type { Command } from "../../../src/cli/options/command.ts";
import { folderOf, graphc } from "../../support/cli.ts";
import { ROOT } from "../../support/root.ts";

const COUNTER = join(ROOT, "examples/counter.ts");
const GARBAGE = "this is none";
const NAMES = ["bad.ts", "bad.mlmodel", "bad.gguf", "config.json", "package.json"];

const NO_GRAPH = /^error: …\/bad\.ts does not load: Expected ";" but found "is"\n {2}at …\/bad\.ts:1:6\n/;
const NO_MODEL = /^error: …\/bad\.mlmodel: this is not a Core ML model: a group ends that has not begun \(byte 1\)$/;
const NO_GGUF = /^error: …\/bad\.gguf is no GGUF file: it does not begin with "GGUF"$/;
const NO_CONFIG = /^error: …\/config\.json: not valid JSON: /;

/** What is wrong by its contents. F is a folder with a file of each of NAMES, in which nothing of the kind stands. */
const BAD: Readonly<Record<string, readonly (readonly [argv: readonly string[], sentence: RegExp])[]>> = {
  init: [[["F"], /^error: …\/package\.json exists already; graphc init replaces nothing: give an empty folder$/]],
  check: [
    [["F/bad.ts"], NO_GRAPH],
    [["F/bad.mlmodel"], NO_MODEL],
  ],
  emit: [[["F/bad.ts", "--out", "F/out"], NO_GRAPH]],
  prove: [
    [["F/bad.ts"], NO_GRAPH],
    [["F/bad.mlmodel"], NO_MODEL],
  ],
  watch: [[["F/bad.mlmodel"], /^error: "…\/bad\.mlmodel" is no graph file \(\.ts\); graphc prove looks at it once$/]],
  equal: [
    [[COUNTER, "F/bad.ts"], NO_GRAPH],
    [["F/bad.mlmodel", COUNTER], /^error: of …\/bad\.mlmodel and \S+ one is a package and one is not/],
  ],
  parity: [
    [["F/bad.ts"], NO_GRAPH],
    [["F/bad.mlmodel"], NO_MODEL],
  ],
  run: [
    [["F/bad.ts"], NO_GRAPH],
    [[COUNTER, "--inputs", "F/bad.mlmodel"], /^error: …\/bad\.mlmodel: the header length \d+ is above the limit of /],
  ],
  survey: [
    [["F/bad.ts"], NO_GRAPH],
    [["F"], NO_CONFIG],
  ],
  interface: [
    [["F/bad.ts"], NO_GRAPH],
    [["F/bad.mlmodel"], NO_MODEL],
  ],
  ranges: [
    [["F/bad.gguf"], NO_GGUF],
    [["F"], NO_CONFIG],
  ],
  gate: [
    [["F"], /^error: … must hold one \.fixtures\.json and holds 0; see graphc emit --fixtures$/],
    [["F/gone"], /^error: cannot read …\/gone: there is no such file or folder$/],
  ],
  build: [
    [["F/bad.gguf", "--out", "F/out"], NO_GGUF],
    [["F", "--out", "F/out"], NO_CONFIG],
  ],
  plan: [
    [["F/bad.gguf"], NO_GGUF],
    [["F"], NO_CONFIG],
  ],
  generate: [
    [["F", "--prompt-ids", "1"], /^error: … holds no built model .*; graphc build writes such a folder$/],
    [["F/gone", "--prompt-ids", "1"], /^error: …\/gone holds no built model .*; graphc build writes such a folder$/],
  ],
  inspect: [
    [["F/bad.mlmodel"], NO_MODEL],
    [["F/gone.mlpackage"], /^error: …\/gone\.mlpackage does not exist$/],
  ],
  view: [
    [["F/bad.ts", "--out", "F/out.html"], NO_GRAPH],
    [["F/bad.mlmodel", "--out", "F/out.html"], NO_MODEL],
  ],
  diff: [
    [["F/bad.mlmodel", COUNTER], NO_MODEL],
    [[COUNTER, "F/gone.mlpackage"], /^error: …\/gone\.mlpackage does not exist$/],
  ],
  completion: [[["tcsh"], /^error: there is no completion for "tcsh"; it is for bash, zsh, fish$/]],
};

test("every command has its rows, and no row is of a command that is gone", () => {
  expect(Object.keys(BAD)).toEqual(Object.keys(COMMANDS));
});

const ROWS = Object.entries(BAD).flatMap(([name, rows]) => rows.map(([argv, said]) => [name, argv, said] as const));

test.each(ROWS)("%s %j", async (name, argv, said) => {
  const folder = folderOf(Object.fromEntries(NAMES.map((file) => [file, GARBAGE])));
  const placed = argv.map((word) => word.replace(/^F(?=$|\/)/, folder));
  const { code, out, err } = await graphc([name, ...placed]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(said);
  expect(readdirSync(folder).sort()).toEqual([...NAMES].sort());
});

describe.each(Object.keys(COMMANDS))("%s with a line of the wrong form", (name) => {
  const refused = async (argv: readonly string[]): Promise<string> => {
    const { code, out, err } = await graphc([name, ...argv]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    return err;
  };

  test("names an option that is not there", async () => {
    expect(await refused(["--nonsense"])).toBe(`error: Unknown option '--nonsense'; see graphc ${name} --help`);
  });

  test("says what it needs where there are too few or too many operands", async () => {
    const { arity, needs, example }: Command = await COMMANDS[name]!.load();
    const end = `for example: graphc ${name} ${example}`;
    const many = Array<string>(arity[1] + 1).fill(COUNTER);
    expect(await refused(many)).toBe(
      `error: graphc ${name} needs ${needs}, and ${many.length} operands are given; ${end}`,
    );
    if (arity[0] > 0) expect(await refused([])).toBe(`error: graphc ${name} needs ${needs}; ${end}`);
  });
});
