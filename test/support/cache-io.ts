/** Packages whose metadata say nothing of caches, as other tools write them. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeModel } from "../../src/emit/read/decode.ts";
import { encodeModel } from "../../src/emit/write/encode.ts";

const MODEL = "Data/com.apple.CoreML/model.mlmodel";

/** A copy of the package without what graphc says of caches; its path. */
export function openPackage(path: string, copy: string): string {
  cpSync(path, copy, { recursive: true });
  const file = join(copy, MODEL);
  const { metadata, ...model } = decodeModel(readFileSync(file));
  const { "graphc.caches": said, ...others } = metadata;
  if (said === undefined) throw new Error(`${path} says nothing of caches`);
  writeFileSync(file, encodeModel({ ...model, metadata: others }));
  return copy;
}
