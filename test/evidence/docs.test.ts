/** The documents name the fields that the shapes declare, each once and in their order. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { COMPLAINTS } from "../../src/evidence/format/complaints.ts";
import { EVIDENCE } from "../../src/evidence/format/evidence.ts";
import { FIXTURES } from "../../src/evidence/format/fixtures-shape.ts";
import { ROOT } from "../support/root.ts";

/** Names in the first column of the first table. */
function fieldsIn(path: string): readonly string[] {
  const lines = readFileSync(join(ROOT, path), "utf8").split("\n");
  const begin = lines.findIndex((line) => line.startsWith("| field |")) + 2;
  const rows = lines.slice(begin, lines.indexOf("", begin));
  return rows.flatMap((row) => [...row.split("|")[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
}

test.each([
  ["docs/evidence.md", EVIDENCE],
  ["docs/fixtures.md", FIXTURES],
])("%s lists every field", (path, { fields }) => {
  expect(fieldsIn(path)).toEqual(Object.keys(fields));
});

test("docs/evidence.md lists every phrase that a tool must look for, with its source", () => {
  const text = readFileSync(join(ROOT, "docs/evidence.md"), "utf8");
  const rows = [...text.matchAll(/^\| `([^`]+)` \| (\S+ issue \d+) \|$/gm)].map(([, phrase, source]) => ({
    phrase,
    source,
  }));
  expect(rows).toEqual(COMPLAINTS);
});
