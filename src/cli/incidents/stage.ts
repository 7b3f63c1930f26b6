/** Writes what an incident's command line names into a folder: packages, checkpoints, arrays, texts. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Graph, schedule } from "../../dsl/graph.ts";
import { sizeOf } from "../../dsl/type.ts";
import { writePackage } from "../../emit/write/package.ts";
import { readDecoder } from "../../models/config-read.ts";
import { modelTensors } from "../../models/config-tensors.ts";
import { generatedStore, generatorOf, storedShapes } from "../../weights/generated.ts";
import { writeArrays } from "../../weights/safetensors/arrays.ts";
import { type TensorToWrite, writeSafetensors } from "../../weights/safetensors/write.ts";
import type { Checkpoint, Word } from "./incident.ts";

/** The words of a command line, with the path of what was written for those that are no texts. */
export async function staged(words: readonly Word[], folder: string): Promise<readonly string[]> {
  const line: string[] = [];
  for (const word of words) line.push(typeof word === "string" ? word : await written(word, folder));
  return line;
}

async function written(word: Exclude<Word, string>, folder: string): Promise<string> {
  const path = join(folder, word.name);
  switch (word.kind) {
    case "package":
      await writePackage(word.graph, weightsOf(word.graph), path);
      return path;
    case "text":
      await writeFile(path, word.text);
      return path;
    case "arrays":
      await writeArrays(path, word.arrays);
      return path;
    case "checkpoint":
      await writeCheckpoint(word.checkpoint, path);
      return path;
  }
}

/** By the names of the tensors, so that two graphs which read the same tensor hold the same numbers. */
const weightsOf = (graph: Graph) => generatedStore(storedShapes(schedule(graph)));

async function writeCheckpoint({ config, tensors = {}, filled = {} }: Checkpoint, path: string): Promise<void> {
  await mkdir(path);
  await writeFile(join(path, "config.json"), JSON.stringify(config));
  const { decoder } = readDecoder(config, join(path, "config.json"));
  const shapes = new Map(modelTensors(decoder).map(({ name, shape }) => [name, shape]));
  for (const [name, shape] of Object.entries(tensors)) {
    if (shape === null) shapes.delete(name);
    else shapes.set(name, shape);
  }
  const fill = generatorOf(1);
  const all = [...shapes].map(([name, shape]): TensorToWrite => {
    const elements = new Uint16Array(sizeOf(shape));
    const number = filled[name];
    if (number === undefined) fill(elements, name, shape, 0);
    else elements.fill(bf16Bits(number));
    return { name, dtype: "BF16", shape, data: new Uint8Array(elements.buffer) };
  });
  await writeSafetensors(join(path, "model.safetensors"), all);
}

/** The upper half of an fp32 number. */
const bf16Bits = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0]! >>> 16;
