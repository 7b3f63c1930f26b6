/** Opens the weights that a path names, a folder or a GGUF file, as one kind of store. */
import { statOf } from "../files/regular.ts";
import type { StoredTensor } from "../models/config-tensors.ts";
import { openGgufCheckpoint } from "./gguf/checkpoint.ts";
import { openCheckpoint } from "./hub/checkpoint.ts";
import type { WeightStore } from "./store.ts";

/** Weights with their configuration, whatever they lie in. */
export interface OpenWeights extends WeightStore {
  /** What config.json says, or said when the file was converted; `readDecoder` understands it. */
  readonly config: unknown;
  readonly configPath: string;
  /** By Hugging Face's names. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What they lie in, for a card. */
  readonly container: string;
  /** Tensors that were left aside, since a model in fp16 has no use for them. */
  readonly notNeeded: ReadonlySet<string>;
  /** What was taken for granted or passed over, a sentence each. */
  readonly notes: readonly string[];
}

/** @throws UserError that names the file and what is wrong with it */
export async function openWeights(path: string): Promise<OpenWeights> {
  const isFile = (await statOf(path))?.isFile() ?? path.endsWith(".gguf");
  if (!isFile) return openCheckpoint(path);
  return { ...(await openGgufCheckpoint(path)), container: "GGUF file", notNeeded: new Set() };
}
