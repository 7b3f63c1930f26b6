/** The safetensors files of a Hugging Face folder: the one, or the shards that its index names. */
import { isAbsolute, join } from "node:path";
import { UserError } from "../../dsl/user-error.ts";
import { strictJsonOf } from "../../files/json.ts";
import { readRegular, statOf } from "../../files/regular.ts";
import { openSafetensors, type SafetensorsFile } from "../safetensors/file.ts";
import { withoutWeights } from "./folder-kind.ts";

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/**
 * Opens the single file, or all shards that the index names, each holding exactly what the index says.
 * @throws UserError that names the file and what is wrong with it
 */
export async function openFiles(folder: string, names: readonly string[]): Promise<readonly SafetensorsFile[]> {
  const single = names.includes(SINGLE);
  if (!names.includes(INDEX)) {
    if (single) return openAll([join(folder, SINGLE)]);
    throw withoutWeights(folder, names, `${SINGLE} nor ${INDEX}`);
  }
  const path = join(folder, INDEX);
  const weightMap = weightMapOf(await readJson(path), path);
  const shards = [...new Set(weightMap.values())].sort();
  // transformers would read the one file and pass over the index; which of the two is meant nobody can tell.
  if (single && !shards.includes(SINGLE))
    throw new UserError(`${folder}: holds ${SINGLE}, and ${INDEX} names other files`, "remove what is stale");
  for (const shard of shards) await checkShard(folder, path, shard);
  const files = await openAll(shards.map((shard) => join(folder, shard)));
  try {
    checkIndex(path, weightMap, new Map(shards.map((shard, i) => [shard, files[i]!])));
    return files;
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

function weightMapOf(json: unknown, path: string): ReadonlyMap<string, string> {
  const map = (json as { weight_map?: unknown } | null)?.weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map))
    throw new UserError(`${path}: "weight_map" is missing`, "it must map tensor names to files");
  return new Map(
    Object.entries(map).map(([name, file]) => {
      if (typeof file !== "string") throw new UserError(`${path}: the file of tensor "${name}" must be a string`);
      return [name, file];
    }),
  );
}

async function checkShard(folder: string, index: string, shard: string): Promise<void> {
  // A link inside the folder may point anywhere (the Hugging Face cache is made of them); the index may not.
  if (isAbsolute(shard) || /^[A-Za-z]:/.test(shard) || shard.split(/[/\\]/).includes(".."))
    throw new UserError(`${index}: names the file ${JSON.stringify(shard)}, which is outside the checkpoint folder`);
  if (!(await exists(join(folder, shard))))
    throw new UserError(`${index}: names the file ${JSON.stringify(shard)}, which is missing in ${folder}`);
}

function checkIndex(
  path: string,
  weightMap: ReadonlyMap<string, string>,
  files: ReadonlyMap<string, SafetensorsFile>,
): void {
  for (const [name, shard] of weightMap)
    if (!files.get(shard)!.tensors.has(name))
      throw new UserError(`${path}: says that tensor "${name}" is in ${shard}, which does not hold it`);
  for (const [shard, file] of files)
    for (const name of file.tensors.keys())
      if (weightMap.get(name) !== shard)
        throw new UserError(`${path}: does not say that tensor "${name}" is in ${shard}, which holds it`);
}

async function openAll(paths: readonly string[]): Promise<readonly SafetensorsFile[]> {
  const files: SafetensorsFile[] = [];
  try {
    for (const path of paths) files.push(await openSafetensors(path));
    return files;
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

/** Closes them all. */
export const closeAll = async (files: readonly SafetensorsFile[]): Promise<void> => {
  await Promise.all(files.map((file) => file.close()));
};

/** A JSON file, parsed and not yet understood. @throws UserError where it is none */
export const readJson = async (path: string): Promise<unknown> => strictJsonOf(await readRegular(path), path);

/** Whether anything is there; whether it is a file is told when it is opened. @throws UserError when it cannot be told */
const exists = async (path: string): Promise<boolean> => (await statOf(path)) !== undefined;
