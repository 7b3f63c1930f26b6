/** What is known of a term by its parts: of every kind of term, and of all that stands in it. */
import { describe, expect, test } from "vitest";
import type { DType } from "../../../../src/dsl/type.ts";
import { dtypeOf, fits, isUnsettled, numberOf, readsMask } from "../../../../src/passes/prove/logic/facts.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { indexTerm } from "../../../../src/passes/prove/logic/make.ts";
import type { Term } from "../../../../src/passes/prove/logic/terms.ts";
import { rawTerms } from "../../../support/prove/raw-terms.ts";
import { attempt } from "../../../support/prove/term-value.ts";

const c = attempt();
const s = c.store.indices;
const { of, number, leaf, add, neg, mul, div, max, min, pow, select, unary, linear, product, hole, app } = rawTerms(c);
const input = (dtype: DType): Term => rawTerms(c).input("x", dtype);
const exp = (t: Term): Term => unary("exp", t);
const [f16, f32, i32, flag] = [input("fp16"), input("fp32"), input("int32"), input("bool")];
const sum = add(f16, f16);

describe("the dtype of a term", () => {
  test.each<readonly [says: string, t: Term, dtype: DType | undefined]>([
    ["a hole's is that of what fills it", hole(0, "fp16"), "fp16"],
    ["a hole's of no dtype is not known", hole(0), undefined],
    ["−x of fp32 is one", neg(f32), "fp32"],
    ["−x of int8 may be none", neg(input("int8")), undefined],
    ["−x of what is not known is not", neg(sum), undefined],
    ["a minimum's is that of all", min(f16, f16), "fp16"],
    ["… if they have one", min(i32, f16), undefined],
    ["… though a number stands first", max(number(2), f16), "fp16"],
    ["of numbers alone it is not known", max(number(1), number(2)), undefined],
    ["of a maximum with a sum neither", max(f16, sum), undefined],
    ["a selection of numbers has none, whatever it asks", select(flag, number(1), number(2)), undefined],
    ["a largest element's is that of all", app("max", f16), "fp16"],
    ["a least element's too", app("min", i32), "int32"],
    ["a sum's over elements is not known", app("sum", f16), undefined],
    ["nor that of rows", of({ kind: "rows", size: 8, ring: false }, f16, f16), undefined],
    ["nor of pieces", of({ kind: "pieces", lengths: [1, 2] }, f16, f16), undefined],
    ["nor of a quotient", div(f16, f16), undefined],
    ["nor of a power", pow(f16, f16), undefined],
    ["nor of a sum over the reals", linear(0, [1], f16), undefined],
    ["nor of a product over the reals", product([1], f16), undefined],
  ])("%s", (_, t, dtype) => {
    expect(t.dtype).toBe(dtype);
    expect(dtypeOf(t, t.args)).toBe(dtype);
  });

  test("what is not known fits none", () => {
    const dtypes: readonly DType[] = ["fp16", "fp32", "int32", "bool"];
    for (const t of [sum, hole(0), app("sum", f16)]) expect(dtypes.filter((d) => fits(t, d))).toEqual([]);
    expect(dtypes.filter((d) => fits(f32, d))).toEqual(["fp32"]);
    expect(dtypes.filter((d) => fits(f16, d))).toEqual(["fp16", "fp32"]);
    expect(dtypes.filter((d) => fits(i32, d))).toEqual(["int32"]);
    expect(dtypes.filter((d) => fits(flag, d))).toEqual(dtypes);
  });

  test("a position fits a type down to its least value", () => {
    const at = (n: number, shift: number) => indexTerm(c, ix.shift(s, ix.variable(s, "n", n), shift));
    expect([fits(at(9, -128), "int8"), fits(at(9, -129), "int8")]).toEqual([true, false]);
    expect([fits(at(9, -9), "uint8"), fits(at(2, -1), "bool"), fits(at(2, 1), "bool")]).toEqual([false, false, false]);
  });
});

