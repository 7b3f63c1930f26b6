/** The slice ops by worked examples, begin and end known at compile time and at run time, and what they refuse. */
import { describe, expect, test } from "vitest";
import * as o from "../../../src/dsl/ops/index.ts";
import { input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { numericReading } from "../../../src/passes/interpret/reading.ts";
import { counted, elementOf, loose, NO_LOOKUP, of, refusalOf, resultOf, valuesAt } from "../../support/ops/worked.ts";

const x = counted(2, 3);
const line = counted(5);
const p = input("p", [1], "int32") as Tensor<Shape, "int32">;
const q = input("q", [2], "int32") as Tensor<Shape, "int32">;

test.each<readonly [says: string, build: () => Tensor, shape: Shape, expected: readonly number[]]>([
  ["by size from a place", () => o.slice_by_size(x, [1, 1], { size: [1, 2] }), [1, 2], [5, 6]],
  ["by size of all", () => o.slice_by_size(x, [0, 0], { size: [2, 3] }), [2, 3], [1, 2, 3, 4, 5, 6]],
  ["by size to the end", () => o.slice_by_size(x, [1, 1], { size: [-1, 1] }), [1, 1], [5]],
  ["by size to both ends", () => o.slice_by_size(x, [0, 1], { size: [-1, -1] }), [2, 2], [2, 3, 5, 6]],
  ["update of all", () => o.slice_update(of([1, 2]), of([8, 9]), [0], [2]), [2], [8, 9]],
  ["update of all but the first", () => o.slice_update(of([1, 2, 3]), of([8, 9]), [1], [3]), [3], [1, 8, 9]],
  ["update of all but the last", () => o.slice_update(of([1, 2, 3]), of([8, 9]), [0], [2]), [3], [8, 9, 3]],
  [
    "update of every second",
    () => o.slice_update(line, of([7, 8, 9]), [0], [5], { stride: [2] }),
    [5],
    [7, 2, 8, 4, 9],
  ],
  ["update, backwards", () => o.slice_update(line, of([7, 8]), [4], [0], { stride: [-2] }), [5], [1, 2, 8, 4, 7]],
  [
    "update of all, backwards",
    () => o.slice_update(of([1, 2, 3]), of([7, 8, 9]), [2], [0], { stride: [-1], end_mask: [true] }),
    [3],
    [9, 8, 7],
  ],
  [
    "update of all, backwards past the front",
    () => o.slice_update(of([1, 2, 3]), of([7, 8, 9]), [2], [-4], { stride: [-1] }),
    [3],
    [9, 8, 7],
  ],
  [
    "update of every second, backwards past the front",
    () => o.slice_update(line, of([7, 8, 9]), [-1], [-9], { stride: [-2] }),
    [5],
    [9, 2, 8, 4, 7],
  ],
  [
    "update of one row",
    () => o.slice_update(x, of([7, 8, 9]), [1, 0], [0, 3], { squeeze_mask: [true, false] }),
    [2, 3],
    [1, 2, 3, 7, 8, 9],
  ],
  [
    "update of one column",
    () => o.slice_update(x, of([7, 8]), [0, 1], [2, 0], { squeeze_mask: [false, true] }),
    [2, 3],
    [1, 7, 3, 4, 8, 6],
  ],
])("slice %s", (_, build, shape, expected) => {
  expect(resultOf(build())).toEqual([shape, expected]);
});

describe("a begin that is known at run time", () => {
  test("by size: the last place that fits, and one too far", () => {
    const y = o.slice_by_size(line, p, { size: [2] });
    for (const [begin, expected] of [
      [0, [1, 2]],
      [3, [4, 5]],
    ] as const)
      expect(valuesAt([[p, [begin]]], y)).toEqual(expected);
    expect(() => valuesAt([[p, [4]]], y)).toThrow("slice_by_size: position 4 is outside an axis of size 4");
    expect(() => valuesAt([[p, [-1]]], y)).toThrow("slice_by_size: position -1 is outside an axis of size 4");
  });

  test("an update of the whole axis fits at 0 alone", () => {
    const y = o.slice_update(of([1, 2]), of([8, 9]), p, o.add(p, 2));
    expect(valuesAt([[p, [0]]], y)).toEqual([8, 9]);
    expect(() => valuesAt([[p, [1]]], y)).toThrow("slice_update: position 1 is outside an axis of size 1");
  });

  test("on two axes", () => {
    expect(valuesAt([[q, [1, 1]]], o.slice_by_size(x, q, { size: [1, 2] }))).toEqual([5, 6]);
    expect(valuesAt([[q, [0, 2]]], o.slice_by_index(x, q, q, { squeeze_mask: [true, true] }))).toEqual([3]);
    expect(valuesAt([[q, [1, 1]]], o.slice_update(x, of([8, 9], [1, 2]), q, o.add(q, [1, 2])))).toEqual([
      1, 2, 3, 4, 8, 9,
    ]);
  });

  test("a known begin and an end at run time: where the end is begin + size", () => {
    const y = o.slice_update(line, of([8, 9]), [3], p);
    expect(valuesAt([[p, [5]]], y)).toEqual([1, 2, 3, 8, 9]);
    expect(valuesAt([[p, [4]]], y)).toEqual([NaN, NaN, NaN, NaN, NaN]);
  });
});

test.each<readonly [stride: number, begin: number, end: number, written: readonly number[]]>([
  [2, 0, 4, [7, 2, 8, 4, 5]],
  [-2, 4, 0, [1, 2, 8, 4, 7]],
])("an update of stride %i asks its reading for rising places alone", (stride, begin, end, written) => {
  const strides = new Set<number>();
  const { within } = numericReading("fp64", false);
  const y = o.slice_update(line, of([7, 8]), [begin], [end], { stride: [stride] });
  const element = elementOf(y, {
    within(i, first, size, step, inside, outside) {
      strides.add(step);
      return within(i, first, size, step, inside, outside);
    },
  });
  expect(written.map((_, i) => element([i]))).toEqual(written);
  expect([...strides]).toEqual([2]);
});

test("a begin that is known at compile time needs no look-up", () => {
  expect(elementOf(o.slice_by_size(x, [1, 1], { size: [1, 2] }), NO_LOOKUP)([0, 1])).toBe(6);
  expect(elementOf(o.slice_by_index(x, [1, 0], [2, 3]), NO_LOOKUP)([0, 2])).toBe(6);
  expect(elementOf(o.slice_update(x, of([8, 9], [1, 2]), [1, 1], [2, 3]), NO_LOOKUP)([1, 2])).toBe(9);
});

test.each<readonly [says: string, build: () => unknown]>([
  ["slice_by_index: axis 1: begin 3 is outside size 3", () => o.slice_by_index(x, [0, 3], [2, 4])],
  ["slice_by_index: axis 1: begin 1 to end 1 holds no element", () => o.slice_by_index(x, [0, 1], [2, 1])],
  ["slice_by_size: begin is [1]; it must be [2]", () => o.slice_by_size(x, [0], { size: [1, 1] })],
  [
    "slice_by_size: begin is [2,3]; it must be [2]",
    () => o.slice_by_size(x, of([0, 0, 0, 0, 0, 0], [2, 3], "int32"), { size: [1, 1] }),
  ],
  ["slice_by_size: size has 1 numbers, x has rank 2", () => o.slice_by_size(x, [0, 0], { size: [1] })],
  ["slice_by_size: size has 3 numbers, x has rank 2", () => o.slice_by_size(x, q, { size: [1, 1, 1] })],
  ["slice_by_size: axis 0: 3 elements from 0 on do not fit into size 2", () => o.slice_by_size(x, q, { size: [3, 1] })],
  [
    "slice_by_size: axis 1: 4 elements from 0 on do not fit into size 3",
    () => o.slice_by_size(x, [0, 0], { size: [2, 4] }),
  ],
  [
    "slice_by_size: axis 0: 1 elements from -1 on do not fit into size 2",
    () => o.slice_by_size(x, [-1, 0], { size: [1, 1] }),
  ],
  ["slice_by_size: the result fp16[1,0] has an axis of size 0", () => o.slice_by_size(x, [0, 3], { size: [1, -1] })],
  [
    "slice_by_size: a size of −1 needs a begin that is known at compile time",
    () => o.slice_by_size(x, q, { size: [-1, 1] }),
  ],
  [
    'slice_by_size: attribute "size" must be a list of whole numbers, not 3',
    () => o.slice_by_size(x, q, loose({ size: 3 })),
  ],
  ['slice_by_size: has no operand or attribute "end"', () => o.slice_by_size(x, q, loose({ size: [1, 1], end: 1 }))],
  [
    'slice_by_size: has no operand or attribute "end"',
    () => o.slice_by_size(x, [0, 0], loose({ size: [-1, 1], end: 1 })),
  ],
  [
    'slice_by_size: "begin" is fp16; it must be int32',
    () => o.slice_by_size(x, loose<typeof q>(of([0, 0])), { size: [1, 1] }),
  ],
  [
    "slice_update: update must not be a scalar",
    () => o.slice_update(line, of([1], []), [0], [1], { squeeze_mask: [true] }),
  ],
  ["slice_update: axis 0: begin 5 is outside size 5", () => o.slice_update(line, of([1]), [5], [6])],
  ["slice_update: the slice is [3], the update is [2]", () => o.slice_update(line, of([1, 2]), [0], [3])],
  [
    "slice_update: the slice is [3], the update is [1,3]",
    () => o.slice_update(x, counted(1, 3), [0, 0], [2, 3], { squeeze_mask: [true, false] }),
  ],
  ["slice_update: axis 0: the update of size 2 does not fit into 5", () => o.slice_update(line, of([1, 2]), [4], p)],
  [
    "slice_update: axis 0: the update of size 6 does not fit into 5",
    () => o.slice_update(line, counted(6), p, o.add(p, 6)),
  ],
  ["slice_update: axis 1: the update of size 3 does not fit into 3", () => o.slice_update(x, counted(1, 3), [0, 1], q)],
])("refuses: %s", (says, build) => {
  expect(refusalOf(build)).toBe(says);
});
