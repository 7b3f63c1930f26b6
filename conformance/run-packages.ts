/**
 * Runs packages as `graphc run` does in fp16, for test_few_ops.py to hold against torch and numpy.
 * Takes a folder: for each NAME.json in it, with the inputs of NAME.mlpackage, the outputs are printed on one line.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DType } from "../src/dsl/type.ts";
import { packageArray } from "../src/emit/read/blobs/package-store.ts";
import { graphOf, readPackage } from "../src/emit/read/read.ts";
import { arrayOf } from "../src/passes/interpret/array.ts";
import { evaluate } from "../src/passes/interpret/evaluate.ts";
import { compiledOps } from "../src/passes/kernels/code/run-op.ts";

interface Plain {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const folder = process.argv[2]!;
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const name = file.slice(0, -".json".length);
  const given: Readonly<Record<string, Plain>> = JSON.parse(readFileSync(join(folder, file), "utf8"));
  const values = Object.fromEntries(
    Object.entries(given).map(([key, { dtype, shape, data }]) => [key, arrayOf(dtype, shape, data)]),
  );
  const graph = graphOf(readPackage(join(folder, `${name}.mlpackage`)));
  const { outputs } = evaluate(graph, { values, weight: packageArray }, { runOp: compiledOps("fp16") });
  const results = Object.values(outputs).map(({ dtype, shape, data }) => ({
    dtype,
    shape,
    data: Array.from(data, String),
  }));
  console.log(JSON.stringify({ name, results }));
}
