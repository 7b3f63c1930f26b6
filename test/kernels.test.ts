/** The kernels and the executor against the reference interpreter: the same bits for any shape and any numbers. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { graph } from "../src/dsl/graph.ts";
import {
  add,
  conv,
  linear,
  matmul,
  maximum,
  minimum,
  mul,
  opTable,
  real_div,
  reshape,
  sub,
} from "../src/dsl/ops/index.ts";
import { input, type Tensor, weight } from "../src/dsl/tensor.ts";
import type { NDArray } from "../src/passes/array.ts";
import { type RawArray, toRaw } from "../src/passes/kernels/raw.ts";
import { kernelOf } from "../src/passes/kernels/table.ts";
import { planOf } from "../src/passes/plan.ts";
import { prepare } from "../src/passes/run.ts";
import { awkward, expectSameBits, streamOf } from "./kernels-support.ts";
import { type Random, randomFrom } from "./op-draw.ts";
import { exampleOf } from "./op-examples.ts";

const runs = { numRuns: 60 };
const seeds = fc.integer();
const sizes = (max: number) => fc.integer({ min: 1, max });

/** Checks a graph of one output on awkward numbers; weights get them too. */
async function check(y: Tensor, inputs: readonly Tensor[], random: Random, threads = 1): Promise<void> {
  const g = graph({ name: "g", inputs, outputs: { y } });
  const values = Object.fromEntries(inputs.map((x) => [x.name!, awkward(x.type, random)]));
  const weights = new Map<string, NDArray>();
  await expectSameBits(
    g,
    {
      values,
      weight(source, type) {
        const key = JSON.stringify([source, type]);
        if (!weights.has(key)) weights.set(key, awkward(type, random));
        return weights.get(key)!;
      },
    },
    { threads },
  );
}

test("conv 1×1 and linear, with and without bias", async () => {
  await fc.assert(
    fc.asyncProperty(
      seeds,
      fc.record({
        K: sizes(70),
        rows: sizes(11),
        tokens: sizes(9),
        batch: sizes(2),
        bias: fc.boolean(),
        linear: fc.boolean(),
      }),
      async (seed, { K, rows, tokens, batch, bias, linear: asLinear }) => {
        const random = randomFrom(seed);
        const options = bias ? { bias: weight("b", [rows]) } : {};
        if (asLinear) {
          const x = input("x", [batch, tokens, K]);
          await check(linear(x, weight("w", [rows, K]), options), [x], random);
        } else {
          const x = input("x", [batch, K, tokens, 1]);
          await check(conv(x, weight("w", [rows, K, 1, 1]), options), [x], random);
        }
      },
    ),
    runs,
  );
});

test("matmul, transposed or not, with batches that broadcast", async () => {
  await fc.assert(
    fc.asyncProperty(
      seeds,
      fc.record({
        M: sizes(9),
        N: sizes(20),
        K: sizes(40),
        batch: fc.constantFrom<[number[], number[]]>(
          [[], []],
          [[2], [2]],
          [[3], [1]],
          [
            [1, 2],
            [3, 1],
          ],
          [[2], []],
        ),
        transpose_x: fc.boolean(),
        transpose_y: fc.boolean(),
        dtype: fc.constantFrom("fp16", "fp32", "int32"),
      }),
      async (seed, { M, N, K, batch, transpose_x, transpose_y, dtype }) => {
        const [left, right] = batch;
        const x = input("x", [...left, ...(transpose_x ? [K, M] : [M, K])], dtype);
        const y = input("y", [...right, ...(transpose_y ? [N, K] : [K, N])], dtype);
        await check(matmul(x as Tensor, y as Tensor, { transpose_x, transpose_y }), [x, y], randomFrom(seed));
      },
    ),
    { numRuns: 120 },
  );
});

const BINARY = { add, sub, mul, real_div, maximum, minimum } as const;

