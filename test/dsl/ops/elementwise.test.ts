/** Arithmetic and truth values element by element: broadcasting against plain loops, and what the rules refuse. */
import { describe, expect, test } from "vitest";
import * as o from "../../../src/dsl/ops/index.ts";
import type { Tensor } from "../../../src/dsl/tensor.ts";
import { DTYPES, type DType, NUMBERS, type Shape, sizeOf } from "../../../src/dsl/type.ts";
import { elementsOf, loose, of, ones, refusalOf } from "../../support/ops/by-hand.ts";
import { indicesOf } from "../../support/ops/draw.ts";

type Op = (x: Tensor, y: Tensor) => Tensor;
interface Row {
  readonly name: string;
  readonly op: Op;
  readonly takes: readonly DType[];
  readonly gives?: DType;
  readonly f: (x: number, y: number) => number;
}

const row = (name: string, op: unknown, f: Row["f"]): Row => ({ name, op: op as Op, takes: NUMBERS, f });
const truth = (
  name: string,
  op: unknown,
  f: (x: number, y: number) => boolean,
  takes: readonly DType[] = NUMBERS,
): Row => ({
  ...{ name, op: op as Op, takes, gives: "bool" },
  f: (x, y) => Number(f(x, y)),
});

const rows: readonly Row[] = [
  row("add", o.add, (x, y) => x + y),
  row("sub", o.sub, (x, y) => x - y),
  row("mul", o.mul, (x, y) => x * y),
  row("real_div", o.real_div, (x, y) => x / y),
  row("pow", o.pow, (x, y) => x ** y),
  row("maximum", o.maximum, (x, y) => (x > y ? x : y)),
  row("minimum", o.minimum, (x, y) => (x < y ? x : y)),
  truth("less", o.less, (x, y) => x < y),
  truth("less_equal", o.less_equal, (x, y) => x <= y),
  truth("greater", o.greater, (x, y) => x > y),
  truth("greater_equal", o.greater_equal, (x, y) => x >= y),
  truth("equal", o.equal, (x, y) => x === y),
  truth("not_equal", o.not_equal, (x, y) => x !== y),
  truth("logical_and", o.logical_and, (x, y) => x === 1 && y === 1, ["bool"]),
  truth("logical_or", o.logical_or, (x, y) => x === 1 || y === 1, ["bool"]),
];

/** Two shapes and their common one. */
const shapes: readonly (readonly [x: Shape, y: Shape, z: Shape])[] = [
  [[3], [3], [3]],
  [[], [3], [3]],
  [[2, 3], [3], [2, 3]],
  [
    [2, 1],
    [1, 3],
    [2, 3],
  ],
  [[2], [3, 1, 1], [3, 1, 2]],
];

/** Powers of two, so that every quotient is exact; 1 and 0 as truth values. */
const numbers = (shape: Shape, dtype: DType, from: number) =>
  of(
    Array.from({ length: sizeOf(shape) }, (_, i) => (dtype === "bool" ? (from + i) % 2 : 2 ** ((from + i) % 3))),
    shape,
    dtype,
  );
const dataOf = (x: Tensor & { def: { data?: ArrayLike<number> } }) => x.def.data!;
/** The element that a place of the result is paired with. */
function paired(x: Tensor, ix: readonly number[]): number {
  const own = ix.slice(ix.length - x.type.shape.length);
  return dataOf(x)[own.reduce((flat, i, axis) => flat * x.type.shape[axis]! + (x.type.shape[axis] === 1 ? 0 : i), 0)]!;
}

