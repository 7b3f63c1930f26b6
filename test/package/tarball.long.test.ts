/**
 * The packages as a user gets them: packed, installed in a folder outside of this repository, imported from ES modules and CommonJS, compiled by an
 * old and a new TypeScript under both ways to resolve; each small enough, and whatever they link to or name is in one of them.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { opTable } from "../../src/dsl/ops/index.ts";
import { ROOT } from "../support/root.ts";
import { type Packed, packInto } from "../support/tarball.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-package-"));
const installed = join(folder, "node_modules/graphc");
const beside = join(folder, "node_modules/graphc-ane");
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_ENV|NODE_OPTIONS|npm_|TEST$|VITE)/.test(name)),
);
/** Of what was said on standard error the end: a stack begins with a line of minified code. */
function node(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: "utf8" });
  return { status, stdout, stderr: stderr.slice(-1000) };
}
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

const MODEL = `
const model = ({ tokens: T }) => {
  const x = g.input("x", [T, 32], "fp16", { role: "rows" });
  return g.graph({ name: "double_t" + T, inputs: [x], outputs: { y: g.mul(x, 2) } });
};
const verdict = await g.prove({ model, tokens: 4, maxSeq: 8 });
console.log(verdict.verdict, verdict.level, typeof t.assertProven);
`;

/** What an author writes, with a type that is wrong where the comment says so. */
const TYPED = `
import { add, type Graph, graph, input, prove, type Size, type Tensor } from "graphc";
import { assertProven } from "graphc/testing";

export default function model({ tokens: T }: Size): Graph {
  const x = input("x", [T, 32]);
  return graph({ name: "sum_t" + T, inputs: [x], outputs: { y: add(x, x) } });
}
const four: Tensor<readonly [4, 32], "fp16"> = input("x", [4, 32]);
// @ts-expect-error: shapes are literal types, also out of the package
const five: Tensor<readonly [5, 32], "fp16"> = input("x", [4, 32]);
export const all = [prove, assertProven, four, five];
`;

/** TypeScript's own language service, asked as an editor asks it. */
const HOVER = `
const ts = require("typescript-5.4");
const { readFileSync } = require("node:fs");
const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, strict: true, types: [] };
const file = require("node:path").resolve("hover.mts");
const text = readFileSync(file, "utf8");
const service = ts.createLanguageService({
  ...ts.sys,
  useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
  getScriptFileNames: () => [file],
  getScriptVersion: () => "0",
  getScriptSnapshot: (name) => ts.sys.fileExists(name) ? ts.ScriptSnapshot.fromString(ts.sys.readFile(name)) : undefined,
  getCompilationSettings: () => options,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
});
const docs = {};
for (const { 1: name, index } of text.matchAll(/^g\\.(\\w+);/gm))
  docs[name] = ts.displayPartsToString(service.getQuickInfoAtPosition(file, index + 2)?.documentation);
console.log(JSON.stringify(docs));
`;

/** What a package may weigh, in bytes. */
const HEAVIEST = 500_000;
/** What `graphc --help` may load, in bytes: what comes with a command is loaded with that command. */
const QUICK = 30_000;
let packed: Packed;

