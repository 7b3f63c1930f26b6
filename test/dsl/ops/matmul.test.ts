/** matmul and linear: worked products, how batch axes pair, and what is refused. */
import { describe, expect, test } from "vitest";
import * as o from "../../../src/dsl/ops/index.ts";
import { input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { counted, ints, loose, of, refusalOf, resultOf } from "../../support/ops/worked.ts";

describe("matmul", () => {
  // [[1, 2, 3], [4, 5, 6]] · [[1, 0], [0, 1], [1, 1]], each operand also lying down.
  const [x, lyingX] = [counted(2, 3), of([1, 4, 2, 5, 3, 6], [3, 2])];
  const [y, lyingY] = [of([1, 0, 0, 1, 1, 1], [3, 2]), of([1, 0, 1, 0, 1, 1], [2, 3])];

  test.each<readonly [says: string, build: () => Tensor]>([
    ["as they are", () => o.matmul(x, y)],
    ["x transposed", () => o.matmul(lyingX, y, { transpose_x: true })],
    ["y transposed", () => o.matmul(x, lyingY, { transpose_y: true })],
    ["both transposed", () => o.matmul(lyingX, lyingY, { transpose_x: true, transpose_y: true })],
  ])("rows times columns: %s", (_, build) => {
    expect(resultOf(build())).toEqual([
      [2, 2],
      [4, 5, 10, 11],
    ]);
  });

  // Rows [1, 2] and [3, 4] against columns [1, 1], [10, 1] and [0, 100].
  const two = [1, 2, 3, 4];
  const three = [1, 1, 10, 1, 0, 100];
  const all = [3, 12, 200, 7, 34, 400];
  test.each<readonly [says: string, build: () => Tensor, shape: Shape, expected: readonly number[]]>([
    ["each of x with each of y", () => o.matmul(of(two, [2, 1, 1, 2]), of(three, [1, 3, 2, 1])), [2, 3, 1, 1], all],
    ["y of lower rank", () => o.matmul(of(two, [2, 1, 1, 2]), of(three, [3, 2, 1])), [2, 3, 1, 1], all],
    ["x of lower rank", () => o.matmul(of(three, [3, 1, 2]), of(two, [2, 1, 2, 1])), [2, 3, 1, 1], all],
    ["pairwise", () => o.matmul(of(two, [2, 1, 2]), of([1, 1, 10, 1], [2, 2, 1])), [2, 1, 1], [3, 34]],
    ["one y for every x", () => o.matmul(of(two, [2, 1, 2]), of([10, 1], [2, 1])), [2, 1, 1], [12, 34]],
    ["one x for every y", () => o.matmul(of([1, 2], [1, 2]), of(three, [3, 2, 1])), [3, 1, 1], [3, 12, 200]],
    [
      "three batch axes",
      () => o.matmul(of(two, [2, 1, 2, 1, 1]), of([1, 10, 100], [3, 1, 1, 1])),
      [2, 3, 2, 1, 1],
      [1, 2, 10, 20, 100, 200, 3, 4, 30, 40, 300, 400],
    ],
  ])("batch axes are paired from the right: %s", (_, build, shape, expected) => {
    expect(resultOf(build())).toEqual([shape, expected]);
  });

  test.each<readonly [says: string, build: () => unknown]>([
    ["needs matrices: both operands must have rank 2 or more", () => o.matmul(counted(3), y)],
    ["needs matrices: both operands must have rank 2 or more", () => o.matmul(x, counted(3))],
    ["inner sizes differ: 2 and 3", () => o.matmul(x, y, { transpose_x: true })],
    ["inner sizes differ: 3 and 2", () => o.matmul(x, y, { transpose_y: true })],
    ["batch axes do not broadcast", () => o.matmul(counted(2, 1, 3), counted(4, 3, 1))],
  ])("refuses: %s", (says, build) => {
    expect(refusalOf(build)).toBe(`matmul: ${says}`);
  });
});

describe("linear", () => {
  const [x, weight, bias] = [counted(2, 1, 3), of([1, 0, 1, 0, 1, 0], [2, 3]), of([0.5, 10])];

  test.each<readonly [says: string, build: () => Tensor, shape: Shape, expected: readonly number[]]>([
    ["a vector", () => o.linear(counted(3), weight), [2], [4, 2]],
    ["every row of x", () => o.linear(x, weight), [2, 1, 2], [4, 2, 10, 5]],
    ["every row of x, and a bias", () => o.linear(x, weight, { bias }), [2, 1, 2], [4.5, 12, 10.5, 15]],
  ])("weighs %s", (_, build, shape, expected) => {
    expect(resultOf(build())).toEqual([shape, expected]);
  });

  const fed = input("fed", [2]) as Tensor<Shape, "fp16">;
  test.each<readonly [says: string, build: () => unknown]>([
    ["weight must have rank 2, not 1", () => o.linear(x, counted(3))],
    ["weight must have rank 2, not 3", () => o.linear(x, counted(2, 3, 1))],
    ["x must have rank 1 or more", () => o.linear(of([1], []), weight)],
    ["the last axis of x is 2, weight takes 3", () => o.linear(counted(1, 3, 2), weight)],
    ['"weight" must be known at compile time', () => o.linear(fed, fed)],
    ["bias is [3], not [2]", () => o.linear(x, weight, { bias: counted(3) })],
    ["bias is [1,2], not [2]", () => o.linear(x, weight, { bias: counted(1, 2) })],
    ['"bias" must be known at compile time', () => o.linear(x, weight, { bias: fed })],
    ["dtypes differ: x is fp16, bias is int32", () => o.linear(x, weight, { bias: loose(ints(1, 2)) })],
  ])("refuses: %s", (says, build) => {
    expect(refusalOf(build)).toBe(`linear: ${says}`);
  });
});
