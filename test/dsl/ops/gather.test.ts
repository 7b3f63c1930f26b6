/** gather and gather_along_axis: which elements they read, which shapes and positions they take, and how they ask. */
import { describe, expect, test } from "vitest";
import { gather, gather_along_axis } from "../../../src/dsl/ops/index.ts";
import { input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { elementsAt, elementsOf, loose, of, ones, questionsOf, refusalOf } from "../../support/ops/by-hand.ts";

/** 111, 112, 113, 121, … 224: each element tells its own place, counted from 1. */
const cube = of(
  [1, 2].flatMap((a) => [1, 2, 3].flatMap((b) => [1, 2, 3, 4].map((c) => 100 * a + 10 * b + c))),
  [2, 3, 4],
);
const positions = (data: readonly number[], shape: Shape = [data.length]) => of(data, shape, "int32");

interface Gathered {
  readonly axis?: number;
  readonly batch_dims?: number;
  readonly at: readonly number[];
  readonly of: Shape;
  readonly shape: Shape;
  readonly y: readonly number[];
}

const gathers: readonly Gathered[] = [
  { at: [1, 0], of: [2, 1], shape: [2, 1, 3, 4], y: [211, 212, 213, 214, 221] },
  { axis: 1, at: [2, 0], of: [2], shape: [2, 2, 4], y: [131, 132, 133, 134, 111, 112, 113, 114, 231] },
  { axis: 1, at: [2], of: [], shape: [2, 4], y: [131, 132, 133, 134, 231, 232, 233, 234] },
  { axis: 2, at: [3, 1], of: [2], shape: [2, 3, 2], y: [114, 112, 124, 122, 134, 132, 214] },
  { axis: -1, at: [3, 1], of: [2], shape: [2, 3, 2], y: [114, 112, 124, 122, 134, 132, 214] },
  { axis: 1, at: [0, 2, 1, 1], of: [2, 2], shape: [2, 2, 2, 4], y: [111, 112, 113, 114, 131, 132, 133, 134, 121] },
  { axis: 1, batch_dims: 1, at: [2, 0], of: [2], shape: [2, 4], y: [131, 132, 133, 134, 211, 212, 213, 214] },
  {
    ...{ axis: 1, batch_dims: 1, at: [2, 0, 1, 0, 1, 2, 2, 2, 1, 0], of: [2, 5], shape: [2, 5, 4] },
    y: [131, 132, 133, 134, 111, 112, 113, 114, 121],
  },
  { axis: 2, batch_dims: 1, at: [3, 1], of: [2], shape: [2, 3], y: [114, 124, 134, 212, 222, 232] },
  { axis: 2, batch_dims: 2, at: [3, 2, 1, 0, 1, 2], of: [2, 3], shape: [2, 3], y: [114, 123, 132, 211, 222, 233] },
  {
    ...{ axis: 2, batch_dims: 1, at: [3, 1, 0, 0, 1, 2], of: [2, 3], shape: [2, 3, 3] },
    y: [114, 112, 111, 124, 122, 121, 134, 132, 131, 211, 212, 213, 221],
  },
];

describe("gather", () => {
  describe.each(gathers)("along axis $axis at [$at] of shape [$of], $batch_dims batch axes", (row) => {
    const options = {
      ...(row.axis === undefined ? {} : { axis: row.axis }),
      ...(row.batch_dims === undefined ? {} : { batch_dims: row.batch_dims }),
    };

    test("reads at known positions", () => {
      const y = gather(cube, positions(row.at, row.of), options);
      expect(y.type).toEqual({ dtype: "fp16", shape: row.shape });
      expect(elementsOf(y).slice(0, row.y.length)).toEqual(row.y);
    });

    test("reads at those of run time", () => {
      const p = input("p", row.of, "int32");
      const y = gather(cube, loose<typeof cube>(p), options);
      expect(elementsAt(p, row.at, y).slice(0, row.y.length)).toEqual(row.y);
    });
  });

  test.each<readonly [axis: number, batch: number, indices: Shape, says: string]>([
    [0, -1, [2], "batch_dims -1 must not exceed axis 0 nor the rank 1 of indices"],
    [1, 2, [2, 3], "batch_dims 2 must not exceed axis 1 nor the rank 2 of indices"],
    [2, 2, [2], "batch_dims 2 must not exceed axis 2 nor the rank 1 of indices"],
    [2, 1, [3, 3], "batch axis 0 differs: x has 2, indices 3"],
    [2, 2, [2, 2], "batch axis 1 differs: x has 3, indices 2"],
  ])("along axis %s with %s batch axes and indices of shape [%s] is refused", (axis, batch_dims, indices, says) => {
    expect(refusalOf(() => gather(cube, ones(indices, "int32"), { axis, batch_dims }))).toBe(`gather: ${says}`);
  });
});

describe("gather_along_axis", () => {
  const matrix = of([1, 2, 3, 4, 5, 6], [2, 3]);
  test.each<readonly [axis: number, at: readonly number[], shape: Shape, y: readonly number[]]>([
    [0, [1, 0, 1], [1, 3], [4, 2, 6]],
    [0, [1, 0, 1, 0, 0, 0, 1, 1, 1], [3, 3], [4, 2, 6, 1, 2, 3, 4, 5, 6]],
    [1, [2, 0], [2, 1], [3, 4]],
    [-1, [2, 1, 0, 0, 0, 1, 2, 2], [2, 4], [3, 2, 1, 1, 4, 5, 6, 6]],
  ])("along axis %s at [%s]", (axis, at, shape, expected) => {
    const y = gather_along_axis(matrix, positions(at, shape), { axis });
    expect(y.type).toEqual({ dtype: "fp16", shape });
    expect(elementsOf(y)).toEqual(expected);
    const p = input("p", shape, "int32");
    expect(elementsAt(p, at, gather_along_axis(matrix, loose<typeof matrix>(p), { axis }))).toEqual(expected);
  });

  test("the first axis, where none is named", () => {
    expect(elementsOf(gather_along_axis(matrix, positions([1, 1, 0], [1, 3])))).toEqual([4, 5, 3]);
  });

  test.each<readonly [axis: number, indices: Shape]>([
    [1, [1, 3]],
    [0, [2, 2]],
    [0, [2]],
    [1, [2]],
    [1, [2, 3, 1]],
    [0, [2, 3, 1]],
  ])("along axis %s with indices of shape [%s] is refused", (axis, indices) => {
    expect(refusalOf(() => gather_along_axis(matrix, ones(indices, "int32"), { axis }))).toBe(
      `gather_along_axis: indices [${indices}] and [2,3] differ outside axis ${axis}`,
    );
  });

  test("one axis that agrees does not make up for one that differs", () => {
    expect(refusalOf(() => gather_along_axis(cube, ones([2, 9, 5], "int32"), { axis: 1 }))).toBe(
      "gather_along_axis: indices [2,9,5] and [2,3,4] differ outside axis 1",
    );
  });
});

/** Both, seen as one call. */
type Gathers = (x: Tensor, indices: Tensor | readonly number[]) => Tensor;
const both = [
  ["gather", gather as Gathers],
  ["gather_along_axis", gather_along_axis as Gathers],
] as const;

describe.each(both)("known positions of %s", (name, op) => {
  const five = of([10, 11, 12, 13, 14]);

  test.each([-1, 5, -5])("%s is outside of five", (at) => {
    expect(refusalOf(() => op(five, positions([0, at, 4])))).toBe(
      `${name}: position ${at} is outside an axis of size 5`,
    );
  });

  test.each<readonly [at: readonly number[], runs: readonly number[]]>([
    [[3], [1]],
    [[0, 4], [2]],
    [[0, 1, 2, 3, 4], [5]],
    [[4, 3, 2, 1, 0], [5]],
    [[2, 2, 2], [3]],
    [
      [0, 2, 4, 1],
      [3, 1],
    ],
    [
      [1, 2, 4, 3, 0, 0],
      [2, 2, 2],
    ],
    [
      [0, 0, 1, 2, 4],
      [2, 2, 1],
    ],
  ])("[%s] are read as arithmetic progressions of lengths [%s]", (at, runs) => {
    const y = op(five, positions(at));
    expect(elementsOf(y)).toEqual(at.map((i) => 10 + i));
    expect(questionsOf(y)).toEqual([`piece ${runs}`, `reindex ${at.length} to ${at.length}`]);
  });

  test("those of run time are looked up", () => {
    expect(questionsOf(op(five, loose<typeof five>(input("p", [2], "int32"))))).toEqual(["indexOf 5"]);
  });
});

describe.each(both)("dtypes of %s", (name, op) => {
  const [whole, all] = [["int32", "int16", "uint16", "int8", "uint8"] as const, ["fp16", "fp32"] as const];

  test.each([...all, ...whole])("%s may be read", (dtype) => {
    expect(op(of([1, 2], [2], dtype), [0]).type.dtype).toBe(dtype);
  });

  test.each(whole)("%s may say where", (dtype) => {
    expect(elementsOf(op(of([7, 8]), of([1, 0], [2], dtype)))).toEqual([8, 7]);
  });

  test("no others", () => {
    expect(refusalOf(() => op(loose<Tensor<Shape, "fp16">>(ones([2], "bool")), [0]))).toBe(
      `${name}: "x" is bool; it must be fp16 or fp32 or int32 or int16 or uint16 or int8 or uint8`,
    );
    expect(refusalOf(() => op(ones([2]), ones([1])))).toBe(
      `${name}: "indices" is fp16; it must be int32 or int16 or uint16 or int8 or uint8`,
    );
  });
});
