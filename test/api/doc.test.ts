/** docs/api.md and docs/testing.md are printed from the code, and every public name has a comment that an editor shows. */
import * as library from "graphc";
import * as testing from "graphc/testing";
import { expect, test } from "vitest";
import { apiDoc, docOf, exportedNames, testingDoc } from "../../scripts/api-doc.ts";
import { opTable } from "../../src/dsl/ops/index.ts";

test("docs/api.md is what the code prints", async () => {
  await expect(apiDoc()).toMatchFileSnapshot("../../docs/api.md");
});

test("docs/testing.md is what the code prints, and each name on it has a comment", async () => {
  await expect(testingDoc()).toMatchFileSnapshot("../../docs/testing.md");
  const names = exportedNames("src/testing/index.ts");
  expect(names.filter(({ doc }) => !doc).map(({ name }) => name)).toEqual([]);
  const listed = new Set(names.map(({ name }) => name));
  expect(listed.size).toBeGreaterThan(15);
  expect(Object.keys(testing).filter((name) => !listed.has(name))).toEqual([]);
});

test("every name that the package root gives is on the page, with a comment", () => {
  const names = exportedNames();
  expect(names.filter(({ doc }) => !doc).map(({ name }) => name)).toEqual([]);
  const listed = new Set([...names.map(({ name }) => name), ...opTable.keys(), "opTable"]);
  expect(Object.keys(library).filter((name) => !listed.has(name))).toEqual([]);
});

test("a declaration without a comment is found", () => {
  expect(docOf("/** A. */\nexport const a = 1;\n", "a")).toBe("A.");
  expect(docOf("/** A. */\n\nexport const a = 1;\n", "a")).toBeUndefined();
  expect(docOf("/** A. */\nconst b = 2;\nexport const a = 1;\n", "a")).toBeUndefined();
});