test("elementwise with broadcasting", async () => {
  await fc.assert(
    fc.asyncProperty(
      seeds,
      fc.constantFrom(...Object.values(BINARY)),
      fc.array(fc.tuple(sizes(11), fc.constantFrom("both", "x", "y")), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 0, max: 4 }),
      async (seed, op, axes, dropped) => {
        const shapeOf = (who: string) => axes.map(([n, has]) => (has === "both" || has === who ? n : 1));
        const x = input("x", shapeOf("x"));
        const y = input("y", shapeOf("y").slice(Math.min(dropped, axes.length - 1)));
        await check(op(x, y), [x, y], randomFrom(seed));
      },
    ),
    { numRuns: 120 },
  );
});

test("every fp16 passes through the kernels' conversions unchanged, and back", async () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, n) => n);
  const { fromFp16Bits } = await import("../src/passes/array.ts");
  const x = input("x", [65536]);
  const g = graph({ name: "g", inputs: [x], outputs: { y: maximum(x, x), z: mul(x, 0.37), w: add(x, 2 ** -24) } });
  await expectSameBits(g, { values: { x: fromFp16Bits([65536], bits) } });
});

test("a product of one-hot rows is zero with the reference's sign where nothing is written", async () => {
  await fc.assert(
    fc.asyncProperty(seeds, sizes(5), fc.boolean(), async (seed, tokens, negativeZero) => {
      const random = randomFrom(seed);
      const mask = input("mask", [1, 1, 13, tokens]);
      const rows = input("rows", [1, 2, tokens, 8]);
      const g = graph({ name: "g", inputs: [mask, rows], outputs: { y: matmul(mask, rows) } });
      const zero = negativeZero ? -0 : 0;
      const data = Float64Array.from({ length: 13 * tokens }, (_, i) =>
        i % tokens === Math.floor(i / tokens) ? 1 : zero,
      );
      await expectSameBits(g, { values: { mask: { ...mask.type, data }, rows: awkward(rows.type, random) } });
    }),
    runs,
  );
});

test("two threads give the bits of one", async () => {
  const random = randomFrom(7);
  const x = input("x", [1, 512, 5, 1]);
  const y = conv(x, weight("w", [3001, 512, 1, 1]));
  const p = matmul(reshape(y, { shape: [1, 3001, 5] }), reshape(x, { shape: [1, 5, 512] }));
  const plan = planOf(graph({ name: "g", inputs: [x], outputs: { p, z: add(y, mul(y, -0.5)) } }));
  const values = { x: toRaw(awkward(x.type, random)) };
  const weights = streamOf((_, type) => awkward(type, randomFrom(8)));
  const [one, two] = await Promise.all([1, 2].map((threads) => prepare([plan], weights, { threads })));
  const bytes = (x: RawArray) => Buffer.from(x.data.buffer);
  const [a, b] = [one!, two!].map((executor) => executor.run(plan, values).outputs);
  for (const name of Object.keys(a!)) expect(bytes(a![name]!).equals(bytes(b![name]!)), name).toBe(true);
  await two!.close();
});

test.each([...opTable.keys()])("graphs of %s run as the reference runs them", async (name) => {
  await fc.assert(
    fc.asyncProperty(seeds, async (seed) => {
      const example = exampleOf(name, randomFrom(seed));
      await expectSameBits(example.graph, { values: example.inputs });
    }),
    { numRuns: 10 },
  );
});

test("the ops that have kernels use them", () => {
  const x = input("x", [1, 8, 4, 1]);
  const y = conv(x, weight("w", [16, 8, 1, 1]));
  const { steps } = planOf(graph({ name: "g", inputs: [x], outputs: { y: add(y, 1) } }));
  for (const { value } of steps) {
    if (value.def.kind !== "op") throw new Error("a step is an op");
    expect(kernelOf(value.def, value.type, { precision: "fp16" }), value.def.op).toBeDefined();
  }
});
