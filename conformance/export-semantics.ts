/** Writes random single-op cases with our results, for coremltools to compute again. One JSON object a line. */
import { writeFileSync } from "node:fs";
import { graph, schedule } from "../src/dsl/graph.ts";
import { mapOperands } from "../src/dsl/operands.ts";
import { cast, opTable, pow, quantize, slice_by_index } from "../src/dsl/ops/index.ts";
import { constant, type OpDef, type Tensor } from "../src/dsl/tensor.ts";
import type { DType } from "../src/dsl/type.ts";
import type { NDArray } from "../src/passes/interpret/array.ts";
import { evaluateAll } from "../src/passes/interpret/evaluate.ts";
import { exampleOf, randomFrom } from "../test/support/ops/examples.ts";

const CASES = 60;

const plain = ({ dtype, shape, data }: NDArray) => ({
  dtype,
  shape,
  data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
});

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const of = (dtype: DType, ...data: readonly number[]): Tensor => constant(data, [data.length], dtype);
const row = of("fp16", 10, 11, 12, 13, 14);
const far = of("fp32", 40000, -40000, 70000.9, 200, -200.5, 300, -1, inf, nan);
const SHORT = ["int16", "uint16", "int8", "uint8"] as const;

/** Values at the edges of ops, where random ones do not come. */
const EDGES: readonly Tensor[] = [
  pow(of("fp16", 1, 1, -1, -1, nan, 2, 0, -8, 0, 0), of("fp16", nan, inf, inf, -inf, 0, nan, 0, 1 / 3, -1, -2)),
  pow(of("int32", 2, 3, 10, 3, -2, 0), of("int32", 31, 30, 20, 40, 3, 0)),
  cast(of("fp32", 1e30, -1e30, 65519, 65520), { dtype: "fp16" }),
  cast(of("int32", 70000, -70000), { dtype: "fp16" }),
  ...SHORT.map((dtype) => cast(far, { dtype })),
  ...SHORT.map((dtype) => cast(of("int32", 40000, 70000, -1, 200, -200, 2 ** 31 - 1), { dtype })),
  ...[3, 4, -1].flatMap((begin) => [-6, -7].map((end) => slice_by_index(row, [begin], [end], { stride: [-1] }))),
  ...(["int8", "uint8"] as const).flatMap((output_dtype) => [
    quantize(of("fp16", -0.5, 0.5, 1.5, 2.5, 127.5, 128.5, 255.5, -128.5, 60000, inf, -inf), 1, { output_dtype }),
    quantize(of("fp16", 0.2499, 6e-8, 65504, -65504), 0.1, { output_dtype }),
    quantize(of("fp32", 0.25, 0.75, 1e30, -1e30), 0.5, { output_dtype }),
  ]),
];

const lines: string[] = [];
for (const op of opTable.keys()) {
  const edges = EDGES.filter((y) => (y.def as OpDef).op === op).map((y) => ({
    graph: graph({ name: op, inputs: [], outputs: { y } }),
    inputs: {},
  }));
  const random = Array.from({ length: CASES }, (_, seed) => exampleOf(op, randomFrom(seed)));
  for (const [seed, { graph, inputs }] of [...random, ...edges].entries()) {
    const values = evaluateAll(graph, { values: inputs });
    for (const value of schedule(graph)) {
      const { def } = value;
      if (def.kind !== "op" || def.op !== op) continue;
      const operands = mapOperands(def.operands, (x) => plain(values.get(x)!));
      lines.push(
        JSON.stringify({
          op,
          seed,
          operands,
          attrs: def.attrs,
          part: def.part ?? 0,
          result: plain(values.get(value)!),
        }),
      );
    }
  }
}
writeFileSync(process.argv[2]!, lines.join("\n"));
