/** The kernels and the executor against the reference interpreter: the same bits for any shape and any numbers. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { graph } from "../src/dsl/graph.ts";
import { fp16Bits, fp16Value, roundFp16 } from "../src/dsl/number.ts";
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
  transpose,
} from "../src/dsl/ops/index.ts";
import { constant, input, type Tensor, weight } from "../src/dsl/tensor.ts";
import type { Shape } from "../src/dsl/type.ts";
import { arrayOf, fromFp16Bits, type NDArray } from "../src/passes/array.ts";
import { halfBits } from "../src/passes/kernels/code/runtime.ts";
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

/** Numbers that cancel but for their small parts: what is left of the sum depends on the order of the additions. */
function cancelling(length: number, random: Random): readonly number[] {
  const big = Array.from({ length: length >> 1 }, () => roundFp16(random() * 60000));
  const small = Array.from({ length: length % 2 }, () => roundFp16(random()));
  const mixed = [...big.map((x) => roundFp16(x + 64 * random())), ...big.map((x) => -x), ...small];
  return mixed
    .map((x) => ({ x, key: random() }))
    .sort((p, q) => p.key - q.key)
    .map(({ x }) => x);
}

const ORDERED: Readonly<Record<string, (x: Tensor<Shape, "fp16">, y: Tensor<Shape, "fp16">) => Tensor>> = {
  matmul: (x, y) => matmul(x, transpose(y, { perm: [1, 0] })),
  "matmul, transpose_y": (x, y) => matmul(x, y, { transpose_y: true }),
  "matmul, turned round": (x, y) => matmul(y, x, { transpose_y: true }),
  conv: (x, y) => {
    const [T, K] = x.type.shape as readonly [number, number];
    return conv(
      reshape(transpose(x, { perm: [1, 0] }), { shape: [1, K, T] }),
      reshape(y, { shape: [...y.type.shape, 1] }),
    );
  },
};

test.each(Object.keys(ORDERED))("%s adds in the documented order", async (name) => {
  await fc.assert(
    fc.asyncProperty(seeds, sizes(6), fc.constantFrom(5, 8, 16), sizes(64), async (seed, tokens, rows, K) => {
      const random = randomFrom(seed);
      const [x, y] = [input("x", [tokens, K]), input("y", [rows, K])];
      const g = graph({ name: "g", inputs: [x, y], outputs: { z: ORDERED[name]!(x, y) } });
      const numbers = Array.from({ length: tokens }, () => cancelling(K, random)).flat();
      const ones = new Float64Array(rows * K).fill(1);
      await expectSameBits(g, { values: { x: arrayOf("fp16", [tokens, K], numbers), y: { ...y.type, data: ones } } });
    }),
    runs,
  );
});

test("a convolution of one channel keeps the sign of zero, which a sum would lose", async () => {
  const x = input("x", [1, 1, 2, 1]);
  const g = graph({ name: "g", inputs: [x], outputs: { y: conv(x, constant([1, -1], [2, 1, 1, 1])) } });
  await expectSameBits(g, { values: { x: arrayOf("fp16", [1, 1, 2, 1], [-0, 0]) } });
});

/** Doubles at and beside the middle of two neighbouring fp16. */
const halfway = fc
  .tuple(fc.integer({ min: 0, max: 0x7bff }), fc.constantFrom(-1, 0, 1), fc.boolean())
  .map(([bits, side, negative]) => {
    const middle = (fp16Value(bits) + (bits === 0x7bff ? 65536 : fp16Value(bits + 1))) / 2;
    return (negative ? -1 : 1) * middle * (1 + side * 2 ** -40);
  });

test("halfBits rounds any double to the nearest fp16", () => {
  fc.assert(
    fc.property(fc.oneof(fc.double(), fc.float(), fc.double({ min: -7e4, max: 7e4 }), halfway), (x) => {
      expect(halfBits(x)).toBe(fp16Bits(roundFp16(x)));
    }),
    { numRuns: 2000 },
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
  const x = input("x", [65536]);
  const g = graph({ name: "g", inputs: [x], outputs: { y: maximum(x, x), z: mul(x, 0.37), w: add(x, 2 ** -24) } });
  await expectSameBits(g, { values: { x: fromFp16Bits([65536], bits) } });
});

test("keeping and adding nothing leaves every fp16 as the reference leaves it", async () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, n) => n);
  const [x, keep, y] = [input("x", [8192, 8]), input("keep", [8192, 1]), input("y", [8192, 8])];
  const g = graph({
    name: "g",
    inputs: [x, keep, y],
    outputs: { kept: mul(x, keep), sum: add(x, y), mixed: add(mul(x, keep), y) },
  });
  const keeps = Array.from({ length: 8192 }, (_, n) => [1, 0, -0, -1][n % 4]!);
  const zeros = Array.from({ length: 65536 }, (_, n) => [0, 0, -0, 0, 0, 3][Math.floor(n / 8) % 6]!);
  const values = {
    x: fromFp16Bits(x.type.shape, bits),
    keep: arrayOf("fp16", [8192, 1], keeps),
    y: arrayOf("fp16", [8192, 8], zeros),
  };
  await expectSameBits(g, { values });
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
