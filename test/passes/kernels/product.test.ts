/** The kernels of matrix products against the reference: any shape, layout and numbers, and the order of their sums. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { meaningOf } from "../../../src/dsl/meaning.ts";
import { roundFp16 } from "../../../src/dsl/number.ts";
import { add, conv, linear, matmul, mul, reshape, transpose } from "../../../src/dsl/ops/index.ts";
import { constant, input, type OpDef, operandsOf, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { arrayOf, tabulate } from "../../../src/passes/interpret/array.ts";
import { readOf } from "../../../src/passes/interpret/evaluate.ts";
import { numericReading } from "../../../src/passes/interpret/reading.ts";
import { chunkSum } from "../../../src/passes/kernels/accumulate.ts";
import { type RawArray, toNDArray, toRaw } from "../../../src/passes/kernels/raw.ts";
import { planOf } from "../../../src/passes/run/plan.ts";
import { prepare } from "../../../src/passes/run/run.ts";
import { awkward, differences, expectOpSameBits, expectSameBits, streamOf } from "../../support/kernels.ts";
import { type Random, randomFrom } from "../../support/ops/draw.ts";

const runs = { numRuns: 60 };
const seeds = fc.integer();
const sizes = (max: number, min = 1) => fc.integer({ min, max });

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
          await expectOpSameBits(linear(x, weight("w", [rows, K]), options), [x], random);
        } else {
          const x = input("x", [batch, K, tokens, 1]);
          await expectOpSameBits(conv(x, weight("w", [rows, K, 1, 1]), options), [x], random);
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
        await expectOpSameBits(
          matmul(x as Tensor, y as Tensor, { transpose_x, transpose_y }),
          [x, y],
          randomFrom(seed),
        );
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

/** More batches than threads are given at a time, each of several blocks of tokens; `one` has operands in common. */
function manyBatches() {
  const [q, k, v] = [input("q", [1, 70, 9, 24]), input("k", [1, 70, 20, 24]), input("v", [24, 16])];
  const scores = matmul(q, k, { transpose_y: true });
  return { inputs: [q, k, v], outputs: { scores, mixed: matmul(scores, k), one: matmul(q, v) } };
}

test("many batches give the bits of the reference", async () => {
  const { inputs, outputs } = manyBatches();
  const random = randomFrom(3);
  const values = Object.fromEntries(inputs.map((x) => [x.name!, awkward(x.type, random)]));
  await expectSameBits(graph({ name: "g", inputs, outputs }), { values });
});

test("two threads give the bits of one", async () => {
  const random = randomFrom(7);
  const x = input("x", [1, 512, 5, 1]);
  const y = conv(x, weight("w", [3001, 512, 1, 1]));
  const p = matmul(reshape(y, { shape: [1, 3001, 5] }), reshape(x, { shape: [1, 5, 512] }));
  const many = manyBatches();
  const outputs = { p, z: add(y, mul(y, -0.5)), ...many.outputs };
  const plan = planOf(graph({ name: "g", inputs: [x, ...many.inputs], outputs }));
  const values = Object.fromEntries(plan.graph.inputs.map((leaf) => [leaf.name!, toRaw(awkward(leaf.type, random))]));
  const weights = streamOf((_, type) => awkward(type, randomFrom(8)));
  const [one, two] = await Promise.all([1, 2].map((threads) => prepare([plan], weights, { threads })));
  const bytes = (x: RawArray) => Buffer.from(x.data.buffer);
  const [a, b] = [one!, two!].map((executor) => executor.run(plan, values).outputs);
  for (const name of Object.keys(a!)) expect(bytes(a![name]!).equals(bytes(b![name]!)), name).toBe(true);
  await two!.close();
});

interface Sizes {
  readonly K: number;
  readonly rows: number;
  readonly tokens: number;
}

/** Every product that the model applies to, and every layout of its operands. */
const PRODUCTS: Readonly<Record<string, (sizes: Sizes) => Tensor>> = {
  conv: ({ K, rows, tokens }) => conv(input("a", [1, K, tokens, 1]), weight("w", [rows, K, 1, 1])),
  linear: ({ K, rows, tokens }) => linear(input("a", [tokens, K]), weight("w", [rows, K])),
  xy: ({ K, rows, tokens }) => matmul(input("a", [tokens, K]), input("b", [K, rows])),
  xyT: ({ K, rows, tokens }) => matmul(input("a", [tokens, K]), input("b", [rows, K]), { transpose_y: true }),
  xTy: ({ K, rows, tokens }) => matmul(input("a", [K, tokens]), input("b", [K, rows]), { transpose_x: true }),
};

async function checkModel(y: Tensor, chunk: number, random: Random): Promise<void> {
  const def = y.def as OpDef;
  const arrays = new Map(operandsOf(def).map((x) => [x, awkward(x.type, random)]));
  const leaves = (kind: string) => operandsOf(def).filter((x) => x.def.kind === kind);
  const g = graph({ name: "g", inputs: leaves("input"), outputs: { y } });
  const plan = planOf(g, { accumulate: { dtype: "fp16", chunk } });
  const executor = await prepare(
    [plan],
    streamOf(() => arrays.get(leaves("weight")[0]!)!),
  );
  const values = Object.fromEntries(g.inputs.map((x) => [x.name!, toRaw(arrays.get(x)!)]));
  const sum = (n: number, term: (k: number) => number) => chunkSum(n, chunk, term);
  const meaning = meaningOf({ ...numericReading("fp16", false), sum }, def, y.type, (x) => readOf(arrays.get(x)!));
  expect(differences(toNDArray(executor.run(plan, values).outputs.y!), tabulate(y.type, meaning))).toEqual([]);
}

test.each(Object.keys(PRODUCTS))("fp16 partial sums of %s follow the model of accumulate.ts", async (kind) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.record({ K: sizes(100, 2), rows: sizes(9), tokens: sizes(6) }),
      fc.constantFrom(8, 16, 32, 128),
      (seed, sizes, chunk) => checkModel(PRODUCTS[kind]!(sizes), chunk, randomFrom(seed)),
    ),
    { numRuns: 30 },
  );
});
