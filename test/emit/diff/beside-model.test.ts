/** What package folders hold and say besides model and weights. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { diffPackages } from "../../../src/emit/diff/package.ts";
import { showDifferences } from "../../../src/emit/diff/text.ts";
import { readPackage } from "../../../src/emit/read/read.ts";
import { writePackage } from "../../../src/emit/write/package.ts";
import { countingStore, folder, tinyGraph } from "../../support/emit.ts";

const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

interface Item {
  name: string;
  author: string;
  description: string;
}
interface Manifest {
  fileFormatVersion: string;
  itemInfoEntries: Record<string, Item>;
  rootModelIdentifier: string;
}

async function written(): Promise<string> {
  const path = join(folder(), "tiny.mlpackage");
  await writePackage(tinyGraph(), countingStore(), path);
  return path;
}

/** What is told of a package and of a copy that `edit` changes, in both directions. */
async function toldOf(edit: (copy: string) => void): Promise<readonly string[]> {
  const before = await written();
  const after = join(folder(), "copy.mlpackage");
  cpSync(before, after, { recursive: true });
  edit(after);
  const [a, b] = [readPackage(before), readPackage(after)];
  return [showDifferences(diffPackages(a, b)), showDifferences(diffPackages(b, a))];
}

function manifestOf(copy: string, edit: (manifest: Manifest) => Manifest): void {
  const path = join(copy, "Manifest.json");
  writeFileSync(path, JSON.stringify(edit(JSON.parse(readFileSync(path, "utf8")) as Manifest)));
}

test("nothing of a copy, nor where the writer made up other identifiers", async () => {
  expect(await toldOf(() => {})).toEqual(["", ""]);
  const renamed = await toldOf((copy) =>
    manifestOf(copy, ({ itemInfoEntries, rootModelIdentifier, ...rest }) => ({
      ...rest,
      itemInfoEntries: Object.fromEntries(Object.entries(itemInfoEntries).map(([id, item]) => [`x${id}`, item])),
      rootModelIdentifier: `x${rootModelIdentifier}`,
    })),
  );
  expect(renamed).toEqual(["", ""]);
});

test.each(["name", "author", "description"] as const)("the %s of an item", async (key) => {
  const [there, back] = await toldOf((copy) =>
    manifestOf(copy, (manifest) => {
      manifest.itemInfoEntries[manifest.rootModelIdentifier]![key] = "else";
      return manifest;
    }),
  );
  expect(there).toMatch(new RegExp(`^package:\n  item "Data/com.apple.CoreML/model.mlmodel" ${key}: .+ → else$`));
  expect(back).toMatch(/: else → /);
});

test("files that no program reads, present, absent or of other contents", async () => {
  const extra = "Data/com.apple.CoreML/notes/a.txt";
  const write = (copy: string, text: string): void => {
    mkdirSync(join(copy, "Data/com.apple.CoreML/notes"), { recursive: true });
    writeFileSync(join(copy, extra), text);
  };
  const [there, back] = await toldOf((copy) => write(copy, "abc"));
  expect(there).toBe(`package:\n  file "${extra}": absent → 3 bytes, sha256 ${ABC}`);
  expect(back).toBe(`package:\n  file "${extra}": 3 bytes, sha256 ${ABC} → absent`);

  const [one, other] = [await written(), await written()];
  write(one, "abc");
  write(other, "abd");
  expect(showDifferences(diffPackages(readPackage(one), readPackage(other)))).toMatch(/: 3 bytes, .+ → 3 bytes, /);
  write(other, "abc");
  expect(diffPackages(readPackage(one), readPackage(other))).toEqual([]);
});

test("a link is told by where it leads and what lies there; one to a folder is refused", async () => {
  const [there] = await toldOf((copy) => symlinkSync("Manifest.json", join(copy, "link")));
  expect(there).toMatch(/^package:\n {2}file "link": absent → a link to Manifest\.json, \d+ bytes, sha256 /);
  await expect(toldOf((copy) => symlinkSync("Data", join(copy, "more")))).rejects.toThrow(
    /more is a link to a folder, and what lies there is not compared/,
  );
});

test("the version of the manifest, a word that no rule asks for, and an item of a place that has one already", async () => {
  const [version] = await toldOf((copy) =>
    manifestOf(copy, (manifest) => ({ ...manifest, fileFormatVersion: "0.9.9" })),
  );
  expect(version).toBe("package:\n  manifest fileFormatVersion: 1.0.0 → 0.9.9");
  const [word] = await toldOf((copy) =>
    manifestOf(copy, (manifest) => {
      Object.assign(manifest.itemInfoEntries[manifest.rootModelIdentifier]!, { note: "x" });
      return manifest;
    }),
  );
  expect(word).toMatch(/^package:\n {2}item ".+model\.mlmodel" note: absent → x$/);
  const twice = (author: string) => (copy: string) =>
    manifestOf(copy, (manifest) => {
      const own = manifest.itemInfoEntries[manifest.rootModelIdentifier]!;
      return { ...manifest, itemInfoEntries: { ...manifest.itemInfoEntries, again: { ...own, author } } };
    });
  for (const text of await toldOf(twice("someone"))) expect(text).toMatch(/^package:\n {2}item ".+model\.mlmodel": /);
});
