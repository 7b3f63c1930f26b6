/** Compressed weights in the spellings of iOS 16 and the sparse ones: the numbers that they stand for, and what is refused. */
import { expect, test } from "vitest";
import type { Tensor } from "../../../src/dsl/tensor.ts";
import { isUserError } from "../../../src/dsl/user-error.ts";
import type { MilOperation, MilValue } from "../../../src/emit/mil/records.ts";
import { lift } from "../../../src/emit/read/lift/lift.ts";
import { elementsOf } from "../../support/ops/by-hand.ts";
import { literal, noBlobs, operation, program, tensorType } from "../../support/read.ts";

const fp16 = (...shape: number[]) => tensorType("fp16", ...shape);
const floats = (data: readonly number[], ...shape: number[]) => literal(fp16(...shape), ...data);
const bytes = (...data: readonly number[]) => literal(tensorType("uint8", data.length), ...data);
const bits = (data: readonly number[], ...shape: number[]) => literal(tensorType("uint1", ...shape), ...data);
const shape = (...sizes: readonly number[]) => literal(tensorType("uint32", sizes.length), ...sizes);
const int = (n: number) => literal(tensorType("int32"), n);

/** The value `y` of a program of such ops. */
const lifted = (...operations: readonly MilOperation[]): Tensor => lift(program(operations), noBlobs).outputs.y!;

type Parameters = Readonly<Record<string, MilValue | string>>;
/** One op that makes `y`, and its elements. */
const dense = (op: string, result: MilOperation["outputs"][0]["type"], given: Parameters): readonly number[] =>
  elementsOf(lifted(operation(op, "y", result as never, given)));

test("indices of iOS 16 are packed in bytes, the first in the lowest bits", () => {
  // 11 00 01 10 is 3 0 1 2 from the highest bits: read from the lowest, 2 1 0 3; then 3.
  const given = { indices: bytes(0b11000110, 0b11), lut: floats([1, 5, 9, 13], 4), shape: shape(5) };
  expect(dense("constexpr_lut_to_dense", fp16(5), given)).toEqual([9, 5, 1, 13, 13]);
});

test("indices of 6 bits run across bytes", () => {
  const table = Array.from({ length: 64 }, (_, i) => i * 2);
  const [a, b] = [0b000001 | (0b10 << 6), 0b1000];
  const given = { indices: bytes(a, b), lut: floats(table, 64), shape: shape(1, 2) };
  expect(dense("constexpr_lut_to_dense", fp16(1, 2), given)).toEqual([2, 2 * 0b100010]);
});

const codes = literal(tensorType("int8", 2, 3), 1, 2, 3, 4, 5, 6);
test.each<readonly [says: string, scale: MilValue, zero: MilValue, axis: number, y: readonly number[]]>([
  ["one number each", floats([0.5]), literal(tensorType("int8"), 1), 0, [0, 0.5, 1, 1.5, 2, 2.5]],
  ["a row each", floats([1, 2], 2), literal(tensorType("int8", 2), 1, 4), 0, [0, 1, 2, 0, 2, 4]],
  ["a column each", floats([1, 2, 4], 3), literal(tensorType("int8", 3), 0, 0, 1), -1, [1, 4, 8, 4, 10, 20]],
  ["one zero point", floats([1, 2], 2), literal(tensorType("int8"), 1), 0, [0, 1, 2, 6, 8, 10]],
  ["one scale", floats([2]), literal(tensorType("int8", 2), 1, 4), 0, [0, 2, 4, 0, 2, 4]],
])("affine weights: %s", (_, scale, zero_point, axis, y) => {
  const given = { quantized_data: codes, scale, zero_point, axis: int(axis) };
  expect(dense("constexpr_affine_dequantize", fp16(2, 3), given)).toEqual(y);
});

test("a sparse weight is 0 where no bit is set, in either form", () => {
  const y = [0, 7, 0, 0, 8, 9];
  const nonzero_data = floats([7, 8, 9], 3);
  const mask = bits([0, 1, 0, 0, 1, 1], 2, 3);
  expect(dense("constexpr_sparse_to_dense", fp16(2, 3), { nonzero_data, mask })).toEqual(y);
  const packed = { nonzero_data, mask: bytes(0b110010), shape: shape(2, 3) };
  expect(dense("constexpr_sparse_to_dense", fp16(2, 3), packed)).toEqual(y);
});

/** A sparse op of two results, and the weight made of them. */
const throughSparse = (op: string, given: Parameters, mask: readonly number[], count: number): readonly number[] => {
  const two = {
    ...operation(op, "pair", undefined, given),
    outputs: [
      { name: "mask", type: tensorType("uint1", ...mask) },
      { name: "kept", type: fp16(count) },
    ],
  };
  const whole = operation("constexpr_sparse_to_dense", "y", fp16(...mask), { mask: "mask", nonzero_data: "kept" });
  return elementsOf(lifted(two, whole));
};

