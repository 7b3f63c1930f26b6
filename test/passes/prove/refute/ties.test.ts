/** Where fp64 does not speak for the reals: ops with a jump so near to it that rounding may have decided. */
import { describe, expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { constant, input, type Tensor } from "../../../../src/dsl/tensor.ts";
import { type DType, type Shape, sizeOf } from "../../../../src/dsl/type.ts";
import { jumpOperands, tieWatch } from "../../../../src/passes/prove/refute/ties.ts";
import { op, type Value } from "../../../support/prove/corpus/fault.ts";

const NEAR = 1e-10;
const feed = (name: string, shape: Shape, dtype: DType = "fp32") => input(name, shape, dtype) as unknown as Value;
const [a, b, row] = [feed("a", [2, 3]), feed("b", [2, 3]), feed("row", [3])];
const [m, n] = [feed("m", [3], "int32"), feed("n", [3], "int32")];

/** What was met when these values were seen, in order, and then the op's. */
function met(value: Tensor, ...seen: readonly (readonly [Tensor, readonly number[]])[]): boolean {
  const watch = tieWatch();
  for (const [x, data] of seen) watch.see(x, { ...x.type, data: Float64Array.from(data) });
  expect(watch.met()).toBe(false);
  watch.see(value, { ...value.type, data: new Float64Array(sizeOf(value.type.shape)) });
  return watch.met();
}
const SIX = [1, 2, 3, 4, 5, 6];
const less = op.less!(a, b);
const graphOf = (y: Value) => graph({ name: "y", inputs: [a as Tensor, b as Tensor], outputs: { y } });

describe("a comparison", () => {
  test.each<readonly [string, boolean, boolean]>([
    ["of numbers far apart is none", false, met(less, [a, SIX], [b, [9, 9, 9, 9, 9, 9]])],
    ["of the same numbers is none", false, met(less, [a, SIX], [b, SIX])],
    ["of two that only rounding parts is a tie", true, met(less, [a, SIX], [b, SIX.with(4, 5 + NEAR)])],
    ["from below as well", true, met(less, [a, SIX], [b, SIX.with(0, 1 - NEAR)])],
    ["rounding is relative", true, met(less, [a, SIX.with(2, 1e6)], [b, SIX.with(2, 1e6 + 9e-4)])],
    ["to a negative number as well", true, met(less, [a, SIX.with(2, -1e6)], [b, SIX.with(2, -1e6 + 9e-4)])],
    ["and reaches no further", false, met(less, [a, SIX.with(2, 1e6)], [b, SIX.with(2, 1e6 + 1.1e-3)])],
    ["beside 0 it is absolute", true, met(less, [a, SIX.with(2, 0)], [b, SIX.with(2, 0.9e-9)])],
    ["up to the noise itself", true, met(less, [a, SIX.with(2, 1e-9)], [b, SIX.with(2, 0)])],
    ["and no more", false, met(less, [a, SIX.with(2, 0)], [b, SIX.with(2, 1.1e-9)])],
    ["with a row that is repeated", true, met(op.less!(a, row), [a, SIX], [row, [9, 9, 6 + NEAR]])],
    ["whose numbers are others", false, met(op.less!(a, row), [a, SIX], [row, [6 + NEAR, 9, 9]])],
    ["equality is one", true, met(op.equal!(row, a), [a, SIX], [row, [9, 9, 6 + NEAR]])],
    ["whole numbers are exact", false, met(op.less!(m, n), [m, [1, 2, 3]], [n, [1, 2, 3 + NEAR]])],
    ["a sum is no comparison", false, met(op.add!(a, b), [a, SIX], [b, SIX.with(4, 5 + NEAR)])],
    ["an input is none", false, met(input("c", [1]), [a, SIX])],
  ])("%s", (_, told, found) => {
    expect(found).toBe(told);
  });
});

describe("a cast", () => {
  const whole = op.cast!(row, { dtype: "int32" });
  test.each<readonly [string, boolean, boolean]>([
    ["of a number next to a whole one is a tie", true, met(whole, [row, [0.5, 2.5, 3 - NEAR]])],
    ["of whole numbers is none", false, met(whole, [row, [0, -2, 3]])],
    ["nor of numbers between", false, met(whole, [row, [0.5, 1.25, 2.999]])],
    ["to a float is none", false, met(op.cast!(row, { dtype: "fp16" }), [row, [0.5, 2.5, 3 - NEAR]])],
    ["of whole numbers to another type is none", false, met(op.cast!(m, { dtype: "int16" }), [m, [1, 2, 3 - NEAR]])],
  ])("%s", (_, told, found) => {
    expect(found).toBe(told);
  });
});

describe("of the values that are seen", () => {
  const few = { block: graphOf(less), step: graphOf(op.add!(a, b)) };

  test("what jumps read are kept, and copied", () => {
    expect([...jumpOperands(few)]).toEqual([a, b]);
    const watch = tieWatch(new Set(), jumpOperands(few));
    const [one, other] = [Float64Array.from(SIX), Float64Array.from(SIX.with(4, 5 + NEAR))];
    watch.see(a, { ...a.type, data: one });
    watch.see(b, { ...b.type, data: other });
    other.fill(99);
    watch.see(less, { ...less.type, data: new Float64Array(6) });
    expect(watch.met()).toBe(true);
  });

  test("those that nobody shows may be as near as they like, constants aside", () => {
    expect(met(less, [a, SIX])).toBe(true);
    expect(met(less)).toBe(true);
    const half = constant([0.5, 1.5, 2.5], [3], "fp32") as unknown as Value;
    expect(met(op.less!(a, half), [a, SIX])).toBe(false);
    expect(met(op.less!(a, half), [a, SIX.with(0, 0.5 + NEAR)])).toBe(true);
  });

  test("what is only moved makes no number larger", () => {
    const turned = op.transpose!(a, { perm: [1, 0] });
    const watch = tieWatch();
    const see = (x: Tensor, data: readonly number[]) => watch.see(x, { ...x.type, data: Float64Array.from(data) });
    see(turned, SIX.with(0, 1e9));
    expect(watch.mayPart(1, 1.001)).toBe(true);
    const other = tieWatch();
    other.see(a, { ...a.type, data: Float64Array.from(SIX) });
    // Not looked at: its operand was.
    other.see(turned, { ...turned.type, data: Float64Array.from(SIX.with(0, 1e9)) });
    expect(other.mayPart(1, 1.001)).toBe(false);
  });
});

test("what was met stays met", () => {
  const watch = tieWatch();
  const see = (x: Tensor, data: readonly number[]) => watch.see(x, { ...x.type, data: Float64Array.from(data) });
  see(row, [0, 1, 2 + NEAR]);
  see(op.cast!(row, { dtype: "int32" }), [0, 1, 2]);
  expect(watch.met()).toBe(true);
  see(a, SIX);
  expect(watch.met()).toBe(true);
});

test("rounding parts no more than the largest number of the run allows, masks aside", () => {
  const watch = tieWatch(new Set([b]));
  const see = (x: Tensor, data: readonly number[]) => watch.see(x, { ...x.type, data: Float64Array.from(data) });
  expect([watch.mayPart(1, 1 + 0.9e-9), watch.mayPart(1, 1 + 1.1e-9), watch.mayPart(0, 1e-9)]).toEqual([
    true,
    false,
    true,
  ]);
  see(b, SIX.with(0, -1e9));
  expect(watch.mayPart(1, 1.001)).toBe(false);
  see(a, SIX.with(0, -999_999));
  see(row, [1, 2, 3]);
  expect([watch.mayPart(1, 1.0009), watch.mayPart(1.0009, 1)]).toEqual([true, true]);
  expect([watch.mayPart(1, 1.0011), watch.mayPart(1.0011, 1), watch.mayPart(-1, 1)]).toEqual([false, false, false]);
});
