/** constexpr_blockwise_shift_scale: the numbers that a quantised weight stands for, and which shapes and dtypes go together. */
import { expect, test } from "vitest";
import { roundFp16 } from "../../../src/dsl/number.ts";
import { constexpr_blockwise_shift_scale as shiftScale } from "../../../src/dsl/ops/index.ts";
import { input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../src/dsl/type.ts";
import { elementsOf, loose, of, ones, questionsOf, refusalOf } from "../../support/ops/by-hand.ts";

const data = of([0, 1, 2, 3, 4, 5, 6, 7], [2, 4], "uint4");

test.each<readonly [blocks: Shape, scale: readonly number[], y: readonly number[]]>([
  [[1, 1], [10], [0, 10, 20, 30, 40, 50, 60, 70]],
  [
    [2, 1],
    [10, 100],
    [0, 10, 20, 30, 400, 500, 600, 700],
  ],
  [
    [1, 2],
    [10, 100],
    [0, 10, 200, 300, 40, 50, 600, 700],
  ],
  [
    [2, 2],
    [1, 10, 100, 1000],
    [0, 1, 20, 30, 400, 500, 6000, 7000],
  ],
  [
    [1, 4],
    [1, 10, 100, 1000],
    [0, 10, 200, 3000, 4, 50, 600, 7000],
  ],
  [
    [2, 4],
    [0, 1, 2, 3, 4, 5, 6, 7],
    [0, 1, 4, 9, 16, 25, 36, 49],
  ],
])("a scale of shape [%s] is one a block", (blocks, scale, y) => {
  const dense = shiftScale(data, of(scale, blocks));
  expect(dense.type).toEqual({ dtype: "fp16", shape: [2, 4] });
  expect(elementsOf(dense)).toEqual(y);
});

test("the offset is one a block, and comes off before the scale", () => {
  const y = shiftScale(data, of([1, 10], [2, 1]), { offset: of([1, 4], [2, 1], "uint4") });
  expect(elementsOf(y)).toEqual([-1, 0, 1, 2, 0, 10, 20, 30]);
});

test("the difference is an element of the scale's type", () => {
  const seven = of([127], [1], "int8");
  // 126.99 is no fp16: it becomes 127, and 12700 is a tie that goes to the even 12704.
  expect(elementsOf(shiftScale(seven, of([100]), { offset: of([0.01]) }))).toEqual([12704]);
  expect(roundFp16(100 * (127 - 0.01))).toBe(12696);
  const wide = { offset: of([0.01], [1], "fp32") };
  expect(elementsOf(shiftScale(seven, of([100], [1], "fp32"), wide))[0]).toBeCloseTo(12699, 2);
});

test.each(["int4", "uint4", "int8", "uint8", "fp16"] as const)("data may be %s, and so may its offset", (dtype) => {
  for (const scale of ["fp16", "fp32"] as const) {
    for (const offset of [dtype, scale]) {
      const y = shiftScale(of([5, 7], [2], dtype), of([3], [1], scale), { offset: of([1], [1], offset) });
      expect(y.type).toEqual({ dtype: scale, shape: [2] });
      expect(elementsOf(y)).toEqual([12, 18]);
    }
  }
});

test.each<readonly [data: DType, scale: DType, offset: DType | undefined, says: string]>([
  ["int32", "fp16", undefined, '"data" is int32; it must be int4 or uint4 or int8 or uint8 or fp16 or fp32'],
  ["int8", "int8", undefined, '"scale" is int8; it must be fp16 or fp32'],
  ["int8", "fp16", "int32", '"offset" is int32; it must be int4 or uint4 or int8 or uint8 or fp16 or fp32'],
  ["int8", "fp16", "fp32", "offset is fp32; it must be int8 or fp16"],
  ["uint8", "fp32", "int8", "offset is int8; it must be uint8 or fp32"],
])("data of %s, scale of %s and offset of %s are refused", (data, scale, offset, says) => {
  const given = offset && { offset: ones([1], offset) };
  const build = () => shiftScale(ones([1], data), loose<Tensor<Shape, "fp16">>(ones([1], scale)), given);
  expect(refusalOf(build)).toBe(`constexpr_blockwise_shift_scale: ${says}`);
});

test.each<readonly [data: Shape, scale: Shape, offset: Shape | undefined, says: string]>([
  [[], [], undefined, "data must have rank 1 or more"],
  [[2, 4], [2], undefined, "data has rank 2, scale has rank 1"],
  [[4], [4, 1], undefined, "data has rank 1, scale has rank 2"],
  [[6, 4], [4, 2], undefined, "axis 0: scale has 4 blocks, which does not divide the size 6 of data"],
  [[6, 4], [3, 8], undefined, "axis 1: scale has 8 blocks, which does not divide the size 4 of data"],
  [[2, 4], [1, 2], [1, 1], "offset is [1,1], scale is [1,2]"],
])("data [%s], scale [%s] and offset [%s] are refused", (data, scale, offset, says) => {
  const given = offset && { offset: ones(offset, "int8") };
  expect(refusalOf(() => shiftScale(ones(data, "int8"), ones(scale), given))).toBe(
    `constexpr_blockwise_shift_scale: ${says}`,
  );
});

test("a place is split only where a block is neither one element nor the whole axis", () => {
  const asked = (blocks: Shape) => questionsOf(shiftScale(data, ones(blocks)));
  expect(asked([1, 1])).toEqual([]);
  expect(asked([2, 4])).toEqual([]);
  expect(asked([2, 2])).toEqual(["reindex 4 to 2,2"]);
});

test("data, scale and offset must be known at compile time", () => {
  const [given, says] = [
    ones([1], "int8"),
    (name: string) => `constexpr_blockwise_shift_scale: "${name}" must be known at compile time`,
  ];
  expect(refusalOf(() => shiftScale(input("x", [1], "int8"), ones([1])))).toBe(says("data"));
  expect(refusalOf(() => shiftScale(given, input("x", [1])))).toBe(says("scale"));
  expect(refusalOf(() => shiftScale(given, ones([1]), { offset: input("x", [1]) }))).toBe(says("offset"));
});
