/** Every op of the table, compiled from its meaning, against the reference interpreter: the same bits. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { schedule } from "../../../src/dsl/graph.ts";
import { meaningOf } from "../../../src/dsl/meaning.ts";
import { opTable } from "../../../src/dsl/ops/index.ts";
import { operandsOf, type Tensor } from "../../../src/dsl/tensor.ts";
import { isFloat } from "../../../src/dsl/type.ts";
import { type NDArray, tabulate } from "../../../src/passes/interpret/array.ts";
import { readOf } from "../../../src/passes/interpret/evaluate.ts";
import { numericReading, type Precision } from "../../../src/passes/interpret/reading.ts";
import { compileOp } from "../../../src/passes/kernels/code/compile.ts";
import { compiledOps } from "../../../src/passes/kernels/code/run-op.ts";
import { copyElements, storeOf, toNDArray } from "../../../src/passes/kernels/raw.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";

/** Runs every op of a graph both ways on the reference's own operands. */
function compare(name: string, seed: number, precision: Precision): void {
  const { graph, inputs } = exampleOf(name, randomFrom(seed));
  const runOp = compiledOps(precision);
  const values = new Map<Tensor, NDArray>();
  for (const value of schedule(graph)) {
    const { def, type } = value;
    if (def.kind === "const") values.set(value, { ...type, data: Float64Array.from(def.data) });
    else if (def.kind !== "op") values.set(value, inputs[value.name!]!);
    else {
      const operands = operandsOf(def);
      const m = numericReading(
        precision,
        operands.every((x) => !isFloat(x.type.dtype)),
      );
      const expected = tabulate(
        type,
        meaningOf(m, def, type, (x) => readOf(values.get(x)!)),
      );
      const stored = operands.map((x) => {
        const { data, dtype } = values.get(x)!;
        const { bytes, view } = storeOf(dtype, precision);
        const to = view(new ArrayBuffer(bytes * data.length), 0, data.length);
        copyElements(dtype, data, to);
        return to;
      });
      const { bytes, view } = storeOf(type.dtype, precision);
      const out = view(new ArrayBuffer(bytes * expected.data.length), 0, expected.data.length);
      compileOp(def, type, { precision })(out, ...stored);
      expect([...toNDArray({ ...type, data: out }).data]).toEqual([...expected.data]);
      // The same on doubles, as the interpreter holds them.
      const plain = runOp(def, type, (x) => values.get(x)!);
      expect([...plain.data]).toEqual([...expected.data]);
      values.set(value, expected);
    }
  }
}

describe.each([...opTable.keys()])("%s", (name) => {
  test.each(["fp16", "fp64"] as const)("compiled equals the meaning in %s", (precision) => {
    fc.assert(
      fc.property(fc.integer(), (seed) => compare(name, seed, precision)),
      { numRuns: 30 },
    );
  });
});