test("a sparse palettised weight: indices stand for entries where a bit is set", () => {
  const given = {
    indices_mask: bits([1, 1, 0, 0, 1, 1], 2, 3),
    indices_nonzero_data: bits([0, 1, 1, 0], 4),
    lut: floats([2, 3], 1, 1, 2, 1),
  };
  expect(throughSparse("constexpr_lut_to_sparse", given, [2, 3], 4)).toEqual([2, 3, 0, 0, 3, 2]);
});

test.each([
  [0, [4, 3], [2, 4, 0, 3, 5, 0, 0, 4, 2, 0, 5, 3]],
  [1, [2, 6], [2, 3, 4, 5, 0, 0, 0, 0, 4, 5, 2, 3]],
  [-1, [2, 6], [2, 3, 4, 5, 0, 0, 0, 0, 4, 5, 2, 3]],
] as const)("entries of two elements along axis %s: the mask grows with them", (axis, mask, y) => {
  const given = {
    indices_mask: bits([1, 1, 0, 0, 1, 1], 2, 3),
    indices_nonzero_data: bits([0, 1, 1, 0], 4),
    lut: floats([2, 3, 4, 5], 1, 1, 2, 2),
    vector_axis: int(axis),
  };
  expect(throughSparse("constexpr_lut_to_sparse", given, mask, 8)).toEqual(y);
});

test("a sparse quantised weight: scale and offset are those of the place", () => {
  const given = {
    data_mask: bits([1, 1, 0, 0, 1, 1], 2, 3),
    nonzero_data: literal(tensorType("int8", 4), 10, 11, 5, 6),
    scale: floats([1, 2, 4], 1, 3),
    offset: literal(tensorType("int8", 1, 3), 1, 2, 3),
  };
  expect(throughSparse("constexpr_sparse_blockwise_shift_scale", given, [2, 3], 4)).toEqual([9, 18, 0, 0, 6, 12]);
});

test("a weight in fp16 is read as fp32, its numbers kept", () => {
  const y = operation("constexpr_cast", "y", tensorType("fp32", 3), {
    source_val: floats([0.0999755859375, -7, 65504], 3),
    output_dtype: literal(tensorType("string"), "fp32"),
  });
  expect(lifted(y).type.dtype).toBe("fp32");
  expect(elementsOf(lifted(y))).toEqual([0.0999755859375, -7, 65504]);
});

test("a table of rank 6 may be scaled", () => {
  const table = operation("constexpr_blockwise_shift_scale", "table", fp16(2, 1, 1, 1, 2, 1), {
    data: floats([1, 2, 1, 2], 2, 1, 1, 1, 2, 1),
    scale: floats([10, 100], 2, 1, 1, 1, 1, 1),
  });
  const given = { indices: bits([0, 1, 1, 0], 2, 2, 1, 1), lut: "table" };
  expect(elementsOf(lifted(table, operation("constexpr_lut_to_dense", "y", fp16(2, 2, 1, 1), given)))).toEqual([
    10, 20, 200, 100,
  ]);
});

/** What is said of a program that is refused. */
function refusal(op: string, result: ReturnType<typeof fp16>, given: Parameters): string {
  try {
    dense(op, result, given);
  } catch (error) {
    if (isUserError(error)) return error.message;
    throw error;
  }
  return "was accepted";
}

const table = floats([1, 2], 2);
test.each<readonly [says: string, op: string, given: Parameters]>([
  [
    "packs uint1[9] in uint8[1]; it takes uint8[2]",
    "constexpr_lut_to_dense",
    { indices: bytes(1), lut: table, shape: shape(9) },
  ],
  [
    "has a table fp16[3]; it must be a vector of 2, 4, 16, 64 or 256 entries",
    "constexpr_lut_to_dense",
    { indices: bytes(1), lut: floats([1, 2, 3], 3), shape: shape(8) },
  ],
  [
    'has no operand or attribute "vector_axis"',
    "constexpr_lut_to_dense",
    { indices: bytes(1), lut: table, shape: shape(8), vector_axis: int(0) },
  ],
  [
    "sets 2 bits of its mask, and has the elements fp16[3]",
    "constexpr_sparse_to_dense",
    { nonzero_data: floats([1, 2, 3], 3), mask: bits([1, 1, 0], 3) },
  ],
  [
    "has the mask uint8[3]; it must be uint1",
    "constexpr_sparse_to_dense",
    { nonzero_data: floats([1], 1), mask: bytes(1, 0, 0) },
  ],
  [
    "has scale fp16[2]; axis 1 of int8[2,3] needs one number, or one for each",
    "constexpr_affine_dequantize",
    { quantized_data: codes, scale: table, zero_point: literal(tensorType("int8"), 0), axis: int(1) },
  ],
  [
    "has axis 2, which is outside rank 2",
    "constexpr_affine_dequantize",
    { quantized_data: codes, scale: table, zero_point: literal(tensorType("int8"), 0), axis: int(2) },
  ],
])("%s", (says, op, given) => {
  expect(refusal(op, fp16(2, 3), given)).toBe(`function "main", op 1 (${op} "y"): ${says}`);
});
