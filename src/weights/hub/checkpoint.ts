/** A Hugging Face checkpoint folder: config.json and the tensors of model.safetensors or of its shards. */
import { join } from "node:path";
import { UserError } from "../../dsl/user-error.ts";
import { namesIn } from "../../files/regular.ts";
import type { StoredTensor } from "../../models/config-tensors.ts";
import { isSourceDType } from "../convert/convert.ts";
import type { ReadableTensor } from "../convert/rectangle.ts";
import { fp16Store } from "../fp16-store.ts";
import type { Held, QuantisedTensors } from "../quantised/held.ts";
import { quantisedTensors, withoutQuantisation } from "../quantised/kinds.ts";
import type { SafetensorsEntry, SafetensorsFile } from "../safetensors/file.ts";
import type { WeightStore } from "../store.ts";
import { refuseStranger } from "./folder-kind.ts";
import { closeAll, openFiles, readJson } from "./shards.ts";
import { textNames } from "./text-names.ts";

/** An open checkpoint; its files stay open until `close`. Weights stream as fp16. */
export interface Checkpoint extends WeightStore {
  readonly folder: string;
  /** config.json: its path, and its contents parsed but not yet understood (`readDecoder` does that). */
  readonly configPath: string;
  readonly config: unknown;
  /** What was taken for granted or passed over, a sentence each. */
  readonly notes: readonly string[];
  /** What it is, for its card. */
  readonly container: string;
  /** Tensors that were left aside, since a model in fp16 has no use for them. */
  readonly notNeeded: ReadonlySet<string>;
  /** Every tensor that the headers announce, by name; quantised ones are the numbers that they stand for. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
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
  try {
    return checkpointOf({ folder, configPath, config, names, files });
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

/** What was found in a folder. */
interface Found {
  readonly folder: string;
  readonly configPath: string;
  readonly config: unknown;
  /** Of all its files. */
  readonly names: readonly string[];
  readonly files: readonly SafetensorsFile[];
}

function checkpointOf({ folder, configPath, config, names, files }: Found): Checkpoint {
  const held = new Map(files.flatMap((file) => [...file.tensors].map(([name, entry]) => [name, { file, entry }])));
  const quantised = quantisedTensors({ folder, configPath, config, held });
  const read = weightsOf(held, quantised);
  const { known, notes } = textNames(
    folder,
    read.map(({ stored }) => stored.name),
  );
  const weights = new Map(
    read.flatMap((weight) => {
      const name = known.get(weight.stored.name);
      return name === undefined ? [] : [[name, weight] as const];
    }),
  );
  const unread = new Set(weights.keys());
  const store = fp16Store((tensor) => {
    const found = weights.get(tensor);
    if (!found) throw new UserError(`${folder}: tensor "${tensor}" is missing`);
    unread.delete(tensor);
    return found.readable();
  });
  return {
    ...store,
    folder,
    configPath,
    config: quantised ? withoutQuantisation(config) : config,
    container: ["Hugging Face folder", ...(quantised ? [quantised.what] : [])].join(", "),
    notNeeded: quantised?.unneeded ?? new Set(),
    notes: [
      ...notes,
      ...(names.includes("adapter_config.json")
        ? [`${folder}: the adapter (LoRA) beside the weights is not merged`]
        : []),
    ],
    tensors: new Map([...weights].map(([name, { stored }]) => [name, { ...stored, name }])),
    unread: (prefix = "") => [...unread].filter((name) => name.startsWith(prefix)),
    close: () => closeAll(files),
  };
}

/** A tensor by its name in the file, and how it is read. */
interface Weight {
  readonly stored: StoredTensor;
  readable(): ReadableTensor;
}

/** The tensors of the files; quantised ones are numbers, and what they are made of is no tensor of its own. */
function weightsOf(held: ReadonlyMap<string, Held>, quantised: QuantisedTensors | undefined): readonly Weight[] {
  return [...held].flatMap(([name, { file, entry }]): readonly Weight[] => {
    const numbers = quantised?.tensors.get(name);
    if (numbers) {
      const { dtype, shape, encoding } = numbers;
      return [{ stored: { name, dtype, shape, encoding }, readable: () => numbers }];
    }
    if (quantised?.parts.has(name) || quantised?.unneeded.has(name)) return [];
    return [{ stored: entry, readable: () => storedOf(file, entry) }];
  });
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
