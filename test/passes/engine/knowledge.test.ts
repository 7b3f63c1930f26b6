/** What is said of values without bounds is never more than what the bounds say. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import * as ops from "../../../src/dsl/ops/index.ts";
import { opTable } from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../src/dsl/tensor.ts";
import { knowledgeOf } from "../../../src/passes/engine/estimate.ts";
import { engineOps } from "../../../src/passes/engine/run-op.ts";
import { arrayOf } from "../../../src/passes/interpret/array.ts";
import { evaluateAll } from "../../../src/passes/interpret/evaluate.ts";
import { engineWatch, type WatchedValue } from "../../../src/passes/run/engine-watch.ts";
import { planOf } from "../../../src/passes/run/plan.ts";
import { prepare } from "../../../src/passes/run/run.ts";
import { randomFrom } from "../../support/ops/draw.ts";
import { exampleOf } from "../../support/ops/examples.ts";

type Example = Pick<ReturnType<typeof exampleOf>, "graph" | "inputs">;

async function watched({ graph: g, inputs }: Example): Promise<readonly WatchedValue[]> {
  const watch = engineWatch(g);
  const plan = planOf(g, watch.options);
  const executor = await prepare([plan], async function* none() {});
  executor.run(plan, inputs, watch.observe);
  await executor.close();
  return watch.values();
}

test.each([...opTable.keys()])("%s is exact only where the bounds are", async (name) => {
  const runOp = engineOps();
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const example = exampleOf(name, randomFrom(seed));
      const estimates = evaluateAll(example.graph, { values: example.inputs }, { runOp });
      for (const { value, level } of await watched(example)) {
        const known = knowledgeOf(estimates.get(value)!);
        if (level === "exact") expect(known, name).toBe("exact");
        if (known === "open") expect(level, name).not.toBe("exact");
      }
    }),
    { numRuns: 3 },
  );
});

describe("levels and reasons", () => {
  const x = input("x", [1, 4]);
  const told = async (make: (x: Tensor<readonly [1, 4], "fp16">) => Tensor, data = [1, 2, 3, 4]) => {
    const y = make(x);
    const g = graph({ name: "g", inputs: [x], outputs: { y } });
    const values = await watched({ graph: g, inputs: { x: arrayOf("fp16", [1, 4], data) } });
    const { level, why } = values.find(({ value }) => value === y)!;
    return [level, why];
  };
  test("what is on record", async () => {
    expect(await told((y) => ops.mul(ops.tanh(y), y))).toEqual(["exact", undefined]);
    expect(await told((y) => ops.silu(y))).toEqual(["bounded", "silu: the knots of its table are not on record"]);
    expect(await told((y) => ops.reduce_sum(y, { axes: [1] }))).toEqual([
      "bounded",
      "reduce_sum: a sum whose order is not on record",
    ]);
    expect(await told((y) => ops.pow(y, 3))).toEqual(["open", "pow: a power"]);
  });
  test("a sum that may pass the limit, and one that cannot", async () => {
    const w = constant([1, -1, 1, 0], [4, 1], "fp16");
    expect(await told((y) => ops.matmul(y, w))).toEqual(["exact", undefined]);
    expect((await told((y) => ops.matmul(y, w), [16384, 16384, 1, 1]))[0]).toBe("open");
  });
  test("what comes of numbers that are not known is not exact, though its op is", async () => {
    expect(await told((y) => ops.tanh(ops.silu(y)))).toEqual(["bounded", undefined]);
  });
  test("a logarithm below 0 is open", async () => {
    expect((await told((y) => ops.log(y), [-1, 1, 1, 1]))[0]).toBe("open");
    expect((await told((y) => ops.log(y)))[0]).toBe("exact");
  });
});
