/** Extents of slices: the elements that begin, end, stride and masks take of an axis, against lists that are walked. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { slice_by_index } from "../../../src/dsl/ops/index.ts";
import type { OpDef } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { elementsOf, of, ones, refusalOf } from "../../support/ops/by-hand.ts";

type Options = Parameters<typeof slice_by_index>[3];
interface Taken {
  readonly size: number;
  readonly begin: number;
  readonly end: number;
  readonly stride: number;
  readonly begin_mask: boolean;
  readonly end_mask: boolean;
}

describe("an axis whose bounds are known", () => {
  const drawn = fc.record({
    size: fc.integer({ min: 1, max: 5 }),
    begin: fc.integer({ min: -7, max: 7 }),
    end: fc.integer({ min: -7, max: 7 }),
    stride: fc.integer({ min: -3, max: 3 }),
    begin_mask: fc.boolean(),
    end_mask: fc.boolean(),
  });

  test("has the elements that one meets walking from begin to end", () => {
    fc.assert(
      fc.property(drawn, (taken) => {
        const { size, begin, end, stride, begin_mask, end_mask } = taken;
        const x = of(Array.from({ length: size }, (_, i) => 10 + i));
        const options = { stride: [stride], begin_mask: [begin_mask], end_mask: [end_mask] };
        const build = () => slice_by_index(x, [begin], [end], options);
        const met = walk(taken);
        if (typeof met === "string") expect(refusalOf(build)).toBe(`slice_by_index: axis 0: ${met}`);
        else expect(elementsOf(build())).toEqual(met.map((i) => 10 + i));
      }),
      { numRuns: 200 },
    );
  });

  const five = of([10, 11, 12, 13, 14]);
  test.each<readonly [begin: number, end: number, options: Options, y: readonly number[]]>([
    [0, 1, {}, [10]],
    [4, 5, {}, [14]],
    [-5, -4, {}, [10]],
    [-1, 99, {}, [14]],
    [0, 5, { stride: [2] }, [10, 12, 14]],
    [0, 4, { stride: [2] }, [10, 12]],
    [1, 3, { stride: [9] }, [11]],
    [4, 0, { stride: [-2] }, [14, 12]],
    [3, -5, { stride: [-1] }, [13, 12, 11]],
    [3, 9, { stride: [-1], end_mask: [true] }, [13, 12, 11, 10]],
    [3, -6, { stride: [-1] }, [13, 12, 11, 10]],
    [-1, -6, { stride: [-1] }, [14, 13, 12, 11, 10]],
    [4, -7, { stride: [-2] }, [14, 12, 10]],
    [0, -6, { stride: [-1] }, [10]],
    [9, 3, { begin_mask: [true] }, [10, 11, 12]],
    [9, 3, { stride: [-1], begin_mask: [true] }, [14]],
  ])("from %s to %s with %j", (begin, end, options, y) => {
    expect(elementsOf(slice_by_index(five, [begin], [end], options))).toEqual(y);
  });

  test.each<readonly [begin: number, end: number, options: Options, says: string]>([
    [5, 9, {}, "begin 5 is outside size 5"],
    [-6, 9, {}, "begin -6 is outside size 5"],
    [0, -6, {}, "end -6 is outside size 5"],
    [2, 2, {}, "begin 2 to end 2 holds no element"],
    [2, 2, { stride: [-1] }, "begin 2 to end 2 holds no element"],
    [2, 3, { stride: [-1] }, "begin 2 to end 3 holds no element"],
    [0, -5, {}, "begin 0 to end -5 holds no element"],
    [0, 3, { stride: [0] }, "stride is 0"],
  ])("from %s to %s with %j is refused", (begin, end, options, says) => {
    expect(refusalOf(() => slice_by_index(five, [begin], [end], options))).toBe(`slice_by_index: axis 0: ${says}`);
  });
});

describe("a squeezed axis", () => {
  const x = of([1, 2, 3, 4, 5, 6], [2, 3]);
  const squeezed = (begin: readonly number[], more: Options = {}) =>
    elementsOf(slice_by_index(x, begin, [2, 3], { squeeze_mask: [false, true], ...more }));

  test("is the one element at begin, and goes", () => {
    expect(squeezed([0, 1])).toEqual([2, 5]);
    expect(squeezed([1, -1])).toEqual([6]);
    expect(slice_by_index(x, [0, 1], [2, 3], { squeeze_mask: [false, true] }).type.shape).toEqual([2]);
    expect(slice_by_index(x, [0, 1], [2, 3], { squeeze_mask: [true, true] }).type.shape).toEqual([]);
  });

  test("its end and its stride count for nothing", () => {
    expect(squeezed([0, 1], { stride: [1, 0] })).toEqual([2, 5]);
    expect(squeezed([0, 1], { stride: [1, -1] })).toEqual([2, 5]);
    expect(squeezed([0, 2], { begin_mask: [false, true], stride: [1, -1] })).toEqual([1, 4]);
    expect(elementsOf(slice_by_index(x, [0, 2], [2, -9], { squeeze_mask: [false, true] }))).toEqual([3, 6]);
  });

  test("begins inside all the same", () => {
    expect(refusalOf(() => squeezed([0, 3]))).toBe("slice_by_index: axis 1: begin 3 is outside size 3");
  });
});

describe("lists", () => {
  const x = ones([2, 3]);
  test.each<readonly [says: string, options: Options]>([
    ["stride has 1 entries, x has rank 2", { stride: [1] }],
    ["begin_mask has 3 entries, x has rank 2", { begin_mask: [false, false, false] }],
    ["end_mask has 0 entries, x has rank 2", { end_mask: [] }],
    ["squeeze_mask has 1 entries, x has rank 2", { squeeze_mask: [false] }],
  ])("%s", (says, options) => {
    expect(refusalOf(() => slice_by_index(x, [0, 0], [2, 3], options))).toBe(`slice_by_index: ${says}`);
  });

  test.each<Shape>([[1], [3], [2, 1], [1, 2], []])("of positions have one for each axis, not [%s]", (...shape) => {
    const [wrong, right] = [ones(shape, "int32"), ones([2], "int32")];
    const says = (key: string) => `slice_by_index: ${key} is [${shape}]; it must be [2]`;
    expect(refusalOf(() => slice_by_index(x, wrong, right))).toBe(says("begin"));
    expect(refusalOf(() => slice_by_index(x, right, wrong))).toBe(says("end"));
  });

  test("left out, they take every element of every axis", () => {
    const attrs = {
      stride: [1, 1],
      begin_mask: [false, false],
      end_mask: [false, false],
      squeeze_mask: [false, false],
    };
    expect((slice_by_index(x, [0, 0], [2, 3]).def as OpDef).attrs).toEqual(attrs);
  });
});

/**
 * The places from begin to end, or what is wrong, in the words of MIL: the end is left out, masks stand for the edges. As numpy does, a
 * falling slice whose end lies before the axis meets its first element.
 */
function walk({ size, begin, end, stride, begin_mask, end_mask }: Taken): readonly number[] | string {
  if (stride === 0) return "stride is 0";
  const rising = stride > 0;
  const [first, last] = [begin < 0 ? begin + size : begin, end < 0 ? end + size : end];
  const start = begin_mask ? (rising ? 0 : size - 1) : first;
  if (!Object.hasOwn(Array.from({ length: size }), start)) return `begin ${begin} is outside size ${size}`;
  if (!end_mask && last < 0 && rising) return `end ${end} is outside size ${size}`;
  const met: number[] = [];
  for (let i = start; i >= 0 && i < size && (end_mask || (rising ? i < last : i > last)); i += stride) met.push(i);
  return met.length > 0 ? met : `begin ${begin} to end ${end} holds no element`;
}