describe.each(rows)("$name", ({ name, op, takes, gives, f }) => {
  test.each(shapes)("[%s] with [%s] is [%s]", (left, right, shape) => {
    for (const dtype of takes) {
      const [x, y] = [numbers(left, dtype, 0), numbers(right, dtype, 1)];
      const z = op(x, y);
      expect(z.type).toEqual({ dtype: gives ?? dtype, shape });
      const expected = [...indicesOf(shape)].map((ix) => f(paired(x, ix), paired(y, ix)));
      expect(elementsOf(z)).toEqual(expected.map((value) => (z.type.dtype === "int32" ? Math.trunc(value) : value)));
    }
  });

  test.each<readonly [Shape, Shape]>([
    [[2], [3]],
    [[2, 3], [2]],
    [
      [2, 3],
      [3, 3],
    ],
    [
      [1, 4],
      [2, 3],
    ],
  ])("[%s] with [%s] is refused", (left, right) => {
    const dtype = takes[0]!;
    expect(refusalOf(() => op(ones(left, dtype), ones(right, dtype)))).toBe(
      `${name}: cannot broadcast [${left}] with [${right}]`,
    );
  });

  test("takes two of one dtype, and these alone", () => {
    for (const dtype of DTYPES.filter((other) => !takes.includes(other)))
      expect(refusalOf(() => op(ones([1], dtype), ones([1], dtype)))).toBe(
        `${name}: "x" is ${dtype}; it must be ${takes.join(" or ")}`,
      );
    if (takes.length > 1)
      expect(refusalOf(() => op(ones([1], "fp32"), ones([1])))).toBe(`${name}: dtypes differ: x is fp32, y is fp16`);
  });
});

describe("logical_not", () => {
  test("keeps the shape", () => {
    const y = o.logical_not(of([1, 0, 0, 1], [2, 2], "bool"));
    expect(y.type).toEqual({ dtype: "bool", shape: [2, 2] });
    expect(elementsOf(y)).toEqual([0, 1, 1, 0]);
  });
});

describe("select", () => {
  const [a, b] = [of([1, 2, 3, 4, 5, 6], [2, 3]), of([10, 20, 30])];
  test.each<readonly [cond: readonly number[], shape: Shape, z: readonly number[]]>([
    [
      [1, 0, 0, 0, 1, 1],
      [2, 3],
      [1, 20, 30, 10, 5, 6],
    ],
    [
      [1, 0],
      [2, 1],
      [1, 2, 3, 10, 20, 30],
    ],
    [[0, 1, 0], [3], [10, 2, 30, 10, 5, 30]],
    [[0], [], [10, 20, 30, 10, 20, 30]],
    [[1], [1, 1], [1, 2, 3, 4, 5, 6]],
  ])("by [%s] of shape [%s]", (cond, shape, z) => {
    const y = o.select(of(cond, shape, "bool"), a, b);
    expect(y.type).toEqual({ dtype: "fp16", shape: [2, 3] });
    expect(elementsOf(y)).toEqual(z);
  });

  test("the second may be the larger", () => {
    expect(elementsOf(o.select(of([1, 0], [2, 1], "bool"), b, a))).toEqual([10, 20, 30, 4, 5, 6]);
  });

  test.each<readonly [cond: Shape, a: Shape, b: Shape, says: string]>([
    [[1], [2], [3], "cannot broadcast [2] with [3]"],
    [[2], [3], [1], "cond [2] does not broadcast to [3]"],
    [[2, 3], [3], [3], "cond [2,3] does not broadcast to [3]"],
    [[1, 3], [3], [3], "cond [1,3] does not broadcast to [3]"],
    [[3], [1], [1], "cond [3] does not broadcast to [1]"],
  ])("cond [%s] with [%s] and [%s] is refused", (cond, first, second, says) => {
    expect(refusalOf(() => o.select(ones(cond, "bool"), ones(first), ones(second)))).toBe(`select: ${says}`);
  });

  test.each([...NUMBERS, "bool"] as const)("chooses between %s", (dtype) => {
    const y = o.select(of([1, 0], [2], "bool"), of([1, 1], [2], dtype), of([0, 0], [2], dtype));
    expect(y.type.dtype).toBe(dtype);
    expect(elementsOf(y)).toEqual([1, 0]);
  });

  test.each<readonly [cond: DType, a: DType, b: DType, says: string]>([
    ["fp16", "fp16", "fp16", '"cond" is fp16; it must be bool'],
    ["bool", "int8", "int8", '"a" is int8; it must be fp16 or fp32 or int32 or bool'],
    ["bool", "fp16", "fp32", "dtypes differ: a is fp16, b is fp32"],
  ])("cond of %s with %s and %s is refused", (cond, first, second, says) => {
    const build = () => o.select(loose<Tensor<Shape, "bool">>(ones([1], cond)), ones([1], first), ones([1], second));
    expect(refusalOf(build)).toBe(`select: ${says}`);
  });
});
