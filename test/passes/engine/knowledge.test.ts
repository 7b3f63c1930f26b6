/** What is said of values without bounds is never more than what the bounds say. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import * as ops from "../../../src/dsl/ops/index.ts";
import { opTable } from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../src/dsl/tensor.ts";
import { type Estimate, knowledgeOf } from "../../../src/passes/engine/estimate.ts";
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
  const codes = ops.constexpr_blockwise_shift_scale(
    constant([1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8], [4, 4], "int8"),
    constant([0.01, 0.01, 0.01, 0.01], [4, 1]),
  ) as Tensor<readonly [4, 4], "fp16">;
  test.each<[string, (x: Tensor<readonly [1, 4], "fp16">) => Tensor]>([
    ["linear", (y) => ops.linear(y, codes)],
    ["matmul", (y) => ops.matmul(y, codes)],
    ["einsum", (y) => ops.einsum([y, codes], { equation: "ij,jk->ik" })],
    ["matmul", (y) => ops.matmul(y, ops.transpose(codes, { perm: [1, 0] }))],
  ])(
    "%s of codes is open wherever they stand: whether their scale is in the sum is not on record",
    async (op, make) => {
      const why = `${op} of unpacked weights or with a kernel wider than 1: how it sums is not on record`;
      expect(await told(make)).toEqual(["open", why]);
    },
  );
  test("what is on record", async () => {
    expect(await told((y) => ops.mul(ops.tanh(y), y))).toEqual(["exact", undefined]);
    expect(await told((y) => ops.silu(y))).toEqual(["bounded", "silu: the knots of its table are not on record"]);
    expect(await told((y) => ops.reduce_sum(y, { axes: [1] }))).toEqual([
      "bounded",
      "reduce_sum: a sum whose order is not on record",
    ]);
    expect(await told((y) => ops.pow(y, 3))).toEqual(["open", "pow: its arithmetic is not on record"]);
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

describe("what is not on record is not exact, in levels and in bounds", () => {
  const x = input("x", [1, 2, 1, 4]);
  const half = (...shape: readonly number[]) =>
    constant(
      new Float64Array(shape.reduce((a, n) => a * n, 1)).map((_, k) => (k % 3) / 8),
      shape,
      "fp16",
    );
  const positions = constant([1, 0], [2], "int32");
  const conv = (...kernel: readonly number[]) => ops.conv(x, half(2, 2, ...kernel), { pad_type: "same" });
  const wide = ops.cast(x, { dtype: "fp32" });
  const values: Readonly<Record<string, Tensor>> = {
    linear_activation: ops.linear_activation(x, { alpha: 0.3, beta: 0.1 }),
    sigmoid_hard: ops.sigmoid_hard(x, { alpha: 0.3, beta: 0.1 }),
    prelu: ops.prelu(x, half(2)),
    leaky_relu: ops.leaky_relu(x, { alpha: 0.3 }),
    elu: ops.elu(x, { alpha: 1 }),
    softplus: ops.softplus(x),
    batch_norm: ops.batch_norm(x, half(2), half(2)),
    mod: ops.mod(x, 3),
    floor_div: ops.floor_div(x, 3),
    floor: ops.floor(x),
    ceil: ops.ceil(x),
    select: ops.select(ops.less(x, 1), x, ops.add(x, 1)),
    less: ops.less(x, 1),
    reduce_max: ops.reduce_max(x, { axes: [1] }),
    max_pool: ops.max_pool(x, { kernel_sizes: [1, 2], strides: [1, 1], pad_type: "valid" }),
    topk: ops.topk(x, { k: 1, axis: 1 })[0],
    "fp32 between casts": ops.mul(wide, constant([1.0001], [1], "fp32")),
    "cast from fp32": ops.cast(wide, { dtype: "fp16" }),
    "cast to whole numbers": ops.cast(x, { dtype: "int32" }),
    "scatter add": ops.scatter(x, positions, x, { axis: 1, mode: "add" }),
    "conv 3 high": conv(3, 1),
    "conv 3 wide, strided": ops.conv(x, half(2, 2, 1, 3), { pad_type: "same", strides: [1, 2] }),
    "conv 5 wide": conv(1, 5),
    conv_transpose: ops.conv_transpose(x, half(2, 2, 1, 3)),
  };
  test.each(Object.entries(values))("%s", async (_, y) => {
    const g = graph({ name: "g", inputs: [x], outputs: { y } });
    const inputs = { x: arrayOf("fp16", [1, 2, 1, 4], [1, 2.5, -3, 0.125, 0.3, -0.7, 5, 6]) };
    const seen = await watched({ graph: g, inputs });
    expect(seen.find(({ value }) => value === y)!.level).not.toBe("exact");
    const estimate: Estimate = evaluateAll(g, { values: inputs }, { runOp: engineOps() }).get(y)!;
    expect(knowledgeOf(estimate)).not.toBe("exact");
    for (const [k, point] of estimate.data.entries())
      expect([estimate.low![k]! <= point, point <= estimate.high![k]!]).toEqual([true, true]);
  });
});

test("casts that keep every number, and a convolution with a kernel of 1, are exact", async () => {
  const x = input("x", [1, 2, 1, 1]);
  const y = ops.conv(x, constant([1, 2, 3, 4], [2, 2, 1, 1], "fp16"));
  const z = ops.cast(y, { dtype: "fp32" });
  const g = graph({ name: "g", inputs: [x], outputs: { z } });
  const seen = await watched({ graph: g, inputs: { x: arrayOf("fp16", [1, 2, 1, 1], [1, 2]) } });
  expect(seen.map(({ level }) => level)).toEqual(["exact", "exact"]);
});
