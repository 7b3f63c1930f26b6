/** What two package folders hold and say besides their models and weights: items of the manifest, files that no program reads. */
import { createHash } from "node:crypto";
import { closeSync, lstatSync, readdirSync, readlinkSync, readSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { UserError } from "../../dsl/user-error.ts";
import { refusingSync } from "../../files/files.ts";
import { kindOf, openRegularSync, statOfSync } from "../../files/regular.ts";
import { readManifest } from "../read/manifest.ts";
import type { Package } from "../read/read.ts";
import type { GraphDifference } from "./diff.ts";
import { weightFilesOf } from "./outside.ts";
import { shownValue, unlike } from "./unlike.ts";

type Told = Extract<GraphDifference, { kind: "package" }>;

/**
 * The differences of two folders; none where one of them is a bare model file. Identifiers of items are made up by each writer and
 * count for nothing.
 * @throws UserError for what cannot be read
 */
export function besideModel(a: Package, b: Package): readonly Told[] {
  if (![a, b].every(({ path }) => statOfSync(path)?.isDirectory())) return [];
  const read = new Set([a, b].flatMap(readFiles));
  const [before, after] = [filesOf(a.path, read), filesOf(b.path, read)];
  return [
    ...unlike(saidBy(a), saidBy(b)).map(({ path: at, ...sides }) => told(at.join(" "), sides)),
    ...unlike(before, after).map(({ path: [file], ...sides }) => told(`file ${JSON.stringify(file)}`, sides)),
  ];
}

const told = (what: string, { before, after }: { readonly before: unknown; readonly after: unknown }): Told => ({
  kind: "package",
  what,
  before: typeof before === "string" ? before : shownValue(before),
  after: typeof after === "string" ? after : shownValue(after),
});

/** The manifest, items by their places: in whichever order, though several have one place. */
function saidBy({ path }: Package) {
  const { items, others } = readManifest(path);
  const said = new Map<string, object[]>();
  for (const { path: at, isRoot, says } of items) {
    const item = `item ${JSON.stringify(at)}`;
    said.set(item, [...(said.get(item) ?? []), { ...says, isRoot }]);
  }
  const sorted = (records: object[]) => records.toSorted((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1));
  return {
    manifest: others,
    ...Object.fromEntries([...said].map(([item, all]) => [item, all.length === 1 ? all[0]! : sorted(all)])),
  };
}

/** What is compared elsewhere, below the folder. */
const readFiles = ({ path, modelFile, model }: Package): readonly string[] => {
  const weights = weightFilesOf(model).map((name) => join(dirname(modelFile), name.replace(/^@model_path\//, "")));
  return ["Manifest.json", ...[modelFile, ...weights].map((file) => relative(path, file))];
};

/** The other files, each in words that tell it from another. */
function filesOf(folder: string, read: ReadonlySet<string>): Readonly<Record<string, string>> {
  const names = refusingSync(folder, "read", () => readdirSync(folder, { recursive: true, encoding: "utf8" }));
  const others = names.toSorted().filter((name) => !read.has(name));
  return Object.fromEntries(others.flatMap((name) => wordsOf(join(folder, name)).map((words) => [name, words])));
}

/** Size and digest, and where a link leads; nothing of a folder, whose files come by themselves. */
function wordsOf(path: string): readonly string[] {
  const stat = refusingSync(path, "read", () => lstatSync(path));
  if (stat.isDirectory()) return [];
  if (stat.isSymbolicLink())
    return [`a link to ${refusingSync(path, "read", () => readlinkSync(path))}${behind(path)}`];
  return [stat.isFile() ? contentsOf(path) : kindOf(stat)];
}

/** @throws UserError for a link to a folder: its files are not among those of the package */
function behind(path: string): string {
  const stat = statOfSync(path);
  if (stat?.isDirectory())
    throw new UserError(`${path} is a link to a folder, and what lies there is not compared`, "put the files there");
  return stat?.isFile() ? `, ${contentsOf(path)}` : "";
}

const contentsOf = (path: string): string => `${statOfSync(path)!.size} bytes, sha256 ${digestOf(path)}`;

function digestOf(path: string): string {
  const file = openRegularSync(path);
  try {
    const [hash, piece] = [createHash("sha256"), new Uint8Array(1 << 20)];
    for (;;) {
      const bytes = refusingSync(path, "read", () => readSync(file, piece));
      if (bytes === 0) return hash.digest("hex");
      hash.update(piece.subarray(0, bytes));
    }
  } finally {
    closeSync(file);
  }
}
