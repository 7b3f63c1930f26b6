/** Plans and the executor around the kernels: memory, shared weights, folded constants, accumulation models, errors. */
import { brotliDecompressSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import wabt from "wabt";
import { graph } from "../../../src/dsl/graph.ts";
import {
  add,
  constexpr_blockwise_shift_scale,
  constexpr_lut_to_dense,
  conv,
  exp,
  linear,
  mul,
  reshape,
} from "../../../src/dsl/ops/index.ts";
import { constant, input, type OpDef, operandsOf, state, type Tensor, weight } from "../../../src/dsl/tensor.ts";
import type { TensorType } from "../../../src/dsl/type.ts";
import type { WeightSource } from "../../../src/dsl/weight-source.ts";
import { PHI4_MINI } from "../../../src/models/config.ts";
import { decoderLayers } from "../../../src/models/layers.ts";
import { arrayOf, type NDArray } from "../../../src/passes/interpret/array.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { KERNELS_BASE64 } from "../../../src/passes/kernels/module.gen.ts";
import { toNDArray, toRaw } from "../../../src/passes/kernels/raw.ts";
import { FEATURES, kernelModule } from "../../../src/passes/kernels/wat/module.ts";
import { layOut } from "../../../src/passes/run/memory.ts";
import { type Plan, planOf } from "../../../src/passes/run/plan.ts";
import { bytesOf, prepare } from "../../../src/passes/run/run.ts";
import { awkward, differences, expectSameBits, streamOf } from "../../support/kernels.ts";
import { randomFrom } from "../../support/ops/draw.ts";

const noWeights = streamOf(() => {
  throw new Error("no weight was expected");
});

test("the checked-in kernels are those of the text", async () => {
  const module = (await wabt()).parseWat("kernels.wat", kernelModule(), FEATURES);
  expect(
    Buffer.from(module.toBinary({}).buffer).equals(brotliDecompressSync(Buffer.from(KERNELS_BASE64, "base64"))),
  ).toBe(true);
});

test("no relaxed SIMD and no fused multiply-add", () => {
  expect(kernelModule()).not.toMatch(/relaxed|madd|nmadd/);
});

test("memory: requests that live at the same time never overlap, and the arena is no larger than needed by a chain", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 4 })),
      ),
      fc.constantFrom(0, 3, 2048),
      (drawn, closely) => {
        const requests = drawn.map(([bytes, from, length]) => ({ bytes, from, to: from + length }));
        const { offsets, bytes } = layOut(requests, closely);
        for (const [a, x] of requests.entries()) {
          expect(offsets[a]! + x.bytes).toBeLessThanOrEqual(bytes);
          for (const [b, y] of requests.entries()) {
            const meet = a !== b && x.from <= y.to && y.from <= x.to;
            if (meet) expect(offsets[a]! + x.bytes <= offsets[b]! || offsets[b]! + y.bytes <= offsets[a]!).toBe(true);
          }
        }
      },
    ),
  );
  const chain = Array.from({ length: 10 }, (_, n) => ({ bytes: 100, from: n, to: n + 1 }));
  for (const closely of [0, 2, 2048])
    expect(layOut(chain, closely).bytes).toBeLessThanOrEqual(closely === 2 ? 400 : 200);
  expect(layOut(chain).bytes).toBe(200);
});

test("a true-size layer at max_seq 4096 is foreseen to stay below 600 MB", () => {
  const plans = [4, 1].map((tokens) => planOf(decoderLayers(PHI4_MINI, { tokens, maxSeq: 4096 })));
  const bytes = bytesOf(plans, { threads: 2 });
  expect(bytes).toBeGreaterThan(200e6);
  expect(bytes).toBeLessThan(300e6);
});

test("two plans of one layer load each weight once", async () => {
  const seen: string[] = [];
  const layer = (tokens: number) => {
    const x = input("x", [1, 8, tokens, 1]);
    return graph({ name: `t${tokens}`, inputs: [x], outputs: { y: conv(x, weight("w", [16, 8, 1, 1])) } });
  };
  const plans = [planOf(layer(4)), planOf(layer(1)), planOf(layer(4), { precision: "fp64" })];
  const stream = streamOf((source, type) => {
    seen.push((source as { tensor: string }).tensor);
    return awkward(type, randomFrom(1));
  });
  const progress: (readonly [number, number])[] = [];
  await prepare(plans, stream, { progress: (done, all) => progress.push([done, all]) });
  expect(seen).toEqual(["w"]);
  expect(progress.at(-1)).toEqual([256, 256]);
});

test("weights are told apart by their places, and none is hashed", async () => {
  const planOfWeight = (file: string, offset: number): Plan => {
    const source = {
      ...{ from: "package" as const, file, offset },
      get sha256(): string {
        throw new Error("no hash was expected");
      },
    };
    const w: Tensor<readonly number[], "fp16"> = { ...weight("w", [8]), def: { kind: "weight", source } };
    return planOf(graph({ name: "g", inputs: [], outputs: { y: exp(w) } }));
  };
  const loaded: string[] = [];
  const stream = streamOf((source, type) => {
    const { file, offset } = source as { file: string; offset: number };
    loaded.push(`${file} ${offset}`);
    return awkward(type, randomFrom(1));
  });
  const places = [
    ["a", 64],
    ["a", 128],
    ["b", 64],
    ["a", 64],
  ] as const;
  await prepare(
    places.map(([file, offset]) => planOfWeight(file, offset)),
    stream,
  );
  expect(loaded).toEqual(["a 64", "a 128", "b 64"]);
});

