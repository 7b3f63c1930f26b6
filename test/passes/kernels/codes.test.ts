/** Products over int8 codes that are unpacked as they are read: the bits of the reference, whatever the codes, scales and vectors. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Graph, graph } from "../../../src/dsl/graph.ts";
import { fp16Value, roundFp16 } from "../../../src/dsl/number.ts";
import { add, constexpr_blockwise_shift_scale, conv, linear } from "../../../src/dsl/ops/index.ts";
import { input, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import { sizeOf, type TensorType } from "../../../src/dsl/type.ts";
import { arrayOf, type NDArray } from "../../../src/passes/interpret/array.ts";
import { dataAddress, machine } from "../../../src/passes/kernels/machine.ts";
import { planOf } from "../../../src/passes/run/plan.ts";
import { bytesOf } from "../../../src/passes/run/run.ts";
import { awkward, expectSameBits } from "../../support/kernels.ts";
import { type Random, randomFrom } from "../../support/ops/draw.ts";

/** Numbers that scales are: as a build makes them, subnormal, at the bound of the fast code and above it, negative, infinite. */
const SCALES: readonly ((random: Random) => number)[] = [
  (random) => roundFp16(0.0004 * (1 + random())),
  (random) => fp16Value(Math.floor(random() * 0x400)),
  (random) => fp16Value(0x0400 + Math.floor(random() * 0x400)),
  (random) => fp16Value(Math.floor(random() * 0x5ffd)),
  () => 511,
  () => 511.5,
  (random) => -roundFp16(random()),
  (random) => fp16Value(Math.floor(random() * 0x7c00)),
  () => Infinity,
];

const codesOf = ({ dtype, shape }: TensorType, random: Random): NDArray =>
  arrayOf(
    dtype,
    shape,
    Float64Array.from({ length: sizeOf(shape) }, () => Math.floor(random() * 256) - 128),
  );

function scalesOf({ dtype, shape }: TensorType, random: Random): NDArray {
  // One kind for all rows in most runs: a single large one sends all of them the slow way.
  const all = random() < 0.7 ? SCALES[Math.floor(random() * SCALES.length)]! : undefined;
  const one = () => (all ?? SCALES[Math.floor(random() * SCALES.length)]!)(random);
  return arrayOf(dtype, shape, Float64Array.from({ length: sizeOf(shape) }, one));
}

const unpacked = (rows: number, K: number, taps: readonly number[]): Tensor<readonly number[], "fp16"> => {
  const codes = { ...weight("w", [rows, K, ...taps]), type: { dtype: "int8" as const, shape: [rows, K, ...taps] } };
  return constexpr_blockwise_shift_scale(codes, weight("s", [rows, 1, ...taps.map(() => 1)]));
};

async function expectSame(g: Graph, random: Random, threads: number): Promise<void> {
  const values = Object.fromEntries(g.inputs.map((x) => [x.name!, awkward(x.type, random)]));
  const known = new Map<string, NDArray>();
  const made = (type: TensorType, name: string): NDArray =>
    name === "w" ? codesOf(type, random) : name === "s" ? scalesOf(type, random) : awkward(type, random);
  await expectSameBits(
    g,
    {
      values,
      weight(source, type) {
        const name = source.from === "checkpoint" ? source.tensor : "";
        if (!known.has(name)) known.set(name, made(type, name));
        return known.get(name)!;
      },
    },
    { threads, keepCodes: true },
  );
}

test("conv and linear, with and without bias, of one token and of many", async () => {
  const size = (max: number) => fc.integer({ min: 1, max });
  const sizes = { K: fc.integer({ min: 2, max: 70 }), rows: size(40), tokens: size(9) };
  const forms = { bias: fc.boolean(), linear: fc.boolean(), seed: fc.integer(), threads: size(2) };
  await fc.assert(
    fc.asyncProperty(fc.record({ ...sizes, ...forms }), async (form) => {
      const { K, rows, tokens, threads } = form;
      const options = form.bias ? { bias: weight("b", [rows]) } : {};
      const x = form.linear ? input("x", [tokens, K]) : input("x", [2, K, tokens, 1]);
      const w = unpacked(rows, K, form.linear ? [] : [1, 1]) as never;
      const y = (form.linear ? linear(x as never, w, options) : conv(x as never, w, options)) as Tensor;
      await expectSame(graph({ name: "g", inputs: [x], outputs: { y } }), randomFrom(form.seed), threads);
    }),
    { numRuns: 80 },
  );
});

