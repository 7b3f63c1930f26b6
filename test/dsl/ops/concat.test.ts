/** concat and stack: the order of the elements, and which shapes go together. */
import { describe, expect, test } from "vitest";
import { concat, stack } from "../../../src/dsl/ops/index.ts";
import type { Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { elementsOf, loose, of, ones, questionsOf, refusalOf } from "../../support/ops/by-hand.ts";

/** Three matrices of four elements: 10, 11, 12, 13 and so on. */
const [a, b, c] = [10, 20, 30].map((n) => of([n, n + 1, n + 2, n + 3], [2, 2])) as [Tensor, Tensor, Tensor];

describe("concat", () => {
  test.each<readonly [axis: number, interleave: boolean, shape: Shape, z: readonly number[]]>([
    [0, false, [6, 2], [10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33]],
    [1, false, [2, 6], [10, 11, 20, 21, 30, 31, 12, 13, 22, 23, 32, 33]],
    [-1, false, [2, 6], [10, 11, 20, 21, 30, 31, 12, 13, 22, 23, 32, 33]],
    [0, true, [6, 2], [10, 11, 20, 21, 30, 31, 12, 13, 22, 23, 32, 33]],
    [1, true, [2, 6], [10, 20, 30, 11, 21, 31, 12, 22, 32, 13, 23, 33]],
  ])("along axis %s, interleaved %s", (axis, interleave, shape, z) => {
    const y = concat([a, b, c], { axis, interleave });
    expect(y.type).toEqual({ dtype: "fp16", shape });
    expect(elementsOf(y)).toEqual(z);
  });

  test("sizes along the axis may differ", () => {
    const y = concat([of([1, 2, 3, 4], [2, 2]), of([5, 6], [2, 1]), of([7, 8, 9, 10, 11, 12], [2, 3])], { axis: 1 });
    expect(y.type.shape).toEqual([2, 6]);
    expect(elementsOf(y)).toEqual([1, 2, 5, 7, 8, 9, 3, 4, 6, 10, 11, 12]);
  });

  test("one value alone is itself", () => {
    expect(elementsOf(concat([a], { axis: 0, interleave: true }))).toEqual([10, 11, 12, 13]);
  });

  test("which value holds an element is asked once, in sizes; interleaved, after the place was split", () => {
    expect(questionsOf(concat([ones([2, 1]), ones([2, 3])], { axis: 1 }))).toEqual(["piece 1,3"]);
    expect(questionsOf(concat([ones([2, 2]), ones([2, 2]), ones([2, 2])], { axis: 1, interleave: true }))).toEqual([
      "piece 1,1,1",
      "reindex 6 to 2,3",
    ]);
  });

  test.each<readonly [shapes: readonly Shape[], says: string]>([
    [
      [
        [2, 3, 4],
        [2, 3, 5],
      ],
      "shapes differ outside axis 1: [2,3,4] and [2,3,5]",
    ],
    [
      [
        [2, 3, 4],
        [1, 3, 4],
      ],
      "shapes differ outside axis 1: [2,3,4] and [1,3,4]",
    ],
    [
      [
        [2, 3, 4],
        [2, 9, 4],
        [2, 3, 1],
      ],
      "shapes differ outside axis 1: [2,3,4] and [2,3,1]",
    ],
    [
      [
        [2, 3, 4],
        [2, 3],
      ],
      "shapes differ outside axis 1: [2,3,4] and [2,3]",
    ],
    [
      [
        [2, 3],
        [2, 3, 1],
      ],
      "shapes differ outside axis 1: [2,3] and [2,3,1]",
    ],
  ])("of %j along axis 1 is refused", (shapes, says) => {
    expect(
      refusalOf(() =>
        concat(
          shapes.map((shape) => ones(shape)),
          { axis: 1 },
        ),
      ),
    ).toBe(`concat: ${says}`);
  });

  test("interleaved, the sizes along the axis are equal", () => {
    const values = [ones([2, 1]), ones([2, 1]), ones([2, 2])];
    expect(concat(values, { axis: 1 }).type.shape).toEqual([2, 4]);
    expect(refusalOf(() => concat(values, { axis: 1, interleave: true }))).toBe(
      "concat: interleave needs equal sizes along the axis",
    );
  });

  test("needs an axis", () => {
    expect(refusalOf(() => concat([a], loose({})))).toBe('concat: attribute "axis" is missing');
    expect(refusalOf(() => concat([a], { axis: 2 }))).toBe("concat: axis 2 is outside rank 2");
  });
});

describe("stack", () => {
  test.each<readonly [axis: number, shape: Shape, z: readonly number[]]>([
    [0, [3, 2, 2], [10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33]],
    [1, [2, 3, 2], [10, 11, 20, 21, 30, 31, 12, 13, 22, 23, 32, 33]],
    [2, [2, 2, 3], [10, 20, 30, 11, 21, 31, 12, 22, 32, 13, 23, 33]],
    [-3, [3, 2, 2], [10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33]],
  ])("along the new axis %s", (axis, shape, z) => {
    const y = stack([a, b, c], { axis });
    expect(y.type).toEqual({ dtype: "fp16", shape });
    expect(elementsOf(y)).toEqual(z);
  });

  test.each([-4, 3])("has no axis %s among three", (axis) => {
    expect(refusalOf(() => stack([a, b], { axis }))).toBe(`stack: axis ${axis} is outside rank 3`);
  });

  test.each<readonly [shapes: readonly Shape[], other: Shape]>([
    [
      [
        [2, 2],
        [2, 1],
      ],
      [2, 1],
    ],
    [[[2, 2], [2, 2], [2]], [2]],
  ])("of %j is refused", (shapes, other) => {
    expect(
      refusalOf(() =>
        stack(
          shapes.map((shape) => ones(shape)),
          { axis: 0 },
        ),
      ),
    ).toBe(`stack: shapes differ: [2,2] and [${other}]`);
  });
});

test.each([
  ["concat", concat],
  ["stack", stack],
] as const)("the values of %s share a dtype, any dtype", (name, join) => {
  expect(join([ones([1], "uint3"), ones([1], "uint3")], { axis: 0 }).type.dtype).toBe("uint3");
  expect(refusalOf(() => join([ones([1]), loose<Tensor<Shape, "fp16">>(ones([1], "fp32"))], { axis: 0 }))).toBe(
    `${name}: dtypes differ in "values": fp16 and fp32`,
  );
});
