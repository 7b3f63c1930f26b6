/** `graphc init`: what it writes, and every way in which it writes nothing. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { assertGoldens, assertProven } from "graphc/testing";
import { expect, test } from "vitest";
import { packageName } from "../../src/cli/project/name.ts";
import layer from "../../templates/project/src/layer.ts";
import { expectRefusal, graphc, testFolder } from "../support/cli.ts";
import { ROOT } from "../support/root.ts";

const read = (...path: readonly string[]) => readFileSync(join(...path), "utf8");
const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();
const TEMPLATE = join(ROOT, "templates/project");

test("writes every file of the template, the package by the name of its folder, and says what is next", async () => {
  const folder = join(testFolder(), "deep", "My Layers");
  const { code, out, err } = await graphc(["init", folder]);
  expect([code, err]).toEqual([0, ""]);
  expect(out.split("\n")).toEqual([
    `my-layers: ${filesIn(TEMPLATE).length} files in …/deep/My Layers`,
    "next: cd '…/deep/My Layers' && npm install && npm test",
    "then: edit src/layer.ts, which says what to try; npx graphc check src/layer.ts tells what the engine takes of it",
  ]);
  expect(filesIn(folder)).toEqual(
    filesIn(TEMPLATE)
      .map((path) => path.replace(/^gitignore$/, ".gitignore"))
      .sort(),
  );
  for (const path of filesIn(TEMPLATE).filter((name) => name !== "package.json"))
    expect(read(folder, path.replace(/^gitignore$/, ".gitignore")), path).toBe(read(TEMPLATE, path));
});

test("pins this version of graphc, and what else this repository is tested with", async () => {
  const folder = join(testFolder(), "graphc");
  expect((await graphc(["init", folder])).code).toBe(0);
  const [made, own] = [JSON.parse(read(folder, "package.json")), JSON.parse(read(ROOT, "package.json"))];
  expect(made).toMatchObject({ name: "graphc-layers", private: true, dependencies: { graphc: own.version } });
  expect(made.engines).toEqual(own.engines);
  expect(Object.keys(made.devDependencies).length).toBeGreaterThan(3);
  for (const [name, version] of Object.entries(made.devDependencies))
    expect(own.devDependencies[name], name).toBe(version);
});

test("the layer of the template is proven, and its goldens are what it prints", async () => {
  await assertProven({ model: layer, tokens: 2, maxSeq: 16 });
  const [block, step] = [layer({ tokens: 4, maxSeq: 16 }), layer({ tokens: 1, maxSeq: 16 })];
  assertGoldens(join(TEMPLATE, "golden"), { "layer.t4": block, "layer.t1": step });
});

test.each([".gitignore", "package.json", "tsconfig.json", "README.md"])(
  "a %s that is there stays, and nothing is written",
  async (name) => {
    const folder = testFolder();
    writeFileSync(join(folder, name), "mine");
    await expectRefusal(
      ["init", folder],
      `…/${name} exists already; graphc init replaces nothing: give an empty folder`,
    );
    expect(filesIn(folder)).toEqual([name]);
    expect(read(folder, name)).toBe("mine");
  },
);

test("so does a folder src, and files that the project does not have are no matter", async () => {
  const folder = testFolder();
  mkdirSync(join(folder, "src"));
  await expectRefusal(["init", folder], "…/src exists already; graphc init replaces nothing: give an empty folder");
  expect(readdirSync(folder)).toEqual(["src"]);
  const other = testFolder();
  writeFileSync(join(other, "LICENSE"), "mine");
  expect((await graphc(["init", other])).code).toBe(0);
  expect(read(other, "LICENSE")).toBe("mine");
});

test("a file in the place of the folder, and two folders, are refused", async () => {
  const folder = testFolder();
  writeFileSync(join(folder, "f"), "");
  await expectRefusal(["init", join(folder, "f")], /^error: cannot write …\/f\/\.github: /);
  await expectRefusal(["init", "a", "b"], /^error: graphc init needs a folder.*, and 2 operands are given/, "a");
});

test("as JSON it lists its files", async () => {
  const folder = join(testFolder(), "x");
  const { out } = await graphc(["init", folder, "--json"]);
  expect(JSON.parse(out)).toMatchObject({
    name: "x",
    files: filesIn(folder),
    next: [expect.stringContaining("npm install"), expect.any(String)],
  });
});

test("names of folders become names that npm takes", () => {
  const taken = ["graphc", "vitest"];
  expect(
    ["layers", "My Läyers!", "..", "@scope/x", "_x_", "graphc", "fs", "node_modules", "数"].map((one) =>
      packageName(one, taken),
    ),
  ).toEqual([
    "layers",
    "my-layers",
    "layers",
    "scope-x",
    "x",
    "graphc-layers",
    "fs-layers",
    "node_modules-layers",
    "layers",
  ]);
  // What the schema of package.json asks of a name without a scope, and npm of its length.
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (folder) => {
      const name = packageName(folder, taken);
      expect(name).toMatch(/^[a-z0-9-~][a-z0-9-._~]*$/);
      expect(name.length).toBeLessThanOrEqual(214);
      expect(taken).not.toContain(name);
    }),
  );
});