test("every code times scales of all sizes that the fast code takes, subnormal ones too", async () => {
  const scales = Float64Array.from({ length: 0x5ffd }, (_, bits) => fp16Value(bits));
  const codes = Int8Array.from({ length: 256 }, (_, k) => k - 128);
  const x = input("x", [256, 256]);
  const identity = Float64Array.from({ length: 2 ** 16 }, (_, i) => (i % 257 === 0 ? 1 : 0));
  // A share of them: odd steps meet all exponents and all kinds of fractions.
  const some = scales.filter((_, k) => k % 127 === 0);
  const y = linear(x, unpacked(some.length, 256, []) as never) as Tensor;
  const weightOf = (source: { readonly tensor?: string }, { shape }: TensorType) =>
    source.tensor === "s"
      ? arrayOf("fp16", shape, some)
      : arrayOf(
          "int8",
          shape,
          Float64Array.from({ length: sizeOf(shape) }, (_, i) => codes[i % 256]!),
        );
  const values = { x: arrayOf("fp16", [256, 256], identity) };
  const g = graph({ name: "g", inputs: [x], outputs: { y } });
  await expectSameBits(g, { values, weight: weightOf as never }, { keepCodes: true });
});

test("such a weight takes a third of the memory; one that is read otherwise too is unpacked beside it", () => {
  const x = input("x", [4, 1024]);
  const w = unpacked(1024, 1024, []) as never;
  const g = (outputs: Readonly<Record<string, Tensor>>) => graph({ name: "g", inputs: [x], outputs });
  const product = linear(x, w) as Tensor;
  const bytes = (keepCodes: boolean, outputs: Readonly<Record<string, Tensor>>) =>
    planOf(g(outputs), { keepCodes }).constants.reduce(
      (sum, { type }) => sum + sizeOf(type.shape) * (type.dtype === "int8" ? 1 : 2),
      0,
    );
  const scales = 2048;
  expect(bytes(true, { y: product })).toBe(2 ** 20 + scales);
  expect(bytes(false, { y: product })).toBe(3 * 2 ** 20 + scales);
  expect(bytes(true, { y: product, z: add(w, w) as Tensor })).toBeGreaterThan(3 * 2 ** 20);
  expect(bytesOf([planOf(g({ y: product }), { keepCodes: true })])).toBeLessThan(
    bytesOf([planOf(g({ y: product }))]) - 2 ** 21 + 2 ** 17,
  );
});

test("every code times every scale that the fast code takes is rounded to fp16 as the reference rounds it", () => {
  const [rows, scratch] = [0x5ffd, 1024];
  const m = machine({ data: 32 * rows, scratch, threads: 1 });
  const x = dataAddress({ scratch, threads: 1 });
  const [scales, codes, out] = [x + 128, x + 128 + 2 * rows + 6, x + 128 + 10 * rows + 6];
  // Token t is k = t alone, so that each result is one product, as fp32.
  for (let t = 0; t < 4; t++) new Float32Array(m.buffer, x, 32)[9 * t] = 1;
  new Uint16Array(m.buffer, scales, rows).set(Uint16Array.from({ length: rows }, (_, n) => n + 0x8000 * (n & 1)));
  const found = new Float32Array(m.buffer, out, 4 * rows);
  let wrong = 0;
  for (let code = -128; code < 128; code += 4) {
    const own = new Int8Array(m.buffer, codes, 8 * rows);
    for (let row = 0; row < rows; row++) for (let t = 0; t < 4; t++) own[8 * row + t] = code + t;
    m.run("codes_1x4", [codes, 8, x, 8, 8, 0, out, 16, 4, 4, 1, 0, scales], rows, rows);
    for (let row = 0; row < rows; row++) {
      const scale = fp16Value(row) * (row & 1 ? -1 : 1);
      for (let t = 0; t < 4; t++) if (found[4 * row + t] !== roundFp16(scale * (code + t))) wrong++;
    }
  }
  expect(wrong).toBe(0);
});
