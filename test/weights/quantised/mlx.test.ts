/** Tensors of MLX folders: codes, groups, roundings and pieces; all packings bit for bit in conformance/test_mlx.py. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { quantisedTensors } from "../../../src/weights/quantised/kinds.ts";
import { MLX_BITS, MLX_GROUPS } from "../../../src/weights/quantised/mlx-config.ts";
import type { RawTensor } from "../../support/cli.ts";
import { type MlxLayer, mlxTensorsOf, NUMBERS, packed, STORED } from "../../support/weights/quantised-files.ts";
import { openedQuantised, wholeOf } from "../../support/weights/quantised-read.ts";

const said = ({ bits, groupSize }: MlxLayer) => ({ quantization: { bits, group_size: groupSize } });

async function numbersOf(layer: MlxLayer, config: unknown = said(layer)): Promise<readonly number[]> {
  const { tensors } = await openedQuantised(config, mlxTensorsOf("w", layer));
  const tensor = tensors.get("w.weight")!;
  expect([tensor.dtype, tensor.shape.at(-1)]).toEqual([layer.dtype ?? "BF16", layer.columns]);
  return NUMBERS[tensor.dtype]!(await wholeOf(tensor));
}

test("four-bit codes by hand: the low half of a byte comes first", () => {
  expect([...packed([1, 2, 3, 15], 4)]).toEqual([0x21, 0xf3]);
  // 1 + 2·8 + 3·64 + 4·512 + …
  expect([...packed([1, 2, 3, 4, 5, 6, 7, 0], 3)]).toEqual([0b11_010_001, 0b0_101_100_0, 0b000_111_11]);
});

interface Sizes {
  readonly bits: number;
  readonly groupSize: number;
  readonly groupsAcross: number;
  readonly rows: number;
  readonly dtype: string;
  readonly seed: number;
}

const sizes: fc.Arbitrary<Sizes> = fc.record({
  bits: fc.constantFrom(...MLX_BITS),
  groupSize: fc.constantFrom(...MLX_GROUPS),
  groupsAcross: fc.integer({ min: 1, max: 3 }),
  rows: fc.integer({ min: 1, max: 3 }),
  dtype: fc.constantFrom("F32", "F16", "BF16"),
  seed: fc.nat(1000),
});

/** A layer whose numbers are exact in every dtype: codes of up to eight bits times powers of two, and a bias or none. */
function exactLayer({ bits, groupSize, groupsAcross, rows, dtype, seed }: Sizes) {
  const groups = groupsAcross * rows;
  const columns = groupSize * groupsAcross;
  const codes = Array.from({ length: rows * columns }, (_, i) => (seed + i * 31 + (i >> 3)) % 2 ** bits);
  const scales = Array.from({ length: groups }, (_, g) => (g % 2 ? -1 : 1) * 2 ** ((seed + g) % 5));
  // A multiple of the scale that keeps every sum within eight bits.
  const biases = scales.map((scale, g) => -scale * ((seed + g) % 2 ** bits));
  const expected = codes.map(
    (code, i) => code * scales[Math.floor(i / groupSize)]! + biases[Math.floor(i / groupSize)]!,
  );
  return { layer: { bits, groupSize, columns, codes, scales, biases, dtype }, expected };
}

test("every packing: scale · code + bias of the element's group", async () => {
  await fc.assert(
    fc.asyncProperty(sizes, async (of) => {
      const { layer, expected } = exactLayer(of);
      expect((await numbersOf(layer)).map((x) => x + 0)).toEqual(expected.map((x) => x + 0));
    }),
    { numRuns: 80 },
  );
});

test("any piece of a tensor is the same piece of the whole", async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(10_000), fc.nat(10_000), async (of, a, b) => {
      const { layer } = exactLayer(of);
      const { tensors } = await openedQuantised(said(layer), mlxTensorsOf("w", layer));
      const tensor = tensors.get("w.weight")!;
      const whole = await wholeOf(tensor);
      const width = whole.length / layer.codes.length;
      const [begin, end] = [a, b].map((n) => n % (layer.codes.length + 1)).toSorted((x, y) => x - y) as [
        number,
        number,
      ];
      const part = new Uint8Array(width * (end - begin));
      await tensor.read(part, width * begin);
      expect(part).toEqual(whole.slice(width * begin, width * end));
    }),
    { numRuns: 60 },
  );
});