beforeAll(() => {
  packed = packInto(folder);
  write("package.json", JSON.stringify({ name: "user", private: true }));
  const packages = [
    packed.graphc,
    packed.graphcAne,
    "typescript-5.4@npm:typescript@5.4.5",
    "typescript-7@npm:typescript@7.0.2",
    "fast-check@4.10.2",
  ];
  const args = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", ...packages];
  execFileSync("npm", args, { cwd: folder, env });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("an ES module imports it", () => {
  write("user.mjs", `import * as g from "graphc";\nimport * as t from "graphc/testing";\n${MODEL}`);
  expect(node("user.mjs")).toMatchObject({ stdout: "PROVEN exact function\n", stderr: "", status: 0 });
});

test("CommonJS imports it with import()", () => {
  write(
    "user.cjs",
    `(async () => {\nconst g = await import("graphc");\nconst t = await import("graphc/testing");\n${MODEL}})();`,
  );
  expect(node("user.cjs")).toMatchObject({ stdout: "PROVEN exact function\n", stderr: "", status: 0 });
});

test.each([
  ["5.4", "nodenext", "nodenext"],
  ["5.4", "esnext", "bundler"],
  ["7", "nodenext", "nodenext"],
  ["7", "esnext", "bundler"],
])("TypeScript %s compiles an author's file, module %s and resolution %s", (version, module, moduleResolution) => {
  write("author.mts", TYPED);
  const options = { module, moduleResolution, target: "es2022", strict: true, noEmit: true, types: [] };
  write("tsconfig.json", JSON.stringify({ compilerOptions: options, files: ["author.mts"] }));
  const { status, stdout } = node(join(`node_modules/typescript-${version}/bin/tsc`), "-p", ".");
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
});

test("both stay below their bound", () => {
  expect(statSync(packed.graphc).size).toBeLessThan(HEAVIEST);
  expect(statSync(packed.graphcAne).size).toBeLessThan(HEAVIEST);
});

test("their package.json has what npm needs of it, and nothing of the repository's", () => {
  const keysIn = (place: string) => Object.keys(JSON.parse(readFileSync(join(place, "package.json"), "utf8"))).sort();
  const told = ["description", "files", "keywords", "license", "name", "version"];
  const more = ["bin", "dependencies", "engines", "exports", "peerDependencies", "type"];
  expect([keysIn(installed), keysIn(beside)]).toEqual([[...told, ...more].sort(), told]);
});

test.each([
  ["graphc", installed, ["README.md", "templates/project/README.md"]],
  ["graphc-ane", beside, ["README.md", "tools/README.md", "docs/start.md", "CONTRIBUTING.md", "CHANGELOG.md"]],
])("every relative link of the pages of %s leads into it", (_, place, known) => {
  const pages = readdirSync(place, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
  const broken = pages.flatMap((page) => {
    const text = readFileSync(join(place, page), "utf8").replaceAll(/^```.*?^```/gms, "");
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, to]) => to!);
    return links.filter((to) => !existsSync(join(place, dirname(page), to))).map((to) => `${page}: ${to}`);
  });
  expect(pages).toEqual(expect.arrayContaining(known));
  expect(broken).toEqual([]);
});

test("pages that a README or a help text names are in graphc-ane, and both say so", () => {
  const help = (...command: readonly string[]) => node(join(installed, "dist/cli.js"), ...command, "--help").stdout;
  const commands = [...help().matchAll(/^ {2}(\S+) {2,}\S/gm)].map(([, name]) => name!);
  const texts = [...commands.map((name) => help(name)), readFileSync(join(installed, "README.md"), "utf8")];
  const naming = texts.filter((text) => text.includes("docs/"));
  expect([commands.includes("prove"), naming.length > 10]).toEqual([true, true]);
  for (const text of naming) {
    expect(text).toContain("graphc-ane");
    const named = [...text.matchAll(/(?:docs|tools)\/[\w/.-]+\w/g)].map(([path]) => path);
    expect(named.filter((path) => !existsSync(join(beside, path)))).toEqual([]);
  }
});

test("graphc-ane has all that the device tool is built from, and graphc the types and files that it declares", () => {
  const tracked = execFileSync("git", ["ls-files", "tools/Package.swift", "tools/Sources"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  const swift = readdirSync(join(beside, "tools"), { recursive: true, encoding: "utf8" });
  const have = swift.filter((name) => name.endsWith(".swift")).map((name) => `tools/${name}`);
  expect(have.sort()).toEqual(tracked.trim().split("\n").sort());
  expect(readdirSync(join(installed, "dist/types")).sort()).toEqual(["index.d.ts", "index2.d.ts", "testing.d.ts"]);
  expect(readdirSync(installed).sort()).toEqual([
    "LICENSE",
    "README.md",
    "dist",
    "examples",
    "package.json",
    "templates",
  ]);
});

/** The file and all that is loaded with it. */
function loaded(file: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, to] of readFileSync(file, "utf8").matchAll(/(?:from|import)\s*"(\.[^"]+)"/g))
    loaded(resolve(dirname(file), to!), found);
  return found;
}

