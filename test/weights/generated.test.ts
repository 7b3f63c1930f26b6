/** Generated weights: the rule that other programs can follow, and its slices. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { uniform } from "../../src/dsl/random.ts";
import { weight } from "../../src/dsl/tensor.ts";
import { sizeOf } from "../../src/dsl/type.ts";
import { PHI4_MINI } from "../../src/models/config.ts";
import { layerTensors } from "../../src/models/config-tensors.ts";
import { generatedStore, generatorOf, storedShapes, tagOf } from "../../src/weights/generated.ts";
import { writeSafetensors } from "../../src/weights/safetensors/write.ts";
import { bitsOfBytes, gather, refusal, testFolder } from "../support/weights/weights-files.ts";

const TINY = { ...PHI4_MINI, hiddenSize: 64, heads: 4, kvHeads: 2, headDim: 16, rotaryDims: 12, ffnSize: 128 } as const;

test("the numbers of the rule, as another program printed them", () => {
  const numbers = [0, 1, 2, 3].map((i) => uniform(1, 0, i).toFixed(8));
  expect(numbers).toEqual(["-0.62550783", "0.26977718", "-0.69071066", "0.59730649"]);
  const qkv = new Uint16Array(4);
  generatorOf(1)(qkv, "model.layers.0.self_attn.qkv_proj.weight", [128, 64], 0);
  expect([...qkv]).toEqual([48336, 48660, 48479, 48649]);
});

test("every element is that of the rule, wherever it is begun and whatever its axes", () => {
  const bf16 = (x: number): number => {
    const word = new Uint32Array(Float32Array.of(x).buffer)[0]!;
    return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  };
  const whole = { seed: fc.nat(), length: fc.integer({ min: 1, max: 9000 }), begin: fc.nat(2 ** 31) };
  fc.assert(
    fc.property(fc.record({ ...whole, width: fc.option(fc.integer({ min: 1, max: 9000 })) }), (x) => {
      const elements = new Uint16Array(x.length);
      generatorOf(x.seed)(elements, "w", x.width === null ? [2 ** 32] : [2 ** 20, x.width], x.begin);
      const value = (u: number) => (x.width === null ? 1 + u / 2 : u * Math.sqrt(3 / x.width));
      const wanted = elements.map((_, i) => bf16(value(uniform(x.seed, tagOf("w"), x.begin + i))));
      expect(elements).toEqual(wanted);
    }),
    { numRuns: 20 },
  );
});

test("a tiny layer as a file: byte for byte what numpy and the reference writer made of the same rule", async () => {
  const path = join(await testFolder(), "model.safetensors");
  const tensors = layerTensors(TINY, 0).map((tensor) => {
    const elements = new Uint16Array(sizeOf(tensor.shape));
    generatorOf(1)(elements, tensor.name, tensor.shape, 0);
    return { ...tensor, dtype: "BF16", data: new Uint8Array(elements.buffer) };
  });
  await writeSafetensors(path, tensors, { format: "pt" });
  expect(
    createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
  ).toBe("15154cf584e6fcebd3b8829af61ec2d0fd571ed70b4d1f002d91b98d140f64a2");
});

test("tags: layers and parts apart, other names by their hash", () => {
  const names = [0, 1, 31].flatMap((layer) => layerTensors(PHI4_MINI, layer).map((tensor) => tensor.name));
  expect(names.map(tagOf)).toEqual([0, 1, 31].flatMap((layer) => [0, 1, 2, 3, 4, 5].map((k) => 1000 * layer + k)));
  // FNV-1a of "a", from the published test vectors.
  expect(tagOf("a")).toBe(0xe40c292c);
});

test("slices agree with the whole, whatever the seed", async () => {
  const shapes = new Map([["w", [6, 8]]]);
  for (const seed of [1, 7]) {
    const store = generatedStore(shapes, seed);
    const bits = async (source: object, shape: number[]) =>
      bitsOfBytes(await gather(store.stream({ from: "checkpoint", tensor: "w", ...source }, { dtype: "fp16", shape })));
    const whole = await bits({}, [6, 8]);
    expect(await bits({ rows: [2, 5] }, [3, 8])).toEqual(whole.slice(16, 40));
    expect(await bits({ columns: [3, 5] }, [6, 2])).toEqual(whole.filter((_, i) => [3, 4].includes(i % 8)));
  }
});

test("an unknown tensor is refused", async () => {
  const store = generatedStore(new Map());
  expect(await refusal(() => store.stream({ from: "checkpoint", tensor: "w" }, { dtype: "fp16", shape: [1] }))).toBe(
    'generated weights: the model has no tensor "w"',
  );
});

test("the shapes that can hold a graph's weights", () => {
  const weights = [
    weight("norm", [1, 8, 1, 1]),
    weight("m", [6, 8, 1, 1]),
    weight("turned", [8, 6], { transform: "transpose" }),
    weight("rows", [2, 8], { rows: [0, 2] }),
    weight("rows", [3, 8], { rows: [2, 5] }),
    weight("columns", [6, 2], { columns: [4, 6] }),
    weight("both", [8, 2, 1, 1], { rows: [1, 3], columns: [8, 16], transform: "transpose" }),
    weight("part", [4], { rows: [4, 8] }),
  ];
  expect(Object.fromEntries(storedShapes(weights))).toEqual({
    norm: [8],
    m: [6, 8],
    turned: [6, 8],
    rows: [5, 8],
    columns: [6, 6],
    both: [3, 16],
    part: [8],
  });
});
