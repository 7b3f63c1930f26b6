/** cast and identity: which element types they take and give. */
import { describe, expect, test } from "vitest";
import { cast, identity } from "../../../src/dsl/ops/index.ts";
import { DTYPES, type DType } from "../../../src/dsl/type.ts";
import { elementsOf, loose, of, ones, refusalOf } from "../../support/ops/by-hand.ts";

const CASTS = ["fp16", "fp32", "int32", "int16", "uint16", "int8", "uint8", "bool"] as const;
const WEIGHTS_ALONE = DTYPES.filter((dtype) => !CASTS.includes(dtype as "fp16"));

describe.each(CASTS)("cast to %s", (dtype) => {
  test.each(CASTS)("from %s keeps what both can hold, and the shape", (from) => {
    const y = cast(of([0, 1, 1, 0], [2, 2], from), { dtype });
    expect(y.type).toEqual({ dtype, shape: [2, 2] });
    expect(elementsOf(y)).toEqual([0, 1, 1, 0]);
  });
});

test.each<readonly [x: number, dtype: DType, y: number]>([
  [40000, "int16", 40000 - 65536],
  [40000, "uint16", 40000],
  [70000, "uint16", 70000 - 65536],
  [200, "int8", 200 - 256],
  [200, "uint8", 200],
  [-1, "uint8", 255],
  [2, "bool", 1],
  [2049, "fp16", 2048],
  [2051, "fp16", 2052],
  [2 ** 24 + 1, "fp32", 2 ** 24],
])("%s as %s is %s", (x, dtype, y) => {
  expect(elementsOf(cast(of([x], [1], "int32"), loose<{ dtype: "fp16" }>({ dtype })))).toEqual([y]);
});

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
test.each<readonly [x: number, dtype: DType, y: number]>([
  [65519, "fp16", 65504],
  [65520, "fp16", inf],
  [-1e30, "fp16", -inf],
  [-40000.5, "int16", 25536],
  [70000, "int16", 4464],
  [-1, "uint16", 65535],
  [-200, "int8", 56],
  [300.9, "int8", 44],
  [2 ** 31, "int32", -(2 ** 31)],
  [nan, "int32", 0],
  [inf, "int16", 0],
  [-inf, "uint8", 0],
])("fp32 %s as %s is %s", (x, dtype, y) => {
  expect(elementsOf(cast(of([x], [1], "fp32"), loose<{ dtype: "fp16" }>({ dtype })))).toEqual([y]);
});

test.each<readonly [x: number, dtype: DType]>([
  [70000, "int16"],
  [-1, "uint16"],
  [128, "int8"],
  [2 ** 31, "int32"],
  [nan, "int32"],
  [-inf, "uint8"],
  [8, "int4"],
])("a constant of %s is no %s", (x, dtype) => {
  expect(refusalOf(() => of([0, x], [2], dtype))).toBe(`constant: ${x} is no ${dtype}`);
});

test("a constant of what an integer type holds is taken, and truncated", () => {
  expect(elementsOf(of([-32768.9, 32767.9], [2], "int16"))).toEqual([-32768, 32767]);
});

test.each(WEIGHTS_ALONE)("%s exists in weights alone: nothing is cast from it or to it", (dtype) => {
  const names = "fp16 or fp32 or int32 or int16 or uint16 or int8 or uint8 or bool";
  expect(refusalOf(() => cast(ones([1], dtype), { dtype: "fp16" }))).toBe(`cast: "x" is ${dtype}; it must be ${names}`);
  expect(refusalOf(() => cast(ones([1]), loose({ dtype })))).toBe(`cast: "dtype" must be ${names}, not "${dtype}"`);
});

test("cast must be told to what", () => {
  expect(refusalOf(() => cast(ones([1]), loose({})))).toBe('cast: attribute "dtype" is missing');
});

test.each(DTYPES)("identity gives %s as it is", (dtype) => {
  const y = identity(of([1, 0, 0, 1, 1, 0], [2, 3], dtype));
  expect(y.type).toEqual({ dtype, shape: [2, 3] });
  expect(elementsOf(y)).toEqual([1, 0, 0, 1, 1, 0]);
});