test("of a piece only its groups are read", async () => {
  const { layer } = exactLayer({ bits: 3, groupSize: 64, groupsAcross: 3, rows: 3, dtype: "F16", seed: 1 });
  const { tensors, bytesRead } = await openedQuantised(said(layer), mlxTensorsOf("w", layer));
  await tensors.get("w.weight")!.read(new Uint8Array(2 * 3), 2 * 62);
  // Two groups: their codes, their scales and their biases.
  expect(bytesRead()).toBe(2 * ((64 * 3) / 8 + 2 + 2));
});

test.each([
  ["F32", 23],
  ["F16", 10],
  ["BF16", 7],
])("%s: the product is rounded, and then the sum", async (dtype, fraction) => {
  const step = 2 ** -fraction;
  const zeros = Array.from({ length: 31 }, () => 0);
  const layer = { bits: 2, groupSize: 32, columns: 32, codes: [3, ...zeros], scales: [1 + step], dtype };
  // 3 + 3 steps lie between two numbers of steps by two: to the even one, 3 + 4 steps.
  expect((await numbersOf({ ...layer, biases: [0] }))[0]).toBe(3 + 4 * step);
  // 3 + 9 steps as well: to the even one below.
  expect((await numbersOf({ ...layer, scales: [1 + 3 * step], biases: [0] }))[0]).toBe(3 + 8 * step);
  // Rounded once, this were 3 + 2 steps.
  expect((await numbersOf({ ...layer, biases: [-step] }))[0]).toBe(3 + 4 * step);
});

test("numbers beyond the type and NaN are what they are", async () => {
  const zeros = Array.from({ length: 30 }, () => 0);
  const layer = { bits: 8, groupSize: 32, columns: 32, codes: [255, 1, ...zeros], biases: [0] };
  expect((await numbersOf({ ...layer, scales: [1024], dtype: "F16" })).slice(0, 3)).toEqual([Infinity, 1024, 0]);
  expect((await numbersOf({ ...layer, scales: [-(2 ** 127)] })).slice(0, 2)).toEqual([-Infinity, -(2 ** 127)]);
  for (const dtype of Object.keys(STORED))
    expect((await numbersOf({ ...layer, scales: [Number.NaN], dtype }))[0]).toBeNaN();
});

const layerOf = (bits: number, groupSize: number, columns = 128): MlxLayer => {
  const groups = columns / groupSize;
  const codes = Array.from({ length: columns }, (_, i) => i % 2 ** bits);
  return { bits, groupSize, columns, codes, scales: Array(groups).fill(1), biases: Array(groups).fill(-1) };
};

test("config.json under either name, for one tensor, or not at all where the shapes tell", async () => {
  const right = layerOf(5, 64);
  const expected = right.codes.map((code) => code - 1);
  const own = { group_size: 64, bits: 5, mode: "affine" };
  const other = { group_size: 32, bits: 2 };
  for (const config of [
    { quantization: own },
    { quantization_config: own },
    { quantization: own, quantization_config: { ...other, quant_method: undefined } },
    { quantization: { ...other, w: own } },
    { quantization: { ...own, w: true, v: false } },
    {},
    null,
  ])
    expect(await numbersOf(right, config)).toEqual(expected);
});

test("which packing it is the shapes tell where no other has as many bits in a group", async () => {
  const told = MLX_BITS.flatMap((bits) =>
    MLX_GROUPS.filter((size) => MLX_BITS.filter((b) => MLX_GROUPS.includes((bits * size) / b)).length === 1).map(
      (size) => [bits, size] as const,
    ),
  );
  expect(told).toContainEqual([5, 64]);
  expect(told).not.toContainEqual([4, 64]);
  for (const [bits, size] of told)
    expect(await numbersOf(layerOf(bits, size), {})).toEqual(layerOf(bits, size).codes.map((code) => code - 1));
});

test("what is packed is a tensor of its own, and its parts are none", async () => {
  const plain: RawTensor = { name: "n.weight", dtype: "BF16", shape: [1], data: STORED.BF16!([1]) };
  const layer = layerOf(4, 64);
  const { what, parts, tensors } = await openedQuantised(said(layer), [...mlxTensorsOf("w", layer), plain]);
  expect(what).toBe("MLX, 4 bits in groups of 64");
  expect([...parts]).toEqual(["w.scales", "w.biases"]);
  expect([...tensors.keys()]).toEqual(["w.weight"]);
  expect((await openedQuantised({ quantization: { bits: 4, group_size: 64 } }, [plain])).what).toBe(
    "MLX, nothing quantised",
  );
  expect(quantisedTensors({ folder: "f", configPath: "c", config: {}, held: new Map() })).toBeUndefined();
});
