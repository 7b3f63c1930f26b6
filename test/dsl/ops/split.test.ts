/** split: where each part begins, what num_splits stands for, and what is refused. */
import { describe, expect, test } from "vitest";
import * as o from "../../../src/dsl/ops/index.ts";
import type { OpDef, Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { counted, loose, of, refusalOf, resultOf } from "../../support/ops/worked.ts";

type Options = Parameters<typeof o.split>[1];
const x = counted(2, 6);
const parts = (value: Tensor, options: unknown) => o.split(value, loose<Options>(options)) as readonly Tensor[];
const results = (value: Tensor, options: unknown) => parts(value, options).map(resultOf);

test("each part begins where the one before it ends", () => {
  expect(results(x, { split_sizes: [1, 3, 2], axis: 1 })).toEqual([
    [
      [2, 1],
      [1, 7],
    ],
    [
      [2, 3],
      [2, 3, 4, 8, 9, 10],
    ],
    [
      [2, 2],
      [5, 6, 11, 12],
    ],
  ]);
  expect(results(counted(3, 1, 2), { split_sizes: [2, 1], axis: 0 })).toEqual([
    [
      [2, 1, 2],
      [1, 2, 3, 4],
    ],
    [
      [1, 1, 2],
      [5, 6],
    ],
  ]);
});

describe("num_splits", () => {
  test.each<readonly [count: number, axis: number, sizes: readonly number[]]>([
    [1, 0, [2]],
    [2, 0, [1, 1]],
    [1, 1, [6]],
    [2, 1, [3, 3]],
    [3, 1, [2, 2, 2]],
    [6, -1, [1, 1, 1, 1, 1, 1]],
    [2, -2, [1, 1]],
  ])("%i of axis %i: equal sizes", (num_splits, axis, split_sizes) => {
    const made = parts(x, { num_splits, axis });
    expect(made.map((y) => y.type.shape.at(axis))).toEqual(split_sizes);
    expect((made[0]!.def as OpDef).attrs).toEqual({ split_sizes, axis: axis < 0 ? axis + 2 : axis });
    expect(made.map(resultOf)).toEqual(results(x, { split_sizes, axis }));
  });

  test.each<readonly [options: object, says: string]>([
    [{ num_splits: 4, axis: 1 }, "num_splits 4 does not divide axis 1 of size 6"],
    [{ num_splits: 0, axis: 1 }, "num_splits 0 does not divide axis 1 of size 6"],
    [{ num_splits: -2, axis: 1 }, "num_splits -2 does not divide axis 1 of size 6"],
    [{ num_splits: 1.5, axis: 1 }, "num_splits 1.5 does not divide axis 1 of size 6"],
    [{ num_splits: 12, axis: -1 }, "num_splits 12 does not divide axis -1 of size 6"],
  ])("%j is refused", (options, says) => {
    expect(refusalOf(() => parts(x, options))).toBe(`split: ${says}`);
  });

  test("it is not what is wrong where the axis is not there", () => {
    expect(refusalOf(() => parts(x, { num_splits: 2, axis: 2 }))).not.toContain("does not divide");
  });

  test("split_sizes count where both are given", () => {
    expect(results(x, { num_splits: 2, split_sizes: [2, 4], axis: 1 })).toEqual(
      results(x, { split_sizes: [2, 4], axis: 1 }),
    );
  });
});

test.each<readonly [x: Tensor, options: object, says: string]>([
  [x, { split_sizes: [3, 2], axis: 1 }, "split_sizes [3,2] add up to 5, axis 1 has size 6"],
  [x, { split_sizes: [3, 4], axis: 1 }, "split_sizes [3,4] add up to 7, axis 1 has size 6"],
  [x, { split_sizes: [3, 3], axis: 0 }, "split_sizes [3,3] add up to 6, axis 0 has size 2"],
  [x, { split_sizes: [6, 0], axis: 1 }, "the result fp16[2,0] has an axis of size 0"],
  [x, { split_sizes: [2], axis: 2 }, "axis 2 is outside rank 2"],
  [x, { split_sizes: 6, axis: 1 }, 'attribute "split_sizes" must be a list of whole numbers, not 6'],
  [x, { axis: 1 }, 'attribute "split_sizes" is missing'],
  [x, { split_sizes: [6] }, 'attribute "axis" is missing'],
  [x, { split_sizes: [6], axis: 1, parts: 1 }, 'has no operand or attribute "parts"'],
  [x, { num_splits: 2, axis: 1, parts: 1 }, 'has no operand or attribute "parts"'],
  [
    of([1, 2], [2], "int8") as Tensor<Shape>,
    { num_splits: 2, axis: 0 },
    '"x" is int8; it must be fp16 or fp32 or int32 or bool',
  ],
])("refuses %o %j", (value, options, says) => {
  expect(refusalOf(() => parts(value, options))).toBe(`split: ${says}`);
});
