/** The shards of a folder that `graphc build` wrote. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MANIFEST_FILE } from "../../build/build.ts";
import { ANE_BOOK_MANIFEST } from "../../build/manifest.ts";
import { UserError } from "../../dsl/user-error.ts";
import { readPackage } from "../../emit/read/read.ts";
import { refusing } from "../../files/files.ts";
import { strictJson } from "../../files/json.ts";
import { shaped } from "../../files/json-shape.ts";
import { statOf } from "../../files/regular.ts";

/** A shard: which layers it has, and its package. */
export interface ViewedShard {
  readonly name: string;
  readonly path: string;
}

/** Of a folder with a manifest its shards; undefined for any other operand. @throws UserError for a manifest that is none */
export async function shardsOf(operand: string): Promise<readonly ViewedShard[] | undefined> {
  const file = join(operand, MANIFEST_FILE);
  if (!(await statOf(file))?.isFile()) return undefined;
  const refuse = (problem: string) =>
    new UserError(`${file} is no manifest of a build: ${problem}`, "build the model again: graphc build");
  const text = await refusing(file, "read", () => readFile(file, "utf8"));
  const { layers } = shaped(strictJson(text, file), ANE_BOOK_MANIFEST, refuse);
  if (layers.length === 0) throw refuse("it names no shard of layers");
  return layers.map(({ start, end, path }) => {
    const own = join(operand, path.replace(/\.mlmodelc$/, ".mlpackage"));
    const functions = readPackage(own).model.functions.map(({ name }) => name);
    if (functions.length > 1)
      throw new UserError(
        `the shards of ${operand} have several functions: ${functions.join(", ")}`,
        `view one of them: graphc view ${own} --function ${functions[1]} --step-function ${functions[0]}`,
      );
    return {
      name: end - start === 1 ? `shard of layer ${start}` : `shard of layers ${start} to ${end - 1}`,
      path: own,
    };
  });
}
