/** Extents of slices whose bounds are known only at run time: where they lie, and that their ends are checked. */
import { expect, test } from "vitest";
import { meaningOf } from "../../../src/dsl/meaning.ts";
import { add, slice_by_index, slice_update } from "../../../src/dsl/ops/index.ts";
import { input, type OpDef, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { numericReading } from "../../../src/passes/interpret/reading.ts";
import { elementsAt, loose, of, refusalOf } from "../../support/ops/by-hand.ts";

const p = input("p", [2], "int32") as Tensor<Shape, "int32">;
const x = of([1, 2, 3, 4, 5, 6], [2, 3]);

test("bounds of run time take the update's sizes, a squeezed axis none of them", () => {
  const y = slice_update(x, of([8, 9]), p, loose([0, 3]), { squeeze_mask: [true, false] });
  expect(elementsAt(p, [1, 1], y)).toEqual([1, 2, 3, 4, 8, 9]);
  expect(elementsAt(p, [0, 1], y)).toEqual([1, 8, 9, 4, 5, 6]);
  expect(elementsAt(p, [0, 0], y)).toEqual(new Array(6).fill(Number.NaN));
});

test("bounds of run time have stride 1", () => {
  const build = () => slice_update(x, of([8, 9], [2, 1]), p, p, { stride: [1, 2] });
  expect(refusalOf(build)).toBe(
    "slice_update: axis 1: stride is 2; begin and end known only at run time need stride 1",
  );
});

test.each<readonly [begin: readonly number[], y: number]>([
  [[0, 0, 0], 1],
  [[0, 2, 0], 3],
  [[1, 1, 0], 5],
])("begin [%s] of run time: two axes squeezed and the third of size 1", (begin, expected) => {
  const narrow = of([1, 2, 3, 4, 5, 6], [2, 3, 1]);
  const at = input("p", [3], "int32") as Tensor<Shape, "int32">;
  const y = slice_by_index(narrow, at, [0, 0, 1], { squeeze_mask: [true, true, false] });
  expect(y.type.shape).toEqual([1]);
  expect(elementsAt(at, begin, y)).toEqual([expected]);
});

test("where the other bound is known, it may be counted from the end or be the axis' edge", () => {
  const [at, five] = [input("p", [1], "int32"), of([1, 2, 3, 4, 5])];
  const [update, t] = [of([8, 9]), at as Tensor<Shape, "int32">];
  const from = (begin: number) => (y: Tensor) => elementsAt(at, [begin], y);
  const never = new Array(5).fill(Number.NaN);
  const toLast = slice_update(five, update, t, [-1]);
  expect(from(2)(toLast)).toEqual([1, 2, 8, 9, 5]);
  expect(from(1)(toLast)).toEqual(never);
  const toEdge = slice_update(five, update, t, [-1], { end_mask: [true] });
  expect(from(3)(toEdge)).toEqual([1, 2, 3, 8, 9]);
  expect(from(2)(toEdge)).toEqual(never);
  const fromLast = slice_update(five, update, [-2], t);
  expect(from(5)(fromLast)).toEqual([1, 2, 3, 8, 9]);
  expect(from(4)(fromLast)).toEqual(never);
  const fromEdge = slice_update(five, update, [-2], t, { begin_mask: [true] });
  expect(from(2)(fromEdge)).toEqual([8, 9, 3, 4, 5]);
});

test("a slice of run time lies in its axis", () => {
  const at = input("p", [1], "int32") as Tensor<Shape, "int32">;
  const y = slice_update(of([1, 2, 3]), of([8, 9]), at, add(at, 2));
  expect(elementsAt(at, [0], y)).toEqual([8, 9, 3]);
  expect(elementsAt(at, [1], y)).toEqual([1, 8, 9]);
  for (const begin of [-1, 2])
    expect(() => elementsAt(at, [begin], y)).toThrow(`position ${begin} is outside an axis of size 2`);
});

test("bounds of run time leave the size open where nothing fixes it", () => {
  const says = "the size depends on run-time values; use slice_by_size, or squeeze_mask for one element";
  const build = () => slice_by_index(x, p, p, { squeeze_mask: [true, false] });
  expect(refusalOf(build)).toBe(`slice_by_index: axis 1: ${says}`);
});

test("an end that is elsewhere gives the number NaN", () => {
  const y = slice_update(of([1, 2, 3]), of([8, 9]), [0], input("p", [1], "int32"));
  const read = (operand: Tensor) => ({ ...operand.type, at: () => 3 });
  expect(meaningOf(numericReading("fp16", false), y.def as OpDef, y.type, read)([0])).toBeNaN();
});

test("an end that is not begin + size has no value, on whichever axis", () => {
  const q = input("p", [2], "int32") as Tensor<Shape, "int32">;
  const y = slice_update(x, of([8, 9], [1, 2]), [1, 0], q);
  expect(elementsAt(q, [2, 2], y)).toEqual([1, 2, 3, 8, 9, 6]);
  for (const end of [
    [1, 2],
    [2, 1],
    [2, 3],
  ])
    expect(elementsAt(q, end, y)).toEqual(new Array(6).fill(Number.NaN));
});
