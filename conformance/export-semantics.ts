/** Writes random single-op cases with our results, for coremltools to compute again. One JSON object a line. */
import { writeFileSync } from "node:fs";
import { schedule } from "../src/dsl/graph.ts";
import { mapOperands } from "../src/dsl/operands.ts";
import { opTable } from "../src/dsl/ops/index.ts";
import type { NDArray } from "../src/passes/interpret/array.ts";
import { evaluateAll } from "../src/passes/interpret/evaluate.ts";
import { exampleOf, randomFrom } from "../test/support/ops/examples.ts";

const CASES = 60;

const plain = ({ dtype, shape, data }: NDArray) => ({
  dtype,
  shape,
  data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
});

const lines: string[] = [];
for (const op of opTable.keys()) {
  for (let seed = 0; seed < CASES; seed++) {
    const { graph, inputs } = exampleOf(op, randomFrom(seed));
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
