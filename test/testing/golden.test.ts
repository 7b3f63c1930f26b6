/** Goldens of a user's own: written when that is asked for, and every way in which a folder is not what its table says. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { printGraph } from "graphc";
import { assertGoldens } from "graphc/testing";
import { afterEach, expect, test } from "vitest";
import { testFolder } from "../support/cli.ts";
import { failed } from "../support/testing/failed.ts";
import { layer } from "../support/testing/layers.ts";

const at = (tokens: number) => layer()({ tokens, maxSeq: 8 });
const table = { "layer.t2": at(2), "layer.t1": at(1) };
const FILES = ["layer.t1.graph.txt", "layer.t1.mil.txt", "layer.t2.graph.txt", "layer.t2.mil.txt"];
const UPDATE = "GRAPHC_UPDATE_GOLDENS";

afterEach(() => {
  delete process.env[UPDATE];
});

/** A folder that holds what the table prints. */
function written(): string {
  const folder = join(testFolder(), "golden");
  assertGoldens(folder, table, { update: true });
  return folder;
}

test("a folder that is not there is written when asked, and then holds", () => {
  const folder = join(testFolder(), "deep", "golden");
  const report = assertGoldens(folder, table, { update: true });
  expect([...report.written].sort()).toEqual(FILES);
  expect(readdirSync(folder)).toEqual(FILES);
  expect(readFileSync(join(folder, "layer.t2.graph.txt"), "utf8")).toBe(printGraph(at(2)));
  expect(readFileSync(join(folder, "layer.t2.mil.txt"), "utf8")).toContain("func main<CoreML8>(");
  expect(assertGoldens(folder, table)).toEqual({ files: report.files, written: [] });
  expect(assertGoldens(pathToFileURL(folder), table).written).toEqual([]);
});

test("the environment asks for it too; the option wins; another word is refused", async () => {
  const folder = join(testFolder(), "golden");
  process.env[UPDATE] = "1";
  await failed(() => assertGoldens(folder, table, { update: false }));
  expect(existsSync(folder)).toBe(false);
  expect(assertGoldens(folder, table).written).toHaveLength(4);
  process.env[UPDATE] = "0";
  expect(assertGoldens(folder, table).written).toEqual([]);
  process.env[UPDATE] = "yes";
  expect(() => assertGoldens(folder, table)).toThrow('GRAPHC_UPDATE_GOLDENS must be 1 or 0, not "yes"');
});

test("an empty folder, and one that is not there, are no yes", async () => {
  const folder = join(testFolder(), "golden");
  const missing = FILES.length;
  expect((await failed(() => assertGoldens(folder, table))).failure).toMatchObject({
    kind: "golden",
    files: { length: missing },
  });
  mkdirSync(folder);
  const { message } = await failed(() => assertGoldens(folder, table));
  expect(message).toContain("layer.t2.graph.txt is missing");
  expect(message).toContain("GRAPHC_UPDATE_GOLDENS=1 writes what is asked for");
});

test("a graph that changed is told with its lines, and its file stays as it was", async () => {
  const folder = written();
  const before = readFileSync(join(folder, "layer.t2.graph.txt"), "utf8");
  const changed = { ...table, "layer.t2": layer("flattened")({ tokens: 2, maxSeq: 8 }) };
  const { message, failure } = await failed(() => assertGoldens(folder, changed));
  expect(failure).toEqual({
    kind: "golden",
    files: [
      { file: "layer.t2.graph.txt", problem: "differs" },
      { file: "layer.t2.mil.txt", problem: "differs" },
    ],
  });
  expect(message).toMatch(/layer\.t2\.graph\.txt is not what the graph prints:\n {2}line \d+\n {2}- .*transpose/);
  expect(readFileSync(join(folder, "layer.t2.graph.txt"), "utf8")).toBe(before);
  expect(assertGoldens(folder, changed, { update: true }).written).toEqual(["layer.t2.graph.txt", "layer.t2.mil.txt"]);
  assertGoldens(folder, changed);
});

test("one blank more in a file is a difference; line ends of git are none", async () => {
  const folder = written();
  const path = join(folder, "layer.t1.mil.txt");
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replaceAll("\n", "\r\n"));
  assertGoldens(folder, table);
  writeFileSync(path, `${text} `);
  expect((await failed(() => assertGoldens(folder, table))).failure).toMatchObject({
    files: [{ file: "layer.t1.mil.txt", problem: "differs" }],
  });
});

test("a file that no graph has is stale, when goldens are written too; one that begins with a dot is none", async () => {
  const folder = written();
  writeFileSync(join(folder, ".gitattributes"), "");
  assertGoldens(folder, table);
  const { "layer.t1": one } = table;
  const { message, failure } = await failed(() => assertGoldens(folder, { "layer.t1": one }));
  expect(failure).toEqual({
    kind: "golden",
    files: [
      { file: "layer.t2.graph.txt", problem: "stale" },
      { file: "layer.t2.mil.txt", problem: "stale" },
    ],
  });
  expect(message).toContain("is stale: no graph of the table has it; delete it, or name its graph");
  await failed(() => assertGoldens(folder, { "layer.t1": one }, { update: true }));
  await failed(() => assertGoldens(folder, table, { kinds: ["mil"] }));
  for (const name of FILES.slice(2)) rmSync(join(folder, name));
  assertGoldens(folder, { "layer.t1": one });
});
