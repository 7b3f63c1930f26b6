/** Functions of one element against those of numbers, at every element of a tensor, and what they refuse. */
import { describe, expect, test } from "vitest";
import * as o from "../../../src/dsl/ops/index.ts";
import type { OpDef, Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { erf } from "../../../src/passes/interpret/reading.ts";
import { ints, loose, of, refusalOf, resultOf } from "../../support/ops/worked.ts";

const PLACES = [-3, -1, -0.5, 0, 0.25, 1, 2, 4.5];
type F = (x: Tensor<Shape, "fp32">) => Tensor;

test.each<readonly [name: string, op: F, f: (x: number) => number]>([
  ["exp", o.exp, Math.exp],
  ["sqrt", o.sqrt, Math.sqrt],
  ["tanh", o.tanh, Math.tanh],
  ["erf", o.erf, erf],
  ["sin", o.sin, Math.sin],
  ["cos", o.cos, Math.cos],
  ["abs", o.abs, Math.abs],
  ["square", o.square, (x) => x ** 2],
  ["rsqrt", (x) => o.rsqrt(x, { epsilon: 4 }), (x) => (x + 4) ** -0.5],
  ["log", (x) => o.log(x, { epsilon: 4 }), (x) => Math.log(x + 4)],
  ["sigmoid", o.sigmoid, (x) => 0.5 + Math.tanh(x / 2) / 2],
  ["silu", o.silu, (x) => x * (0.5 + Math.tanh(x / 2) / 2)],
  ["gelu", o.gelu, (x) => (x * (1 + erf(x * Math.SQRT1_2))) / 2],
  ["clip", (x) => o.clip(x, { alpha: -0.75, beta: 1.5 }), (x) => Math.max(-0.75, Math.min(1.5, x))],
])("%s", (name, op, f) => {
  const [shape, data] = resultOf(op(of(PLACES, [2, 1, 4], "fp32")));
  expect(shape).toEqual([2, 1, 4]);
  for (const [i, x] of PLACES.entries()) expect(distanceOf(data[i]!, f(x)), `${name} ${x}`).toBeLessThan(1e-5);
});

describe("gelu", () => {
  const x = of(PLACES, [PLACES.length], "fp32");
  const exact = resultOf(o.gelu(x))[1];
  /** How far an approximation is off at most. */
  const distance = (mode: "TANH_APPROXIMATION" | "SIGMOID_APPROXIMATION") =>
    Math.max(...resultOf(o.gelu(x, { mode }))[1].map((y, i) => Math.abs(y - exact[i]!)));

  test("its approximations are near it, and other than it", () => {
    expect(distance("TANH_APPROXIMATION")).toBeLessThan(5e-4);
    expect(distance("TANH_APPROXIMATION")).toBeGreaterThan(1e-5);
    expect(distance("SIGMOID_APPROXIMATION")).toBeLessThan(0.021);
    expect(distance("SIGMOID_APPROXIMATION")).toBeGreaterThan(5e-3);
  });
});

describe("attributes", () => {
  const x = of([1]);
  const attrsOf = (y: Tensor) => (y.def as OpDef).attrs;

  test("those that are not given", () => {
    expect(attrsOf(o.exp(x))).toEqual({});
    expect(attrsOf(o.gelu(x))).toEqual({ mode: "EXACT" });
    expect(attrsOf(o.rsqrt(of([1], [1], "fp32")))).toEqual({ epsilon: Math.fround(1e-12) });
    // MIL's default is nothing in fp16.
    expect(attrsOf(o.rsqrt(x))).toEqual({ epsilon: 0 });
  });

  test("the bounds of clip may meet", () => {
    expect(resultOf(o.clip(of([-1, 0, 5]), { alpha: 2, beta: 2 }))[1]).toEqual([2, 2, 2]);
  });

  test.each<readonly [says: string, build: () => unknown]>([
    ["clip: alpha 1 is above beta 0.5", () => o.clip(x, { alpha: 1, beta: 0.5 })],
    [
      'gelu: "mode" must be EXACT or TANH_APPROXIMATION or SIGMOID_APPROXIMATION, not "TANH"',
      () => o.gelu(x, loose({ mode: "TANH" })),
    ],
    ['clip: attribute "beta" is missing', () => o.clip(x, loose({ alpha: 1 }))],
    [
      'exp: has no operand or attribute "epsilon"',
      () => loose<(x: Tensor, y: object) => Tensor>(o.exp)(x, { epsilon: 1 }),
    ],
  ])("refuses: %s", (says, build) => {
    expect(refusalOf(build)).toBe(says);
  });
});

test("whole numbers: what takes them, and what does not", () => {
  expect(resultOf(o.abs(ints(-3, 4)))[1]).toEqual([3, 4]);
  expect(resultOf(o.square(ints(-3, 4)))[1]).toEqual([9, 16]);
  for (const [name, op] of Object.entries({
    exp: o.exp,
    sigmoid: o.sigmoid,
    rsqrt: o.rsqrt,
    gelu: o.gelu,
    tanh: o.tanh,
  }))
    expect(refusalOf(() => op(ints(1)))).toBe(`${name}: "x" is int32; it must be fp16 or fp32`);
});

const distanceOf = (a: number, b: number) => (Number.isNaN(a) && Number.isNaN(b) ? 0 : Math.abs(a - b));
