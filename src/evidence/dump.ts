/** Writes a counterexample as packages and arrays that `graphc run` replays. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Graph } from "../dsl/graph.ts";
import type { Tensor } from "../dsl/tensor.ts";
import { sizeOf } from "../dsl/type.ts";
import { UserError } from "../dsl/user-error.ts";
import { encodeElements } from "../emit/mil/encode-elements.ts";
import { writePackage } from "../emit/write/package.ts";
import { codeOf, reasonOf } from "../files/files.ts";
import { arrayOf, type NDArray } from "../passes/interpret/array.ts";
import { toRaw } from "../passes/kernels/raw.ts";
import { feeds, keyOfState, keyOfWeight } from "../passes/prove/refute/feeds.ts";
import type { Counterexample } from "../passes/prove/refute/shrink.ts";
import { writeArrays } from "../weights/safetensors/arrays.ts";
import { nothingToReport, type WeightStore } from "../weights/store.ts";

/** The graphs and the data of one run of both. */
export type Dumped = Pick<Counterexample, "pair" | "sample" | "tokens" | "weights">;

/**
 * Writes block.mlpackage, step.mlpackage, their inputs and the cache at entry into a new folder.
 * @throws UserError when the folder is there already or cannot be written.
 */
export async function dumpCounterexample(folder: string, found: Dumped): Promise<void> {
  await newFolder(folder);
  await writeGraphs(folder, found, ["block", "step"]);
  await writeFeed(folder, found);
}

/**
 * The same of two graphs of one token: a.mlpackage and b.mlpackage (neither where they were run with weights of their own), what each is fed,
 * and the cache at entry of both.
 * @throws UserError as `dumpCounterexample` does.
 */
export async function dumpBoth(folder: string, found: Dumped): Promise<void> {
  await newFolder(folder);
  if (found.weights !== "own") await writeGraphs(folder, found, ["a", "b"]);
  const { block, step } = found.pair;
  for (const [name, graph] of [
    ["a", block],
    ["b", step],
  ] as const)
    await writeArrays(join(folder, `${name}.inputs.safetensors`), inputsOf(graph, found, 0));
  await writeStates(folder, found);
}

async function writeGraphs(folder: string, found: Dumped, names: readonly [string, string]): Promise<void> {
  const store = sampleStore(found);
  await writePackage(found.pair.block, store, join(folder, `${names[0]}.mlpackage`));
  await writePackage(found.pair.step, store, join(folder, `${names[1]}.mlpackage`));
}

/**
 * The same for graphs that were run with weights of their own: inputs and cache alone, to be run with the packages they belong to.
 * @throws UserError as `dumpCounterexample` does.
 */
export async function dumpFeed(folder: string, found: Dumped): Promise<void> {
  await newFolder(folder);
  await writeFeed(folder, found);
}

const newFolder = (folder: string): Promise<void> =>
  mkdir(folder).catch((error: unknown) => {
    const reason = codeOf(error) === "EEXIST" ? "it exists already" : reasonOf(error);
    throw reason === undefined ? error : new UserError(`the counterexample was not written to ${folder}: ${reason}`);
  });

async function writeFeed(folder: string, found: Dumped): Promise<void> {
  const { block, step } = found.pair;
  await writeArrays(join(folder, "block.inputs.safetensors"), inputsOf(block, found, 0));
  for (let t = 0; t < found.tokens; t++)
    await writeArrays(join(folder, `step${t}.inputs.safetensors`), inputsOf(step, found, t));
  await writeStates(folder, found);
}

const inputsOf = (graph: Graph, { pair, sample }: Dumped, first: number) => raws(feeds(graph, pair, sample, first));

const writeStates = (folder: string, found: Dumped): Promise<void> =>
  writeArrays(
    join(folder, "state.safetensors"),
    raws(Object.fromEntries(found.pair.block.states.map((s) => [s.name, arrayFor(s.entry, found, s.name)]))),
  );

const raws = (arrays: Readonly<Record<string, NDArray>>) =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, toRaw(array)]));

const arrayFor = ({ type }: Tensor, { sample }: Dumped, name: string): NDArray =>
  arrayOf(type.dtype, type.shape, sample.arrays.get(keyOfState(name))!.subarray(0, sizeOf(type.shape)));

/** The weights of a counterexample are numbers in memory. */
function sampleStore({ sample, pair }: Dumped): WeightStore {
  return {
    async *stream(source, type) {
      const table = pair.tableOf(source, type);
      if (table) {
        yield encodeElements(type.dtype, table);
        return;
      }
      const { base, offset } = pair.placeOf(source, type);
      yield encodeElements(
        type.dtype,
        sample.arrays.get(keyOfWeight(base))!.subarray(offset, offset + sizeOf(type.shape)),
      );
    },
    report: () => nothingToReport,
    close: async () => {},
  };
}