test("the command line begins with little", () => {
  const files = [...loaded(join(installed, "dist/cli.js"))];
  expect(files.length).toBeGreaterThan(1);
  expect(files.reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThan(QUICK);
});

test("a stack out of the package is read in the terms of the sources, and one of another build is not", () => {
  write(
    "fault.mjs",
    `import { evaluate } from "graphc";\ntry { evaluate({}); } catch (error) { console.log(error.stack); }`,
  );
  const stack = node("fault.mjs").stdout;
  expect(stack).toMatch(/node_modules\/graphc\/dist\/chunks\/[\w-]+\.js:\d+:\d+/);
  const read = (input: string) =>
    spawnSync(process.execPath, ["scripts/places.mjs"], { cwd: packed.sources, input, encoding: "utf8" });
  const { stdout, status } = read(stack);
  const places = [...stdout.matchAll(/\((src\/[\w/.-]+\.ts):(\d+):\d+\)/g)];
  expect({ status, dist: stdout.includes("dist/") }).toEqual({ status: 0, dist: false });
  expect(places.map(([, file]) => file)).toContain("src/passes/interpret/evaluate.ts");
  const [, file, line] = places[0]!;
  expect(readFileSync(join(ROOT, file!), "utf8").split("\n")[Number(line) - 1]).toContain("throw new UserError");
  const other = read("    at x (/a/node_modules/graphc/dist/chunks/core-00000000.js:1:2)\n");
  expect([other.status, other.stderr]).toEqual([1, expect.stringContaining("core-00000000.js is not of this build")]);
});

test("an editor shows on hover of each op's function the doc of its declaration", async () => {
  const names = [...opTable.keys()];
  write("hover.mts", `import * as g from "graphc";\n${names.map((name) => `g.${name};`).join("\n")}\n`);
  write("hover.cjs", HOVER);
  const { status, stdout, stderr } = node("hover.cjs");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual(Object.fromEntries(names.map((name) => [name, opTable.get(name)!.spec.doc])));
});

test("classes of errors keep their names, and an error in an author's file has the author's line", () => {
  write(
    "names.mjs",
    `import * as g from "graphc";
import * as t from "graphc/testing";
const errors = Object.entries({ ...g, ...t }).filter(([, x]) => x?.prototype instanceof Error);
console.log(JSON.stringify(errors.map(([name, x]) => [name, x.name])));`,
  );
  const names = JSON.parse(node("names.mjs").stdout) as readonly [string, string][];
  expect(names.map(([name]) => name).sort()).toEqual([
    "AssertionFailed",
    "GraphError",
    "ProofContradicted",
    "UserError",
  ]);
  for (const [name, own] of names) expect(own).toBe(name);

  write(
    "bad.mjs",
    `import { add, graph, input } from "graphc";
export default function bad({ tokens: T }) {
  const x = input("x", [T, 32]);
  return graph({ name: "bad", inputs: [x], outputs: { y: add(x, input("y", [T, 33])) } });
}`,
  );
  const said = node(join(installed, "dist/cli.js"), "check", "bad.mjs");
  expect({ status: said.status, at: /^ {2}at .*/m.exec(said.stderr)?.[0] }).toEqual({
    status: 2,
    at: "  at bad.mjs:4:58",
  });
});

test("no test and no source map is in them", () => {
  const files = [installed, beside].flatMap((place) => readdirSync(place, { recursive: true, encoding: "utf8" }));
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((name) => /\.test\.|\.map$|^src\/|Tests\//.test(name) && !name.startsWith("templates/"))).toEqual(
    [],
  );
});