test("a number is known as one, and nothing else", () => {
  expect([number(2), number(0), number(Number.POSITIVE_INFINITY)].map(numberOf)).toEqual([2, 0, Infinity]);
  expect([f16, sum, hole(0), indexTerm(c, ix.variable(s, "n", 3))].map(numberOf)).toEqual(Array(4).fill(undefined));
});

describe("a body that other arguments may change", () => {
  const at = (...place: readonly ix.Ix[]): Term => leaf({ of: "state", name: "K", dtype: "fp16" }, ...place);
  const [p, q, b] = [ix.param(s, 0), ix.param(s, 1), ix.bound(s, 4)];
  const half = ix.div(s, ix.plus(s, p, b), 2);

  test.each<readonly [says: string, body: Term, unsettled: boolean]>([
    ["a quotient beside another part of the place", at(ix.plus(s, half, b)), true],
    ["a quotient in one place of two", at(p, half), true],
    ["… and in the other", at(half, p), true],
    ["a quotient of a quotient", at(ix.div(s, ix.plus(s, half, ix.times(s, b, 3)), 5)), true],
    ["a quotient of the parameter alone", at(ix.div(s, p, 2)), true],
    ["a quotient of the bound variable beside a parameter is settled", at(ix.plus(s, p, ix.div(s, b, 2))), false],
    ["a number is", number(2), false],
    ["a place twice in a sum", add(at(p), at(p)), true],
    ["two alike, the first with a minus sign", mul(neg(at(p)), at(q)), true],
    ["both with one", max(neg(at(p)), neg(at(q))), true],
    ["one under two of them is not alike", max(neg(neg(at(p))), at(q)), false],
    ["the last two of three", min(exp(at(b)), at(p), at(q)), true],
    ["the first two of three", min(at(p), at(q), exp(at(b))), true],
    ["two of a sum over the reals", linear(0, [1, 0.5], at(p), at(q)), true],
    ["two of a product over the reals", product([1, 0.5], at(p), at(q)), true],
    ["one of each is settled", product([1, 0.5], at(p), exp(at(q))), false],
    ["two branches of a selection are", select(exp(at(b)), at(p), at(q)), false],
    ["in the second argument of what is settled", div(at(b), exp(at(half))), true],
    ["in the first argument", div(exp(at(half)), at(b)), true],
  ])("%s", (_, body, unsettled) => {
    expect(isUnsettled(body)).toBe(unsettled);
  });
});

describe("an entry of a mask", () => {
  const mask = leaf({ of: "mask", name: "m", dtype: "fp16" }, ix.constant(s, 0), ix.rest(s, "r", 5));
  const x = f16;

  test.each<readonly [says: string, t: Term, reads: boolean]>([
    ["itself", mask, true],
    ["an input", x, false],
    ["a state of that name", leaf({ of: "state", name: "m", dtype: "fp16" }), false],
    ["a number", number(-10_000), false],
    ["in the first of two arguments", add(mask, x), true],
    ["in the second", add(x, mask), true],
    ["deep below", exp(exp(select(x, x, exp(mask)))), true],
    ["in none of the arguments", select(flag, exp(x), add(x, exp(x))), false],
    ["in the body of a reduction", app("max", add(hole(0, "fp16"), mask), x), true],
    ["in what fills its hole", app("max", hole(0, "fp16"), exp(mask)), true],
    ["in neither", app("max", exp(hole(0, "fp16")), x), false],
    ["in a reduction within one", app("sum", exp(app("max", mask))), true],
  ])("%s", (_, t, reads) => {
    expect(readsMask(t)).toBe(reads);
  });
});

test("what is used twice at every step is looked at once", () => {
  let t = f16;
  // The paths from the last to the first are 2^80.
  for (let k = 0; k < 80; k++) t = div(t, t);
  expect([isUnsettled(t), readsMask(t)]).toEqual([false, false]);
});
