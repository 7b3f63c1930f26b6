/** A package of several functions, each with a weight file of its own. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Graph } from "../../../src/dsl/graph.ts";
import type { MilArgument, MilOperation, MilValue } from "../../../src/emit/mil/records.ts";
import { decodeModel } from "../../../src/emit/read/decode/decode.ts";
import { encodeModel } from "../../../src/emit/write/encode.ts";
import { writePackage } from "../../../src/emit/write/package.ts";
import type { WeightStore } from "../../../src/weights/store.ts";

const MODEL = "Data/com.apple.CoreML/model.mlmodel";
const WEIGHTS = "Data/com.apple.CoreML/weights";

/** The path of a package in `folder` whose functions are these graphs, by name; the first one is the default. */
export async function packageOf(
  graphs: Readonly<Record<string, Graph>>,
  store: WeightStore,
  folder: string,
): Promise<string> {
  const path = (name: string) => join(folder, `${name}.mlpackage`);
  for (const [name, graph] of Object.entries(graphs)) await writePackage(graph, store, path(name));
  const [all] = Object.keys(graphs) as [string];
  const models = Object.keys(graphs).map((name) => [name, decodeModel(readFileSync(join(path(name), MODEL)))] as const);
  for (const [name] of models)
    copyFileSync(join(path(name), WEIGHTS, "weight.bin"), join(path(all), WEIGHTS, `${name}.bin`));
  const model = {
    ...models[0]![1],
    functions: models.map(([name, { functions }]) => {
      const [fn] = functions as [(typeof functions)[0]];
      return { ...fn, name, operations: fn.operations.map((op) => stored(op, `@model_path/weights/${name}.bin`)) };
    }),
    interfaces: Object.fromEntries(models.map(([name, { interfaces }]) => [name, interfaces.main!])),
    defaultFunction: all,
  };
  writeFileSync(join(path(all), MODEL), encodeModel(model));
  return path(all);
}

/** The op with its blobs in another file. */
function stored(op: MilOperation, fileName: string): MilOperation {
  const moved = (value: MilValue): MilValue =>
    "blob" in value ? { ...value, blob: { ...value.blob, fileName } } : value;
  const argument = (x: MilArgument): MilArgument => ("value" in x ? { value: moved(x.value) } : x);
  const inputs = Object.fromEntries(Object.entries(op.inputs).map(([key, xs]) => [key, xs.map(argument)]));
  return { ...op, inputs, ...(op.value ? { value: moved(op.value) } : {}) };
}