test("quantised weights are unpacked once and equal the reference, down to 1 bit", async () => {
  const packed = { from: "package", sha256: "", file: "", offset: 0 } as const;
  const stored = (dtype: TensorType["dtype"], shape: number[], offset: number): Tensor => ({
    ...weight("w", shape),
    type: { dtype, shape },
    def: { kind: "weight", source: { ...packed, offset } },
  });
  const x = input("x", [2, 8]);
  const scale = constant([0.5, -2, 0.25], [3, 1]);
  const int4 = constexpr_blockwise_shift_scale(stored("int4", [3, 8], 0), scale) as Tensor;
  const lut = constant(
    Array.from({ length: 8 }, (_, n) => n - 3.5),
    [1, 1, 8, 1],
  );
  const uint3 = constexpr_lut_to_dense(stored("uint3", [3, 8], 1), lut) as Tensor;
  const y = add(
    linear(x, int4 as Tensor<readonly number[], "fp16">),
    linear(x, uint3 as Tensor<readonly number[], "fp16">),
  );
  const g = graph({ name: "g", inputs: [x], outputs: { y } });
  const random = randomFrom(3);
  const values = { x: awkward(x.type, random) };
  const elements = {
    0: Array.from({ length: 24 }, (_, n) => (n % 16) - 8),
    1: Array.from({ length: 24 }, (_, n) => (5 * n) % 8),
  };
  const of = (source: WeightSource, type: TensorType): NDArray =>
    arrayOf(type.dtype, type.shape, elements[(source as { offset: 0 | 1 }).offset]);
  const plan = planOf(g);
  const pack = (numbers: readonly number[], bits: number): Uint8Array => {
    const bytes = new Uint8Array(Math.ceil((numbers.length * bits) / 8));
    for (const [n, x] of numbers.entries())
      for (let b = 0; b < bits; b++) if ((x >> b) & 1) bytes[(n * bits + b) >> 3]! |= 1 << ((n * bits + b) & 7);
    return bytes;
  };
  const executor = await prepare([plan], async function* stream(source, type) {
    const bytes = pack([...of(source, type).data], type.dtype === "int4" ? 4 : 3);
    yield bytes.subarray(0, 4);
    yield bytes.subarray(4);
  });
  const expected = evaluate(g, { values, weight: of }).outputs.y!;
  expect(differences(toNDArray(executor.run(plan, { x: toRaw(values.x) }).outputs.y!), expected)).toEqual([]);
  const shown = new Map<Tensor, readonly number[]>();
  executor.showConstants(plan, (value, contents) => shown.set(value, [...toNDArray(contents).data]));
  const made = [int4, uint3].flatMap((value) => [value, ...operandsOf(value.def as OpDef)]);
  expect(new Set(shown.keys())).toEqual(new Set(made));
  for (const value of made) {
    const alone = graph({ name: "alone", inputs: [], outputs: { value } });
    expect(shown.get(value)).toEqual([...evaluate(alone, { values: {}, weight: of }).outputs.value!.data]);
  }
});

test("an accumulation model that cannot be run is refused with its mend", () => {
  const x = input("x", [4]);
  const g = graph({ name: "g", inputs: [x], outputs: { y: exp(x) } });
  expect(() => planOf(g, { accumulate: { dtype: "fp16", chunk: 12 } })).toThrow("must be a multiple of 8, not 12");
  expect(() => planOf(g, { precision: "fp64", accumulate: { dtype: "fp16", chunk: 8 } })).toThrow(
    "needs precision fp16",
  );
});

test("missing and mistyped values are named", async () => {
  const x = input("x", [4]);
  const plan = planOf(graph({ name: "g", inputs: [x], outputs: { y: exp(x) } }));
  const executor = await prepare([plan], noWeights);
  expect(() => executor.run(plan, {})).toThrow('no value for input "x"');
  expect(() => executor.run(plan, { x: arrayOf("fp16", [3], [1, 2, 3]) })).toThrow('"x" is fp16[4], given fp16[3]');
});

test("states pass through, also those that are only read, and views of inputs", async () => {
  const x = input("x", [2, 4]);
  const s = state("s", [2, 4]);
  const t = state("t", [8]);
  const g = graph({
    name: "g",
    inputs: [x],
    states: [
      [s, mul(s, x)],
      [t, t],
    ],
    outputs: { y: reshape(x, { shape: [8] }), z: reshape(mul(s, 2), { shape: [8] }) },
  });
  const random = randomFrom(1);
  const values = Object.fromEntries([x, s, t].map((v) => [v.name!, awkward(v.type, random)]));
  await expectSameBits(g, { values });
});
