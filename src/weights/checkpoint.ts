/** A Hugging Face checkpoint folder: config.json and the tensors of model.safetensors or of its shards. */
import { isAbsolute, join } from "node:path";
import { UserError } from "../dsl/user-error.ts";
import { strictJsonOf } from "../files/json.ts";
import { namesIn, readRegular, statOf } from "../files/regular.ts";
import { isSourceDType } from "./convert.ts";
import { refuseQuantised, refuseStranger, withoutWeights } from "./folder-kind.ts";
import { fp16Store } from "./fp16-store.ts";
import type { ReadableTensor } from "./rectangle.ts";
import { openSafetensors, type SafetensorsEntry, type SafetensorsFile } from "./safetensors.ts";
import type { WeightStore } from "./store.ts";
import { textNames } from "./text-names.ts";

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/** An open checkpoint; its files stay open until `close`. Weights stream as fp16. */
export interface Checkpoint extends WeightStore {
  readonly folder: string;
  /** config.json: its path, and its contents parsed but not yet understood (`readDecoder` does that). */
  readonly configPath: string;
  readonly config: unknown;
  /** What was taken for granted or passed over, a sentence each. */
  readonly notes: readonly string[];
  /** Every tensor that the headers announce, by name. */
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  /** The tensors whose names begin with `prefix` that nobody has streamed so far. */
  unread(prefix?: string): readonly string[];
}

/**
 * Opens a checkpoint: reads config.json, the index if there is one, and the header of each file.
 * @throws UserError that names the file and what is wrong with it.
 */
export async function openCheckpoint(folder: string): Promise<Checkpoint> {
  const configPath = join(folder, "config.json");
  const names = await namesIn(folder);
  // Other kinds of folders have no config.json either.
  if (!names.includes("config.json")) refuseStranger(folder, names);
  const config = await readJson(configPath);
  const files = await openFiles(folder, names);
  const entries = files.flatMap((file) => [...file.tensors.values()].map((entry) => ({ file, entry })));
  const { held, notes } = await heldIn(folder, config, entries).catch(async (error: unknown) => {
    await closeAll(files);
    throw error;
  });
  const unread = new Set(held.keys());
  const store = fp16Store((tensor) => {
    const found = held.get(tensor);
    if (!found) throw new UserError(`${folder}: tensor "${tensor}" is missing`);
    unread.delete(tensor);
    return storedOf(found.file, found.entry);
  });
  return {
    ...store,
    folder,
    configPath,
    config,
    notes: [
      ...notes,
      ...(names.includes("adapter_config.json")
        ? [`${folder}: the adapter (LoRA) beside the weights is not merged`]
        : []),
    ],
    tensors: new Map([...held].map(([name, { entry }]) => [name, { ...entry, name }])),
    unread: (prefix = "") => [...unread].filter((name) => name.startsWith(prefix)),
    close: () => closeAll(files),
  };
}

/** A tensor, and the file that holds it. */
interface Held {
  readonly file: SafetensorsFile;
  readonly entry: SafetensorsEntry;
}

/** The tensors by the names that they are known by. @throws UserError for weights that are not read, or two of one name */
async function heldIn(folder: string, config: unknown, entries: readonly Held[]) {
  refuseQuantised(
    folder,
    config,
    entries.map(({ entry }) => entry),
  );
  const { known, notes } = textNames(
    folder,
    entries.map(({ entry }) => entry.name),
  );
  const held = new Map(
    entries.flatMap((one) => {
      const name = known.get(one.entry.name);
      return name === undefined ? [] : [[name, one] as const];
    }),
  );
  return { held, notes };
}

function storedOf(file: SafetensorsFile, entry: SafetensorsEntry): ReadableTensor {
  const { name, dtype, shape } = entry;
  if (!isSourceDType(dtype))
    throw new UserError(
      `${file.path}: tensor "${name}" has dtype ${dtype}, which is not supported`,
      "convert it to BF16",
    );
  return { name, where: file.path, dtype, shape, read: (target, offset) => file.read(entry, target, offset) };
}

/** The single file, or all shards that the index names, each holding exactly what the index says. */
async function openFiles(folder: string, names: readonly string[]): Promise<readonly SafetensorsFile[]> {
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

const closeAll = async (files: readonly SafetensorsFile[]): Promise<void> => {
  await Promise.all(files.map((file) => file.close()));
};

const readJson = async (path: string): Promise<unknown> => strictJsonOf(await readRegular(path), path);

/** Whether anything is there; whether it is a file is told when it is opened. @throws UserError when it cannot be told */
const exists = async (path: string): Promise<boolean> => (await statOf(path)) !== undefined;
