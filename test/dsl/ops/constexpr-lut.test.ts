/** constexpr_lut_to_dense: the numbers that palettised weights stand for, and which tables fit to which indices. */
import { expect, test } from "vitest";
import { constexpr_lut_to_dense as lutToDense } from "../../../src/dsl/ops/index.ts";
import { input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { elementsOf, loose, of, ones, questionsOf, refusalOf } from "../../support/ops/by-hand.ts";

const indices = of([0, 1, 1, 0, 0, 1, 1, 1], [2, 4], "uint1");

test.each<readonly [blocks: Shape, lut: readonly number[], y: readonly number[]]>([
  [
    [1, 1],
    [5, 6],
    [5, 6, 6, 5, 5, 6, 6, 6],
  ],
  [
    [2, 1],
    [5, 6, 7, 8],
    [5, 6, 6, 5, 7, 8, 8, 8],
  ],
  [
    [1, 2],
    [5, 6, 7, 8],
    [5, 6, 8, 7, 5, 6, 8, 8],
  ],
  [
    [2, 2],
    [1, 2, 3, 4, 5, 6, 7, 8],
    [1, 2, 4, 3, 5, 6, 8, 8],
  ],
])("a table of blocks [%s] is looked up block by block", (blocks, lut, y) => {
  const dense = lutToDense(indices, of(lut, [...blocks, 2, 1]));
  expect(dense.type).toEqual({ dtype: "fp16", shape: [2, 4] });
  expect(elementsOf(dense)).toEqual(y);
});

const pairs = of([10, 11, 20, 21], [1, 1, 2, 2]);
test.each<readonly [options: { vector_axis?: number }, shape: Shape, y: readonly number[]]>([
  [{}, [4, 2], [10, 20, 11, 21, 20, 20, 21, 21]],
  [{ vector_axis: 0 }, [4, 2], [10, 20, 11, 21, 20, 20, 21, 21]],
  [{ vector_axis: 1 }, [2, 4], [10, 11, 20, 21, 20, 21, 20, 21]],
  [{ vector_axis: -1 }, [2, 4], [10, 11, 20, 21, 20, 21, 20, 21]],
])("an entry of two elements lies along the vector axis: %j", (options, shape, y) => {
  const dense = lutToDense(of([0, 1, 1, 1], [2, 2], "uint1"), pairs, options);
  expect(dense.type.shape).toEqual(shape);
  expect(elementsOf(dense)).toEqual(y);
});

test("blocks and vectors along one axis: the block is that of the index", () => {
  const lut = of([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]);
  expect(elementsOf(lutToDense(of([0, 1, 1, 0], [4], "uint1"), lut))).toEqual([1, 2, 3, 4, 7, 8, 5, 6]);
});

test("blocks along three axes", () => {
  const lut = of([1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 2, 2, 1]);
  const y = lutToDense(of([0, 1, 0, 1, 0, 1, 1, 0], [2, 2, 2], "uint1"), lut);
  expect(elementsOf(y)).toEqual([1, 4, 1, 4, 5, 8, 6, 7]);
});

test.each([1, 2, 3, 4, 6, 8] as const)("uint%s indices reach every entry of their table", (bits) => {
  const all = Array.from({ length: 2 ** bits }, (_, i) => i);
  const lut = of(
    all.map((i) => 1000 - i),
    [1, 2 ** bits, 1],
  );
  expect(elementsOf(lutToDense(of(all, [2 ** bits], `uint${bits}`), lut))).toEqual(all.map((i) => 1000 - i));
});

test.each(["int8", "uint8", "fp16", "fp32"] as const)("the table may hold %s", (dtype) => {
  expect(lutToDense(indices, of([1, 2], [1, 1, 2, 1], dtype)).type.dtype).toBe(dtype);
});

test.each<readonly [says: string, indices: Tensor, lut: Tensor]>([
  [
    '"indices" is int8; it must be uint1 or uint2 or uint3 or uint4 or uint6 or uint8',
    ones([1], "int8"),
    ones([1, 2, 1]),
  ],
  ['"lut" is int32; it must be int8 or uint8 or fp16 or fp32', ones([1], "uint1"), ones([1, 2, 1], "int32")],
  ["vector_axis 0 is outside rank 0", of([1], [], "uint1"), ones([2, 1])],
  ["lut has rank 2; it must be 3", ones([2], "uint1"), ones([2, 1])],
  ["lut has rank 4; it must be 3", ones([2], "uint1"), ones([1, 1, 2, 1])],
  ["lut has 2 entries; uint2 indices need 4", ones([2], "uint2"), ones([1, 2, 1])],
  ["lut has 4 entries; uint1 indices need 2", ones([2], "uint1"), ones([1, 4, 1])],
  ["axis 1: lut has 3 blocks, which does not divide the size 4 of indices", ones([6, 4], "uint1"), ones([3, 3, 2, 1])],
])("%s", (says, indices, lut) => {
  expect(refusalOf(() => lutToDense(indices, loose<Tensor<Shape, "fp16">>(lut)))).toBe(
    `constexpr_lut_to_dense: ${says}`,
  );
});

test("a place is split for vectors, and where a block is neither one element nor the whole axis", () => {
  const asked = (blocks: Shape, vector: number) => questionsOf(lutToDense(indices, ones([...blocks, 2, vector])));
  expect(asked([1, 1], 3)).toEqual(["indexOf 2", "reindex 6 to 2,3"]);
  expect(asked([2, 4], 3)).toEqual(["indexOf 2", "reindex 6 to 2,3"]);
  expect(asked([1, 2], 3)).toEqual(["indexOf 2", "reindex 4 to 2,2", "reindex 6 to 2,3"]);
});

test("indices and table must be known at compile time", () => {
  const says = (name: string) => `constexpr_lut_to_dense: "${name}" must be known at compile time`;
  expect(refusalOf(() => lutToDense(input("x", [1], "uint1"), ones([1, 2, 1])))).toBe(says("indices"));
  expect(refusalOf(() => lutToDense(ones([1], "uint1"), input("x", [1, 2, 1])))).toBe(says("lut"));
});
