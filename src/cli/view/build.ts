/** The shards and heads of a folder that `graphc build` wrote. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MANIFEST_FILE } from "../../build/build.ts";
import { ANE_BOOK_MANIFEST, type AneBookManifest } from "../../build/manifest.ts";
import { functionAt, sizesOf, stepIn, type TokenSizes, widest } from "../../build/sizes.ts";
import { UserError } from "../../dsl/user-error.ts";
import { readPackage } from "../../emit/read/read.ts";
import { refusing } from "../../files/files.ts";
import { strictJson } from "../../files/json.ts";
import { shaped } from "../../files/json-shape.ts";
import { statOf } from "../../files/regular.ts";

/** Layers, or tokens of the vocabulary; both end before `end`. */
interface Range {
  readonly begin: number;
  readonly end: number;
}

/** A part of a build: what of the model it has, its package, and which functions of it are block and step where it has several. */
export interface ViewedPart {
  readonly name: string;
  readonly path: string;
  readonly of: { readonly layers: Range } | { readonly vocab: Range };
  readonly functions?: { readonly block: string; readonly step: string };
}

/** A build as its manifest tells of it. */
export interface ViewedBuild {
  readonly folder: string;
  readonly manifest: AneBookManifest;
  readonly parts: readonly [ViewedPart, ...ViewedPart[]];
}

/** Of a folder with a manifest its parts; undefined for any other operand. @throws UserError for a manifest that is none */
export async function viewedBuild(folder: string): Promise<ViewedBuild | undefined> {
  const file = join(folder, MANIFEST_FILE);
  if (!(await statOf(file))?.isFile()) return undefined;
  const refuse = (problem: string) =>
    new UserError(`${file} is no manifest of a build: ${problem}`, "build the model again: graphc build");
  const text = await refusing(file, "read", () => readFile(file, "utf8"));
  const manifest = shaped(strictJson(text, file), ANE_BOOK_MANIFEST, refuse);
  const sizes = sizesOf((manifest.graphc ?? {}) as { tokens?: unknown; functions?: unknown });
  const packageAt = (path: string) => join(folder, path.replace(/\.mlmodelc$/, ".mlpackage"));
  const shards = manifest.layers.map(({ start: begin, end, path }): ViewedPart => {
    const own = packageAt(path);
    return { name: shardName(begin, end), path: own, of: { layers: { begin, end } }, ...functionsOf(own, sizes) };
  });
  const heads = manifest.lm_head_shards.map(({ vocab_start: begin, vocab_end: end, mlmodelc }): ViewedPart => {
    return { name: `head of tokens ${begin} to ${end - 1}`, path: packageAt(mlmodelc), of: { vocab: { begin, end } } };
  });
  const [first, ...others] = [...shards, ...heads];
  if (!first || shards.length === 0) throw refuse("it names no shard of layers");
  return { folder, manifest, parts: [first, ...others] };
}

const shardName = (begin: number, end: number): string =>
  end - begin === 1 ? `shard of layer ${begin}` : `shard of layers ${begin} to ${end - 1}`;

/** The largest block beside the function of one token. @throws UserError for functions of which the manifest tells no sizes */
function functionsOf(path: string, sizes: TokenSizes | undefined): Pick<ViewedPart, "functions"> {
  const names = readPackage(path).model.functions.map(({ name }) => name);
  if (names.length <= 1) return {};
  if (!sizes || !("functions" in sizes))
    throw new UserError(
      `${path} has several functions, and the manifest does not tell their sizes: ${names.join(", ")}`,
      `view it by itself: graphc view ${path} --function ${names[1]} --step-function ${names[0]}`,
    );
  const { functions } = sizes;
  return { functions: { block: functionAt(functions, widest(sizes)).name, step: stepIn(functions).name } };
}
