/** softmax: along which axis, and that it sees differences alone. */
import { expect, test } from "vitest";
import * as o from "../../../src/dsl/ops/index.ts";
import type { Tensor } from "../../../src/dsl/tensor.ts";
import { of, refusalOf, resultOf } from "../../support/ops/worked.ts";

/** The difference of two exponents of which one is three times the other. */
const LN3 = of([Math.log(3)], [1], "fp32");

// Zeros everywhere, and ln 3 at the end: 1/4 and 3/4 along the axis that holds it.
const last = o.mul(LN3, of([0, 0, 0, 0, 0, 0, 0, 1], [2, 2, 2], "fp32"));

test.each<readonly [says: string, build: () => Tensor, expected: readonly number[]]>([
  ["the last axis by default", () => o.softmax(last), [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.75]],
  ["the last axis, from the end", () => o.softmax(last, { axis: -1 }), [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.75]],
  ["the middle axis", () => o.softmax(last, { axis: 1 }), [0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.5, 0.75]],
  ["the first axis", () => o.softmax(last, { axis: 0 }), [0.5, 0.5, 0.5, 0.25, 0.5, 0.5, 0.5, 0.75]],
  ["an axis of one element", () => o.softmax(of([7, -7], [2, 1], "fp32")), [1, 1]],
])("shares out 1 along %s", (_, build, expected) => {
  for (const [i, y] of resultOf(build())[1].entries()) expect(y).toBeCloseTo(expected[i]!, 6);
});

test("only differences count, also where exp of an element or of a difference is beyond fp32", () => {
  for (const shift of [0, 1000, -1000, 30000]) {
    expect(resultOf(o.softmax(of([shift, shift - 160, shift - 160])))[1]).toEqual([1, 0, 0]);
    expect(resultOf(o.softmax(of([shift - 160, shift, shift - 160, shift])))[1]).toEqual([0, 0.5, 0, 0.5]);
  }
});

test("refuses an axis that is not there", () => {
  expect(refusalOf(() => o.softmax(last, { axis: 3 }))).toBe("softmax: axis 3 is outside rank 3");
});
