/** Manifest.json of a package. Its identifiers are derived from the contents, so that equal packages are equal files. */
import { createHash } from "node:crypto";

/** The model; this and the next two are paths inside a package. */
export const MODEL_PATH = "Data/com.apple.CoreML/model.mlmodel";
/** The one weight file; blobs of all functions are in it. */
export const WEIGHTS_PATH = "Data/com.apple.CoreML/weights/weight.bin";
/** Names the root item; a folder without it is no package. */
export const MANIFEST_PATH = "Manifest.json";

const AUTHOR = "com.apple.CoreML";

/** The manifest of a package whose model and weight files have these SHA-256 digests. */
export function manifestOf(sha256: { readonly model: string; readonly weights: string }): string {
  const model = identifierOf("model.mlmodel", sha256.model);
  const weights = identifierOf("weights", sha256.weights);
  const items = [
    [model, itemOf("model.mlmodel", "CoreML Model Specification")],
    [weights, itemOf("weights", "CoreML Model Weights")],
  ] as const;
  const manifest = {
    fileFormatVersion: "1.0.0",
    itemInfoEntries: Object.fromEntries(items.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    rootModelIdentifier: model,
  };
  return `${JSON.stringify(manifest, null, 4)}\n`;
}

const itemOf = (name: string, description: string) => ({
  author: AUTHOR,
  description,
  name,
  path: `${AUTHOR}/${name}`,
});

/** A UUID made of a digest in the manner of RFC 4122 version 5, with SHA-256 for SHA-1. */
function identifierOf(name: string, sha256: string): string {
  const bytes = createHash("sha256").update(`graphc package item ${name} ${sha256}`).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
