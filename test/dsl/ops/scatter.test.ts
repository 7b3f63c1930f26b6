/** The scatter ops: updates applied one by one in row-major order, each rounded on its own, and what is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { schedule } from "../../../src/dsl/graph.ts";
import { roundTo } from "../../../src/dsl/number.ts";
import * as o from "../../../src/dsl/ops/index.ts";
import { input, type OpDef, type Tensor } from "../../../src/dsl/tensor.ts";
import type { DType, Shape } from "../../../src/dsl/type.ts";
import { evaluate } from "../../../src/passes/interpret/evaluate.ts";
import { indicesOf } from "../../support/ops/draw.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";
import {
  at,
  counted,
  elementOf,
  flatOf,
  ints,
  NO_LOOKUP,
  of,
  refusalOf,
  resultOf,
  valuesAt,
} from "../../support/ops/worked.ts";

const COMBINED: Readonly<Record<string, (old: number, update: number) => number>> = {
  update: (_, update) => update,
  add: (old, update) => old + update,
  sub: (old, update) => old - update,
  mul: (old, update) => old * update,
  div: (old, update) => old / update,
  max: Math.max,
  min: Math.min,
};

test.each(["scatter", "scatter_along_axis"])(
  "%s is a loop over the updates that writes into a copy of data",
  (name) => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { graph, inputs } = exampleOf(name, randomFrom(seed));
        const { def, type } = schedule(graph).find((v) => v.def.kind === "op" && v.def.op === name)!;
        const { operands, attrs } = def as OpDef;
        const [axis, mode] = [attrs.axis as number, attrs.mode as string];
        const arrayOf = (x: Tensor) =>
          x.def.kind === "const" ? { ...x.type, data: Float64Array.from(x.def.data) } : inputs[x.name!]!;
        const [data, indices, updates] = [operands.data, operands.indices, operands.updates].map((x) =>
          arrayOf(x as Tensor),
        ) as [Arr, Arr, Arr];
        const expected = [...data.data];
        for (const place of indicesOf(updates.shape)) {
          const position = name === "scatter" ? at(indices, [place[axis]!]) : at(indices, place);
          const flat = flatOf(type.shape, place.with(axis, position));
          const step = type.dtype === "int32" ? (z: number) => z : Math.fround;
          expected[flat] = roundTo(type.dtype, step(COMBINED[mode]!(expected[flat]!, at(updates, place))));
        }
        expect([...evaluate(graph, { values: inputs }).outputs.y0!.data]).toEqual(expected);
      }),
      { numRuns: 80 },
    );
  },
);

type Arr = ReturnType<typeof evaluate>["outputs"][string];

const q = input("q", [2, 3], "int32") as Tensor<Shape, "int32">;
const p = input("p", [2], "int32") as Tensor<Shape, "int32">;

describe("scatter by indices of several axes", () => {
  const places = [0, 1, 2, 3, 0, 1];
  const known = of(places, [2, 3], "int32");
  const zeros = of([0, 0, 0, 0]);

  test("updates have all of them in place of the axis", () => {
    expect(resultOf(o.scatter(zeros, known, counted(2, 3)))).toEqual([[4], [6, 8, 3, 4]]);
    expect(valuesAt([[q, places]], o.scatter(zeros, q, counted(2, 3)))).toEqual([6, 8, 3, 4]);
  });

  test("the last one in row-major order stays where one replaces another", () => {
    expect(resultOf(o.scatter(zeros, known, counted(2, 3), { mode: "update" }))[1]).toEqual([5, 6, 3, 4]);
    expect(valuesAt([[q, places]], o.scatter(zeros, q, counted(2, 3), { mode: "update" }))).toEqual([5, 6, 3, 4]);
  });

  test("between the axes before and after", () => {
    // The middle axis of [2, 2, 1] written at [[1, 0, 1], [1, 1, 0]]: place 1 in four updates, place 0 in two.
    const updates = of([1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60], [2, 2, 3, 1]);
    const y = o.scatter(of([0, 0, 0, 0], [2, 2, 1]), of([1, 0, 1, 1, 1, 0], [2, 3], "int32"), updates, { axis: 1 });
    expect(resultOf(y)).toEqual([
      [2, 2, 1],
      [8, 13, 80, 130],
    ]);
  });

  test("square, where rows and columns of positions could be taken for each other", () => {
    const square = of([0, 1, 2, 3], [2, 2], "int32");
    expect(resultOf(o.scatter(zeros, square, counted(2, 2)))[1]).toEqual([1, 2, 3, 4]);
  });

  test("a single position leaves out the axis of updates", () => {
    expect(resultOf(o.scatter(counted(2, 2), 1, of([10, 20])))[1]).toEqual([1, 2, 13, 24]);
  });
});

describe("what a meaning asks of its reading", () => {
  const data = of([2048, 0]);
  const roundings = (mode: string) => {
    const rounded: string[] = [];
    const y = o.scatter(data, [0, 0], of([1, 1]), { mode: mode as "add" });
    const round = (dtype: DType, a: number) => {
      rounded.push(dtype);
      return a;
    };
    elementOf(y, { round })([0]);
    return rounded;
  };

  test.each(["add", "sub", "mul", "div"])("%s rounds every update to the dtype of data", (mode) => {
    expect(roundings(mode)).toEqual(["fp16", "fp16"]);
  });

  test.each(["update", "max", "min"])("%s chooses, and rounds nothing", (mode) => {
    expect(roundings(mode)).toEqual([]);
  });

  test("positions that are known need no look-up at run time", () => {
    expect(elementOf(o.scatter(data, [0, 1], of([1, 2]), { mode: "update" }), NO_LOOKUP)([1])).toBe(2);
  });
});

test("attributes that are not given", () => {
  const attrs = { axis: 0, mode: "add", validate_indices: false };
  expect((o.scatter(of([1]), [0], of([1])).def as OpDef).attrs).toEqual(attrs);
  expect((o.scatter_along_axis(of([1]), [0], of([1])).def as OpDef).attrs).toEqual(attrs);
});

describe("refusals", () => {
  const x = counted(2, 3);
  const one = of([1, 1, 1], [1, 3]);
  test.each<readonly [says: string, build: () => unknown]>([
    ["scatter: updates are [1,2]; data and indices ask for [1,3]", () => o.scatter(x, [0], of([1, 2], [1, 2]))],
    ["scatter: updates are [2,3]; data and indices ask for [2,1]", () => o.scatter(x, [0], x, { axis: 1 })],
    ["scatter: updates are [3]; data and indices ask for [2,3,3]", () => o.scatter(x, q, counted(3))],
    ["scatter: position 2 is outside an axis of size 2", () => o.scatter(x, [2], one)],
    ["scatter: position -1 is outside an axis of size 2", () => o.scatter(x, [-1], one)],
    ["scatter: position 3 is outside an axis of size 3", () => o.scatter(x, [3], of([1, 1], [2, 1]), { axis: 1 })],
    ["scatter_along_axis: indices are [2], updates are [2,3]", () => o.scatter_along_axis(x, p, x)],
    ["scatter_along_axis: indices [2] and [2,3] differ outside axis 0", () => o.scatter_along_axis(x, p, of([1, 2]))],
    [
      "scatter_along_axis: indices [2,3] and [2,2] differ outside axis 0",
      () => o.scatter_along_axis(counted(2, 2), q, x),
    ],
    [
      "scatter_along_axis: position 2 is outside an axis of size 2",
      () => o.scatter_along_axis(of([1, 2]), ints(2), of([5])),
    ],
    [
      'scatter: "mode" must be update or add or sub or mul or div or max or min, not "mean"',
      () => o.scatter(x, [0], one, { mode: "mean" as "add" }),
    ],
  ])("%s", (says, build) => {
    expect(refusalOf(build)).toBe(says);
  });

  test("a position at run time that is outside has no value", () => {
    const y = o.scatter(of([1, 2, 3]), p, of([5, 6]), { mode: "update" });
    expect(valuesAt([[p, [2, 0]]], y)).toEqual([6, 2, 5]);
    expect(() => valuesAt([[p, [0, 3]]], y)).toThrow("scatter: position 3 is outside an axis of size 3");
    const along = o.scatter_along_axis(of([1, 2, 3]), p, of([5, 6]), { mode: "update" });
    expect(valuesAt([[p, [2, 0]]], along)).toEqual([6, 2, 5]);
    expect(() => valuesAt([[p, [-1, 0]]], along)).toThrow(
      "scatter_along_axis: position -1 is outside an axis of size 3",
    );
  });
});
