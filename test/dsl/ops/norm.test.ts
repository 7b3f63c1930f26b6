/** layer_norm and l2_norm: over which axes, how gamma and beta lie along them, and what is refused. */
import { describe, expect, test } from "vitest";
import { roundFp16 } from "../../../src/dsl/number.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { counted, of, refusalOf, resultOf } from "../../support/ops/worked.ts";

const epsilon = 0;

describe("layer_norm", () => {
  const rows = of([0, 0, 0, 2, 2, 2], [2, 3]);
  const [gamma, beta] = [counted(2, 3), of([0, 0, 0, 10, 10, 10], [2, 3])];
  // Along axes 0 and 2: 1, 1, 3, 3 in the first middle place, 0, 4, 0, 4 in the second.
  const cube = of([1, 1, 0, 4, 3, 3, 0, 4], [2, 2, 2]);
  const columns = of([1, 10, 3, 30], [2, 2]);

  test.each<readonly [says: string, build: () => Tensor, expected: readonly number[]]>([
    ["all axes", () => o.layer_norm(rows, { epsilon }), [-1, -1, -1, 1, 1, 1]],
    ["one axis that is not the last", () => o.layer_norm(columns, { axes: [0], epsilon }), [-1, -1, 1, 1]],
    [
      "the last axis, from the end",
      () => o.layer_norm(of([1, 3, 8, 4], [2, 2]), { axes: [-1], epsilon }),
      [-1, 1, 1, -1],
    ],
    ["axes apart", () => o.layer_norm(cube, { axes: [0, 2], epsilon }), [-1, -1, -1, 1, 1, 1, -1, 1]],
  ])("mean 0 and variance 1 along %s", (_, build, expected) => {
    expect(resultOf(build())[1]).toEqual(expected);
  });

  test.each<readonly [says: string, build: () => Tensor, expected: readonly number[]]>([
    ["gamma alone", () => o.layer_norm(rows, { epsilon, gamma }), [-1, -2, -3, 4, 5, 6]],
    ["beta alone", () => o.layer_norm(rows, { epsilon, beta }), [-1, -1, -1, 11, 11, 11]],
    ["both", () => o.layer_norm(rows, { epsilon, gamma, beta }), [-1, -2, -3, 14, 15, 16]],
    [
      "both, axes named in any order",
      () => o.layer_norm(rows, { axes: [1, 0], epsilon, gamma, beta }),
      [-1, -2, -3, 14, 15, 16],
    ],
    [
      "one axis",
      () => o.layer_norm(columns, { axes: [0], epsilon, gamma: of([1, 5]), beta: of([0, 2]) }),
      [-1, -1, 7, 7],
    ],
    [
      "axes apart",
      () => o.layer_norm(cube, { axes: [2, 0], epsilon, gamma: counted(2, 2) }),
      [-1, -2, -1, 2, 3, 4, -3, 4],
    ],
  ])("gamma and beta lie along the normalised axes, in the order of x: %s", (_, build, expected) => {
    expect(resultOf(build())[1]).toEqual(expected);
  });

  test("epsilon is added to the variance", () => {
    expect(resultOf(o.layer_norm(of([1, 3]), { epsilon: 3 }))[1]).toEqual([-0.5, 0.5]);
    expect(resultOf(o.layer_norm(of([5, 5])))[1]).toEqual([0, 0]);
  });

  const fed = input("fed", [3]) as Tensor<Shape, "fp16">;
  test.each<readonly [says: string, build: () => unknown]>([
    ["names no axis to normalise", () => o.layer_norm(rows, { axes: [] })],
    [
      "gamma is [2]; the normalised axes are [3]",
      () => o.layer_norm(rows, { axes: [1], gamma: counted(2), beta: counted(3) }),
    ],
    [
      "beta is [2]; the normalised axes are [3]",
      () => o.layer_norm(rows, { axes: [1], gamma: counted(3), beta: counted(2) }),
    ],
    ["beta is [3]; the normalised axes are [2,3]", () => o.layer_norm(rows, { beta: counted(3) })],
    ["gamma is [3,2]; the normalised axes are [2,3]", () => o.layer_norm(rows, { axes: [1, 0], gamma: counted(3, 2) })],
    ['"gamma" must be known at compile time', () => o.layer_norm(rows, { axes: [1], gamma: fed })],
    ['"beta" must be known at compile time', () => o.layer_norm(rows, { axes: [1], beta: fed })],
  ])("refuses: %s", (says, build) => {
    expect(refusalOf(build)).toBe(`layer_norm: ${says}`);
  });
});

describe("l2_norm", () => {
  test.each<readonly [says: string, build: () => Tensor, expected: readonly number[]]>([
    ["all of rank 3", () => o.l2_norm(of([1, 1, 1, 1], [2, 1, 2]), { epsilon }), [0.5, 0.5, 0.5, 0.5]],
    [
      "each of a batch",
      () => o.l2_norm(of([1, 1, 1, 1, 0, 0, 3, 4], [2, 2, 1, 2]), { epsilon }),
      [0.5, 0.5, 0.5, 0.5, 0, 0, 0.6, 0.8],
    ],
    [
      "each of two batch axes",
      () => o.l2_norm(of([3, 4, 0, 5, 8, 6, 7, 0], [2, 2, 1, 1, 2]), { epsilon }),
      [0.6, 0.8, 0, 1, 0.8, 0.6, 1, 0],
    ],
    ["with epsilon below the root", () => o.l2_norm(of([3, 4], [1, 1, 2]), { epsilon: 11 }), [0.5, 4 / 6]],
  ])("length 1 over the last three axes: %s", (_, build, expected) => {
    expect(resultOf(build())[1]).toEqual(expected.map(roundFp16));
  });

  test("refuses fewer than three axes", () => {
    expect(refusalOf(() => o.l2_norm(counted(2, 3)))).toBe("l2_norm: needs rank 3 or more, x has rank 2");
  });
});
