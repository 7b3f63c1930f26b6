/** The rules by which Core ML finds the model in a package folder: Manifest.json names the items below Data/. */
import { join, relative } from "node:path";
import { UserError } from "../../dsl/user-error.ts";
import { readRegularSync, statOfSync } from "../../files/regular.ts";

type Json = Readonly<Record<string, unknown>>;

/** Newest manifest format that the rules here are those of. */
const NEWEST = [1, 0, 0] as const;
const ITEM_KEYS = ["path", "name", "author", "description"] as const;

/**
 * The path of the package's root item, its model.
 * @throws UserError naming the first rule that the manifest breaks.
 */
export function rootItemOf(folder: string): string {
  const file = join(folder, "Manifest.json");
  if (!statOfSync(file)) throw new UserError(`${folder} is not a Core ML package: it has no Manifest.json`);
  const fail = (text: string): never => {
    throw new UserError(`${file} ${text}`);
  };
  const manifest = parse(file, fail);
  checkVersion(manifest.fileFormatVersion, fail);
  const items = isRecord(manifest.itemInfoEntries) ? manifest.itemInfoEntries : fail("has no itemInfoEntries");
  const paths = new Map(Object.entries(items).map(([id, item]) => [id, itemPath(folder, id, item, fail)]));
  const root = manifest.rootModelIdentifier;
  if (root === undefined) fail("has no rootModelIdentifier");
  return paths.get(String(root)) ?? fail(`names "${root}" as its rootModelIdentifier, which is not among its items`);
}

function parse(file: string, fail: (text: string) => never): Json {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(readRegularSync(file));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    fail(`is not JSON: ${(error as Error).message}`);
  }
  return isRecord(value) ? value : fail("is not a JSON object");
}

const isRecord = (x: unknown): x is Json => typeof x === "object" && x !== null && !Array.isArray(x);

function checkVersion(version: unknown, fail: (text: string) => never): void {
  const parts = /^(\d+)\.(\d+)\.(\d+)$/.exec(String(version))?.slice(1).map(Number) ?? [];
  if (parts.length === 0)
    fail(`has fileFormatVersion ${JSON.stringify(version)}; it must be three numbers such as "1.0.0"`);
  const differs = parts.findIndex((n, i) => n !== NEWEST[i]);
  if (differs >= 0 && parts[differs]! > NEWEST[differs]!) fail(`has fileFormatVersion ${version}, newer than 1.0.0`);
}

function itemPath(folder: string, id: string, item: unknown, fail: (text: string) => never): string {
  if (!isRecord(item)) return fail(`has no record for item ${id}`);
  const missing = ITEM_KEYS.find((key) => typeof item[key] !== "string");
  if (missing) fail(`has no "${missing}" for item ${id}`);
  const data = join(folder, "Data");
  const path = join(data, String(item.path));
  if (relative(data, path).startsWith("..")) fail(`places item ${id} outside Data/`);
  if (!statOfSync(path)) fail(`names the item Data/${item.path}, which does not exist`);
  return path;
}
