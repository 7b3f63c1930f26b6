/** Habits that CONTRIBUTING.md states of every file: a first comment, exported things documented, a bound on length. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { beginsWithComment, linesOf, undocumented, written } from "../support/repository.ts";
import { ROOT } from "../support/root.ts";

const code = written([".ts", ".mjs"]);
const sources = code.filter(({ path }) => path.startsWith("src/"));

describe("the first comment", () => {
  test("every file begins with one", () => {
    expect(code.length).toBeGreaterThan(300);
    expect(code.filter((source) => !beginsWithComment(source)).map(({ path }) => path)).toEqual([]);
  });

  test("a file without one is found", () => {
    const begins = (text: string) => beginsWithComment({ path: "a.ts", text });
    expect(["/** Owns a. */\n", "// Owns a.\n", "#!/usr/bin/env node\n/** Owns a. */"].map(begins)).not.toContain(
      false,
    );
    expect(
      ['import "./b.ts";\n/** Owns a. */', "\n// Owns a.", "", "#!/usr/bin/env node\nx();"].map(begins),
    ).not.toContain(true);
  });
});

describe("documentation of what is exported", () => {
  test("nothing lacks it", () => {
    expect(sources.length).toBeGreaterThan(200);
    const lacking = sources.flatMap((source) => undocumented(source).map((name) => `${source.path}: ${name}`));
    expect(lacking).toEqual([]);
  });

  test("a declaration without it is found", () => {
    const names = (...lines: readonly string[]) =>
      undocumented({ path: "a.ts", text: `/** A. */\n\n${lines.join("\n")}` });
    expect(names("export const a = 1;", "/** B. */", "export class B {}", "", "export async function* c() {}")).toEqual(
      ["a", "c"],
    );
    expect(names("/**", " * D, in two lines.", " */", "export type D = 1;", "export default function e() {}")).toEqual([
      "e",
    ]);
    expect(names("// Not for the editor.", "export interface F {}", "/* Nor this. */", "export enum G {}")).toEqual([
      "F",
      "G",
    ]);
    expect(names("/** H. */", "// biome-ignore lint: because", "export const h = 1;", "const inner = 1;")).toEqual([]);
    expect(names("/** I. */", "export function i(): 1;", "export function i(x: 1): 1;")).toEqual([]);
    expect(names("/** J. */", "", "export function j(): 1;", "export function j(x: 1): 1;")).toEqual(["j"]);
    expect(names('export const k = op<K>("k")({', '  doc: "the field",')).toEqual([]);
    expect(undocumented({ path: "a.ts", text: "/** The file. */\nexport const l = 1;\n" })).toEqual(["l"]);
  });
});

describe("length", () => {
  const MOST = 200;
  /** Longer files, and why. */
  const LONGER: Readonly<Record<string, string>> = {
    "src/passes/prove/logic/indices.ts": "index expressions: their form and the laws that keep it",
    "src/passes/prove/reading/reals.ts": "linear forms over the reals: all laws of one normal form",
    "src/passes/prove/rules/arithmetic.ts": "a table of rules",
  };

  test(`no file of src has more than ${MOST} lines but those with a reason`, () => {
    const longer = sources.filter((source) => linesOf(source) > MOST).map(({ path }) => path);
    expect(longer).toEqual(Object.keys(LONGER).sort());
    expect(linesOf({ path: "a.ts", text: "x\n".repeat(MOST + 1) })).toBe(MOST + 1);
  });

  test("CONTRIBUTING says so", () => {
    expect(readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8")).toContain(`Up to ${MOST} lines a file of \`src\``);
  });
});
