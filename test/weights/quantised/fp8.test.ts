/** Tensors in FP8: codes by hand from the format, layouts of scales, edges; bit for bit in conformance/test_fp8.py. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fp8Values } from "../../../src/weights/quantised/fp8-values.ts";
import type { RawTensor } from "../../support/cli.ts";
import { E4M3, NUMBERS, tensorOf } from "../../support/weights/quantised-files.ts";
import { openedQuantised, wholeOf } from "../../support/weights/quantised-read.ts";

test("E4M3: no infinities, two NaN, subnormals in steps of 2^-9", () => {
  const values = fp8Values.F8_E4M3;
  for (const [code, value] of E4M3) expect([code, values[code]]).toEqual([code, value]);
  expect([0x7f, 0xff].map((code) => values[code])).toEqual([Number.NaN, Number.NaN]);
  expect([...values].filter(Number.isFinite)).toHaveLength(254);
  expect(values[0x80]).toBe(-0);
  expect([0x07, 0x08, 0x7d, 0xfe].map((code) => values[code])).toEqual([7 * 2 ** -9, 2 ** -6, 416, -448]);
});

test("E5M2: infinities, six NaN, subnormals in steps of 2^-16", () => {
  const values = fp8Values.F8_E5M2;
  expect([0x00, 0x01, 0x3c, 0x3d, 0xbc, 0x7b, 0x7c, 0xfc].map((code) => values[code])).toEqual([
    0,
    2 ** -16,
    1,
    1.25,
    -1,
    57344,
    Infinity,
    -Infinity,
  ]);
  expect([...values].filter(Number.isNaN)).toHaveLength(6);
});

const [ROWS, COLUMNS] = [5, 7];
const codes = Array.from({ length: ROWS * COLUMNS }, (_, i) => E4M3[(3 * i + (i >> 3)) % E4M3.length]!);
const weight: RawTensor = {
  name: "w.weight",
  dtype: "F8_E4M3",
  shape: [ROWS, COLUMNS],
  data: Uint8Array.from(codes, ([code]) => code),
};

interface Layout {
  readonly config: unknown;
  readonly scale: RawTensor;
  readonly what: string;
  at(row: number, column: number): number;
}

const blocked = (high: number, wide: number): Layout => {
  const [down, across] = [Math.ceil(ROWS / high), Math.ceil(COLUMNS / wide)];
  const scales = Array.from({ length: down * across }, (_, k) => k + 1.5);
  return {
    config: { quantization_config: { quant_method: "fp8", weight_block_size: [high, wide] } },
    scale: tensorOf("w.weight_scale_inv", "BF16", [down, across], scales),
    what: `FP8 in blocks of ${high}×${wide}`,
    at: (row, column) => scales[Math.floor(row / high) * across + Math.floor(column / wide)]!,
  };
};
const compressed = (weights: object, more: object = {}) => ({
  quantization_config: {
    quant_method: "compressed-tensors",
    format: "float-quantized",
    config_groups: { group_0: { weights: { num_bits: 8, type: "float", symmetric: true, ...weights } } },
    ...more,
  },
});
const byRow = [1, -2, 0.5, 3, 4];
const LAYOUTS: Readonly<Record<string, Layout>> = {
  "blocks with edges": blocked(2, 3),
  "blocks of whole rows": blocked(1, 7),
  "blocks beyond the matrix": blocked(128, 128),
  "one block across": blocked(4, 128),
  "a block for each element": blocked(1, 1),
  "blocks of compressed-tensors": {
    ...blocked(2, 4),
    config: compressed({ strategy: "block", block_structure: [2, 4] }, { transform_config: { config_groups: {} } }),
    scale: { ...blocked(2, 4).scale, name: "w.weight_scale" },
  },
  "rows, a column of scales": {
    config: compressed({ strategy: "channel" }, { kv_cache_scheme: null, sparsity_config: {}, transform_config: {} }),
    scale: tensorOf("w.weight_scale", "F32", [ROWS, 1], byRow),
    what: "FP8 with one scale a row",
    at: (row) => byRow[row]!,
  },
  "rows, a list of scales": {
    config: { quantization_config: { quant_method: "fbgemm_fp8" } },
    scale: tensorOf("w.weight_scale", "F16", [ROWS], byRow),
    what: "FP8 with one scale a row",
    at: (row) => byRow[row]!,
  },
  ...Object.fromEntries(
    [[], [1], [1, 1]].map((shape): [string, Layout] => [
      `one scale [${shape}]`,
      {
        config: shape.length === 1 ? compressed({ strategy: "tensor" }) : {},
        scale: tensorOf("w.weight_scale", "F32", shape, [0.75]),
        what: "FP8 with one scale a tensor",
        at: () => 0.75,
      },
    ]),
  ),
};

describe.each(Object.entries(LAYOUTS))("%s", (_, { config, scale, what, at }) => {
  const expected = codes.map(([, value], i) => value * at(Math.floor(i / COLUMNS), i % COLUMNS));

  test("each number is its code times the scale that holds for it", async () => {
    const found = await openedQuantised(config, [weight, scale]);
    const tensor = found.tensors.get("w.weight")!;
    expect([found.what, tensor.dtype, tensor.shape]).toEqual([what, "F32", [ROWS, COLUMNS]]);
    expect(NUMBERS.F32!(await wholeOf(tensor))).toEqual(expected);
    expect([...found.parts]).toEqual([scale.name]);
  });

  test("any piece of it is that piece of the whole", async () => {
    const { tensors } = await openedQuantised(config, [weight, scale]);
    const cut = fc.nat(ROWS * COLUMNS);
    await fc.assert(
      fc.asyncProperty(cut, cut, async (a, b) => {
        const [begin, end] = [Math.min(a, b), Math.max(a, b)];
        const part = new Uint8Array(4 * (end - begin));
        await tensors.get("w.weight")!.read(part, 4 * begin);
        expect(NUMBERS.F32!(part)).toEqual(expected.slice(begin, end));
      }),
      { numRuns: 30 },
    );
  });
});

test("of a piece only its codes are read, and the scales of its rows", async () => {
  const { config, scale } = blocked(2, 3);
  const { tensors, bytesRead } = await openedQuantised(config, [weight, scale]);
  await tensors.get("w.weight")!.read(new Uint8Array(4 * 2), 4 * (2 * COLUMNS - 1));
  // The last of row 1 and the first of row 2: two rows of three scales.
  expect(bytesRead()).toBe(2 + 2 * 3 * 2);
});

test("the product is rounded once, to fp32", async () => {
  const scale = Math.fround(1 + 2 ** -23);
  const one = { ...weight, shape: [1, 2], data: Uint8Array.of(0x39, 0x7f) };
  const { tensors } = await openedQuantised({}, [one, tensorOf("w.weight_scale", "F32", [1], [scale])]);
  // 9/8 · (1 + 2^-23) lies an eighth of a step above a number.
  expect(NUMBERS.F32!(await wholeOf(tensors.get("w.weight")!))).toEqual([1.125 + 2 ** -23, Number.NaN]);
});

test("scales of activations and of a cache are none of the weights, and are told", async () => {
  const unneeded = ["w.input_scale", "w.output_scale", "a.k_scale", "a.v_scale", "a.kv_scale", "w.input_scale_ub"];
  const one = (name: string) => tensorOf(name, "F32", [1], [2]);
  const kept = one("a.input_scale.weight");
  const found = await openedQuantised({}, [weight, one("w.weight_scale"), ...unneeded.map(one), kept]);
  expect([...found.unneeded]).toEqual(unneeded);
});
