/** The rules by which Core ML finds the model in a package folder: Manifest.json names the items below Data/. */
import { join, relative, sep } from "node:path";
import { printable } from "../../dsl/printable.ts";
import { UserError } from "../../dsl/user-error.ts";
import { strictJsonOf } from "../../files/json.ts";
import { readRegularSync, statOfSync } from "../../files/regular.ts";

type Json = Readonly<Record<string, unknown>>;
type Fail = (text: string) => never;

/** Newest manifest format that the rules here are those of. */
const NEWEST = [1, 0, 0] as const;
const ITEM_KEYS = ["path", "name", "author", "description"] as const;
/** A manifest has a few hundred bytes. */
const MOST_BYTES = 2 ** 20;

/** An item of the package: a file or folder below Data/, with all that the manifest says of it. */
export interface ManifestItem {
  /** Below the package's folder. */
  readonly path: string;
  readonly isRoot: boolean;
  readonly says: Json;
}

/** What a manifest holds, its identifiers left out. */
export interface Manifest {
  /** One of them is the root. */
  readonly items: readonly ManifestItem[];
  /** All that it says besides. */
  readonly others: Json;
}

/**
 * The path of the package's root item, its model.
 * @throws UserError naming the first rule that the manifest breaks.
 */
export const rootItemOf = (folder: string): string =>
  join(folder, readManifest(folder).items.find(({ isRoot }) => isRoot)!.path);

/** @throws UserError as `rootItemOf` does */
export function readManifest(folder: string): Manifest {
  const file = join(folder, "Manifest.json");
  if (!statOfSync(file)) throw new UserError(`${folder} is not a Core ML package: it has no Manifest.json`);
  const fail: Fail = (text) => {
    throw new UserError(printable(`${file} ${text}`));
  };
  const manifest = parse(file, fail);
  checkVersion(manifest.fileFormatVersion, fail);
  const items = isRecord(manifest.itemInfoEntries) ? manifest.itemInfoEntries : fail("has no itemInfoEntries");
  const known = new Map(Object.entries(items).map(([id, item]) => [id, itemOf(folder, id, item, fail)]));
  const root = manifest.rootModelIdentifier;
  if (root === undefined) fail("has no rootModelIdentifier");
  if (typeof root !== "string") return fail("has a rootModelIdentifier that is no text");
  if (!known.has(root)) fail(`names "${root}" as its rootModelIdentifier, which is not among its items`);
  const { itemInfoEntries: _, rootModelIdentifier: __, ...others } = manifest;
  return { items: [...known].map(([id, item]) => ({ ...item, isRoot: id === root })), others };
}

function parse(file: string, fail: Fail): Json {
  const value = strictJsonOf(bytesOf(file, fail), file);
  return isRecord(value) ? value : fail("is not a JSON object");
}

function bytesOf(file: string, fail: Fail): Uint8Array {
  const size = statOfSync(file)?.size ?? 0;
  if (size > MOST_BYTES) fail(`has ${size} bytes; a manifest has at most ${MOST_BYTES}`);
  return readRegularSync(file);
}

const isRecord = (x: unknown): x is Json => typeof x === "object" && x !== null && !Array.isArray(x);
/** Keys come from a file: what an object inherits is none of them. */
const own = (record: Json, key: string): unknown => (Object.hasOwn(record, key) ? record[key] : undefined);

function checkVersion(version: unknown, fail: Fail): void {
  const parts = typeof version === "string" ? /^(\d+)\.(\d+)\.(\d+)$/.exec(version)?.slice(1).map(Number) : undefined;
  if (!parts) throw fail(`has fileFormatVersion ${JSON.stringify(version)}; it must be three numbers such as "1.0.0"`);
  const differs = parts.findIndex((n, i) => n !== NEWEST[i]);
  if (differs >= 0 && parts[differs]! > NEWEST[differs]!) fail(`has fileFormatVersion ${version}, newer than 1.0.0`);
}

function itemOf(folder: string, id: string, item: unknown, fail: Fail): Omit<ManifestItem, "isRoot"> {
  if (!isRecord(item)) return fail(`has no record for item ${id}`);
  const missing = ITEM_KEYS.find((key) => typeof own(item, key) !== "string");
  if (missing) fail(`has no "${missing}" for item ${id}`);
  const data = join(folder, "Data");
  const path = join(data, String(item.path));
  if (relative(data, path).split(sep)[0] === "..") fail(`places item ${id} outside Data/`);
  if (!statOfSync(path)) fail(`names the item Data/${item.path}, which does not exist`);
  const { path: _, ...says } = item;
  return { path: relative(folder, path), says };
}
