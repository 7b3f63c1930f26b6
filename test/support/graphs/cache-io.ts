/** Packages whose metadata say nothing of caches, as other tools write them, or something else. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeModel } from "../../../src/emit/read/decode/decode.ts";
import { encodeModel } from "../../../src/emit/write/encode.ts";

const MODEL = "Data/com.apple.CoreML/model.mlmodel";
const KEY = "graphc.caches";

/** A copy of the package without what graphc says of caches; its path. */
export const openPackage = (path: string, copy: string): string => withMetadata(path, copy, {});

/** A copy of the package that says this of them; its path. */
export const sayOfCaches = (path: string, copy: string, said: string): string =>
  withMetadata(path, copy, { [KEY]: said });

function withMetadata(path: string, copy: string, said: Readonly<Record<string, string>>): string {
  cpSync(path, copy, { recursive: true });
  const file = join(copy, MODEL);
  const { metadata, ...model } = decodeModel(readFileSync(file));
  const { [KEY]: before, ...others } = metadata;
  if (before === undefined) throw new Error(`${path} says nothing of caches`);
  writeFileSync(file, encodeModel({ ...model, metadata: { ...others, ...said } }));
  return copy;
}
