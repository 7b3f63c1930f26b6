/** reshape, transpose, expand_dims, squeeze, tile: where each element goes, and what is refused. */
import { describe, expect, test } from "vitest";
import * as o from "../../../src/dsl/ops/index.ts";
import type { OpDef, Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { counted, loose, refusalOf, resultOf } from "../../support/ops/worked.ts";

const x = counted(2, 3);
const attrsOf = (y: Tensor) => (y.def as OpDef).attrs;
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

type Moved = readonly [says: string, build: () => Tensor, shape: Shape, expected: readonly number[]];
test.each<Moved>([
  ["reshape to other sizes", () => o.reshape(x, { shape: [3, 2] }), [3, 2], upTo(6)],
  ["reshape to one axis", () => o.reshape(x, { shape: [-1] }), [6], upTo(6)],
  ["reshape with the first size open", () => o.reshape(x, { shape: [-1, 2] }), [3, 2], upTo(6)],
  ["reshape with a size of 1 before the open one", () => o.reshape(x, { shape: [1, -1] }), [1, 6], upTo(6)],
  ["reshape with the middle size open", () => o.reshape(x, { shape: [3, -1, 1] }), [3, 2, 1], upTo(6)],
  ["reshape whose open size is 1", () => o.reshape(x, { shape: [2, -1, 3] }), [2, 1, 3], upTo(6)],
  // y[i, j, k] = x[k, i, j]: turning the other way round would be another shape.
  [
    "transpose that turns three axes",
    () => o.transpose(counted(2, 3, 2), { perm: [1, 2, 0] }),
    [3, 2, 2],
    [1, 7, 2, 8, 3, 9, 4, 10, 5, 11, 6, 12],
  ],
  ["expand_dims before all", () => o.expand_dims(x, { axes: [0] }), [1, 2, 3], upTo(6)],
  ["expand_dims after all", () => o.expand_dims(x, { axes: [2] }), [2, 3, 1], upTo(6)],
  ["expand_dims from the end", () => o.expand_dims(x, { axes: [-1] }), [2, 3, 1], upTo(6)],
  ["expand_dims at the first, from the end", () => o.expand_dims(x, { axes: [-3] }), [1, 2, 3], upTo(6)],
  ["expand_dims on both sides", () => o.expand_dims(x, { axes: [3, 0] }), [1, 2, 3, 1], upTo(6)],
  ["expand_dims between", () => o.expand_dims(x, { axes: [1, -2] }), [2, 1, 1, 3], upTo(6)],
  ["squeeze of all", () => o.squeeze(counted(1, 2, 1, 3)), [2, 3], upTo(6)],
  ["squeeze of one of two", () => o.squeeze(counted(1, 2, 1, 3), { axes: [2] }), [1, 2, 3], upTo(6)],
  ["squeeze from the end", () => o.squeeze(counted(2, 3, 1), { axes: [-1] }), [2, 3], upTo(6)],
  ["tile of the last axis", () => o.tile(x, { reps: [1, 2] }), [2, 6], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]],
  ["tile of the first axis", () => o.tile(x, { reps: [2, 1] }), [4, 3], [...upTo(6), ...upTo(6)]],
  ["tile of both", () => o.tile(counted(1, 2), { reps: [2, 2] }), [2, 4], [1, 2, 1, 2, 1, 2, 1, 2]],
  ["tile by 1", () => o.tile(x, { reps: [1, 1] }), [2, 3], upTo(6)],
])("%s", (_, build, shape, expected) => {
  expect(resultOf(build())).toEqual([shape, expected]);
});

test("what is worked out is stored", () => {
  expect(attrsOf(o.reshape(x, { shape: [-1, 2] }))).toEqual({ shape: [3, 2] });
  expect(attrsOf(o.expand_dims(x, { axes: [-1, 0] }))).toEqual({ axes: [3, 0] });
  expect(attrsOf(o.squeeze(counted(1, 2, 1)))).toEqual({ axes: [0, 2] });
});

describe("refusals", () => {
  test.each<readonly [says: string, build: () => unknown]>([
    ["reshape: [2,3] has 6 elements, [2,2] has 4", () => o.reshape(x, { shape: [2, 2] })],
    ["reshape: [2,3] has 6 elements, [] has 1", () => o.reshape(x, { shape: [] })],
    ["reshape: [2,3] has 6 elements, [4,-1] leaves no whole size", () => o.reshape(x, { shape: [4, -1] })],
    ["reshape: [2,3] has 6 elements, [12,-1] leaves no whole size", () => o.reshape(x, { shape: [12, -1] })],
    ["reshape: [2,3] has 6 elements, [0,-1] leaves no whole size", () => o.reshape(x, { shape: [0, -1] })],
    ["reshape: [-1,2,-1] leaves more than one size open", () => o.reshape(x, { shape: [-1, 2, -1] })],
    ["reshape: the result fp16[-2,-3] has an axis of size -2", () => o.reshape(x, { shape: [-2, -3] })],
    ['reshape: attribute "shape" must be a list of whole numbers, not 6', () => o.reshape(x, loose({ shape: 6 }))],
    ['reshape: attribute "shape" is missing', () => o.reshape(x, loose({}))],
    ['reshape: has no operand or attribute "size"', () => o.reshape(x, loose({ shape: [6], size: 1 }))],
    ['reshape: has no operand or attribute "size"', () => o.reshape(x, loose({ shape: [-1], size: 1 }))],
    ["transpose: perm 2 is outside rank 2", () => o.transpose(counted(3, 2), loose({ perm: [1, 0, 2] }))],
    ["transpose: perm [1] names 1 axes, x has 2", () => o.transpose(x, { perm: [1] })],
    ["transpose: perm [1,1] names an axis twice", () => o.transpose(x, { perm: [1, 1] })],
    ["expand_dims: names no axis", () => o.expand_dims(x, { axes: [] })],
    ["expand_dims: axes [3] are outside rank 3", () => o.expand_dims(x, { axes: [3] })],
    ["expand_dims: axes [-1] are outside rank 3", () => o.expand_dims(x, { axes: [-4] })],
    ["expand_dims: axes [0,4] are outside rank 4", () => o.expand_dims(x, { axes: [0, 4] })],
    ["expand_dims: axes [0,0] names an axis twice", () => o.expand_dims(x, { axes: [0, -4] })],
    [
      'expand_dims: attribute "axes" must be a list of whole numbers, not 1',
      () => o.expand_dims(x, loose({ axes: 1 })),
    ],
    ['expand_dims: has no operand or attribute "axis"', () => o.expand_dims(x, loose({ axes: [0], axis: 1 }))],
    ['expand_dims: has no operand or attribute "axis"', () => o.expand_dims(x, loose({ axes: 0, axis: 1 }))],
    ["squeeze: axis 1 has size 3, not 1", () => o.squeeze(counted(1, 3), { axes: [0, 1] })],
    ["squeeze: axis 0 has size 2, not 1", () => o.squeeze(x, { axes: [0] })],
    ["squeeze: [2,3] has no axis of size 1", () => o.squeeze(x)],
    ["tile: reps has 3 numbers, x has rank 2", () => o.tile(x, loose({ reps: [1, 1, 2] }))],
    ["tile: reps has 0 numbers, x has rank 2", () => o.tile(x, loose({ reps: [] }))],
    ["tile: reps [2,0] must be positive", () => o.tile(x, { reps: [2, 0] })],
    ["tile: reps [-1,1] must be positive", () => o.tile(x, { reps: [-1, 1] })],
  ])("%s", (says, build) => {
    expect(refusalOf(build)).toBe(says);
  });
});
