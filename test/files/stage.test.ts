/** Folders that are placed all or none, on a real file system with the refusals that it can be made to give. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { discardAll, placeAll, type Staged, stageFolder } from "../../src/files/stage.ts";

function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "graphc-stage-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const kind = { name: "box", mark: "mark" };

/** A box that is there already. */
function boxAt(path: string, contents: string): void {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "mark"), contents);
}

async function stage(path: string, contents: string, replace = false): Promise<Staged> {
  const [staged] = await stageFolder({ path, replace, kind }, async (folder) => {
    writeFileSync(join(folder, "mark"), contents);
  });
  return staged;
}

/** Every file below a folder with its contents; a folder without files as itself. */
const contentsOf = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]),
  );

test("a staged folder is whole beside its place, and the place is empty until it is placed", async () => {
  const root = newFolder();
  const staged = await stage(join(root, "a"), "new");
  expect(contentsOf(staged.folder)).toEqual({ mark: "new" });
  expect(existsSync(join(root, "a"))).toBe(false);
  await placeAll([staged]);
  expect(contentsOf(root)).toEqual({ "a/mark": "new" });
  expect(readdirSync(root)).toEqual(["a"]);
});

test("discarding removes what was staged, and the folders that were made for it", async () => {
  const root = newFolder();
  const deep = join(root, "new/deep");
  await discardAll([await stage(join(deep, "a"), "1"), await stage(join(deep, "b"), "2")]);
  expect(readdirSync(root)).toEqual([]);
});

test("when the second place is refused, the first is taken back and the folders made are gone", async () => {
  const root = newFolder();
  const deep = join(root, "new/deep");
  const staged = [await stage(join(deep, "a"), "1"), await stage(join(deep, "b"), "2")];
  const other = join(deep, "b");
  boxAt(other, "another's");
  await expect(placeAll(staged)).rejects.toMatchObject({
    message: `${other} exists already`,
    mend: "--force replaces it",
  });
  expect(contentsOf(root)).toEqual({ "new/deep/b/mark": "another's" });
  expect(readdirSync(deep)).toEqual(["b"]);
});

test("when the second place is refused, what the first replaced stands again", async () => {
  const root = newFolder();
  for (const name of ["a", "b", "c"]) boxAt(join(root, name), `old ${name}`);
  const staged = await Promise.all(["a", "b", "c"].map((name) => stage(join(root, name), `new ${name}`, true)));
  rmSync(join(root, "b"), { recursive: true });
  writeFileSync(join(root, "b"), "a letter");
  await expect(placeAll(staged)).rejects.toThrow("is not a box; graphc will not replace it");
  expect(contentsOf(root)).toEqual({ "a/mark": "old a", b: "a letter", "c/mark": "old c" });
  expect(readdirSync(root)).toEqual(["a", "b", "c"]);
});

test("what could not be moved after the old was moved aside leaves the old", async () => {
  const root = newFolder();
  const names = ["a", "b"];
  for (const name of names) boxAt(join(root, name), `old ${name}`);
  const staged = await Promise.all(names.map((name) => stage(join(root, name), `new ${name}`, true)));
  // The new folder is gone, so that its rename fails when the old one has been moved aside.
  rmSync(staged[1]!.folder, { recursive: true });
  await expect(placeAll(staged)).rejects.toMatchObject({ code: "ENOENT" });
  expect(contentsOf(root)).toEqual({ "a/mark": "old a", "b/mark": "old b" });
  expect(readdirSync(root)).toEqual(names);
});

test("the old stays aside until all stand, and is removed then", async () => {
  const root = newFolder();
  boxAt(join(root, "a"), "old");
  const staged = await stage(join(root, "a"), "new", true);
  await staged.place();
  expect(Object.values(contentsOf(root)).sort()).toEqual(["new", "old"]);
  await staged.settle();
  expect(contentsOf(root)).toEqual({ "a/mark": "new" });
  expect(readdirSync(root)).toEqual(["a"]);
});

test("an old folder that cannot be put back is named where it lies", async () => {
  const root = newFolder();
  boxAt(join(root, "a"), "old");
  const staged = await stage(join(root, "a"), "new", true);
  await staged.place();
  // Taken away by someone else, and the place taken again.
  rmSync(join(root, "a"), { recursive: true });
  boxAt(join(root, "a"), "another's");
  const aside = readdirSync(root).find((name) => name.startsWith(".a.old-"))!;
  boxAt(join(root, staged.folder.slice(root.length + 1)), "in the way");
  await expect(discardAll([staged])).rejects.toThrow(/could not be taken back|could not be put back/);
  expect(contentsOf(join(root, aside))).toEqual({ mark: "old" });
});

test("one that cannot be undone does not keep the others from being undone", async () => {
  const root = newFolder();
  const staged = [await stage(join(root, "a"), "1"), await stage(join(root, "b"), "2")];
  await Promise.all(staged.map((one) => one.place()));
  rmSync(join(root, "b"), { recursive: true });
  await expect(discardAll(staged)).rejects.toThrow("could not be taken back");
  expect(readdirSync(root)).toEqual([]);
});
