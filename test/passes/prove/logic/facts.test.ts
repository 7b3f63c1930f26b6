/** What is known of a term by its parts: a dtype that is claimed is the dtype of every value. */
import { describe, expect, test } from "vitest";
import { roundTo } from "../../../../src/dsl/number.ts";
import type { DType } from "../../../../src/dsl/type.ts";
import { fits, isExactIn, isUnsettled, withinInteger } from "../../../../src/passes/prove/logic/facts.ts";
import * as ix from "../../../../src/passes/prove/logic/indices.ts";
import { indexTerm, num, raw } from "../../../../src/passes/prove/logic/make.ts";
import type { Head, Term } from "../../../../src/passes/prove/logic/terms.ts";
import { attempt } from "../../../support/prove/term-value.ts";

const c = attempt();
const s = c.store.indices;
const leaf = (dtype: DType): Term => raw(c, { kind: "leaf", leaf: { of: "input", name: "x", dtype } }, []);
const of = (head: Head, ...args: readonly Term[]): Term => raw(c, head, args);
const [f16, f32, i32, flag] = [leaf("fp16"), leaf("fp32"), leaf("int32"), leaf("bool")];

describe("the dtype of a term", () => {
  test.each<readonly [string, Term, DType | undefined]>([
    ["a leaf's is its own", f16, "fp16"],
    ["a rounding's is what it rounds to", of({ kind: "round", to: "int8" }, f32), "int8"],
    ["a comparison's is bool", of({ kind: "compare", how: "less" }, f16, f16), "bool"],
    ["a position's is int32", indexTerm(c, ix.variable(s, "v", 4)), "int32"],
    ["a sum's is not known", of({ kind: "add" }, f16, f16), undefined],
    ["nor a product's", of({ kind: "mul" }, f16, f16), undefined],
    ["nor a function's", of({ kind: "unary", fn: "tanh" }, f16), undefined],
    ["−x of fp16 is one", of({ kind: "neg" }, f16), "fp16"],
    ["−x of int32 may be none", of({ kind: "neg" }, i32), undefined],
    ["−x of bool is none", of({ kind: "neg" }, flag), undefined],
    ["a maximum's is that of all", of({ kind: "max" }, f16, flag), "fp16"],
    ["… if they have one", of({ kind: "max" }, f16, f32), undefined],
    ["a selection's is that of its branches", of({ kind: "select" }, i32, f16, f16), "fp16"],
    ["… of both", of({ kind: "select" }, flag, f16, i32), undefined],
    ["a number has none of its own", num(c, 1), undefined],
    ["but fits beside one that has", of({ kind: "max" }, f16, num(c, 0.5)), "fp16"],
    ["… where it is of that type", of({ kind: "max" }, f16, num(c, 0.1)), undefined],
  ])("%s", (_, t, dtype) => {
    expect(t.dtype).toBe(dtype);
  });
});

describe("what fits a dtype", () => {
  test("a number when rounding leaves it", () => {
    const dtypes: readonly DType[] = ["fp16", "fp32", "int32", "int16", "int8", "uint8", "bool"];
    for (const x of [0, 1, -1, 0.5, 0.1, 2049, 65504, 65536, 40000, 200, 256, -129, 2 ** 31])
      for (const dtype of dtypes)
        expect([x, dtype, fits(num(c, x), dtype)]).toEqual([x, dtype, roundTo(dtype, x) === x]);
  });

  test("a wider float, and bool in all", () => {
    expect(fits(f16, "fp32")).toBe(true);
    expect(fits(f32, "fp16")).toBe(false);
    expect([fits(i32, "fp32"), fits(i32, "fp16"), fits(i32, "int16")]).toEqual([false, false, false]);
    expect([fits(flag, "fp16"), fits(flag, "int8"), fits(f16, "bool")]).toEqual([true, true, false]);
  });

  test("a position when its range does, and no float", () => {
    const v = (n: number, shift = 0) => indexTerm(c, ix.shift(s, ix.variable(s, "n", n), shift));
    expect([fits(v(128), "int8"), fits(v(129), "int8"), fits(v(128, -128), "int8")]).toEqual([true, false, true]);
    expect([fits(v(256), "uint8"), fits(v(256, 1), "uint8"), fits(v(2, -1), "uint8")]).toEqual([true, false, false]);
    expect([fits(v(2), "bool"), fits(v(3), "bool")]).toEqual([true, false]);
    expect([fits(v(4), "fp16"), fits(v(4), "fp32"), fits(v(4), "int32")]).toEqual([false, false, true]);
    expect(withinInteger(ix.times(s, ix.variable(s, "n", 3), 2 ** 30), "int32")).toBe(false);
  });

  test.each<readonly [DType, number]>([
    ["fp16", 2048],
    ["fp32", 2 ** 24],
  ])("%s holds every position up to %d, and down to it, and no wider range", (dtype, most) => {
    const upTo = (n: number, shift = 0) => isExactIn(dtype, ix.shift(s, ix.variable(s, "n", n + 1), shift));
    expect([upTo(most), upTo(most + 1), upTo(2 * most, -most)]).toEqual([true, false, true]);
    expect([upTo(0, -most), upTo(0, -most - 1), upTo(most, -most - 1)]).toEqual([true, false, false]);
    expect([roundTo(dtype, most) === most, roundTo(dtype, most + 1) === most + 1]).toEqual([true, false]);
  });

  test("no other type is asked to hold positions", () => {
    expect(isExactIn("bool", ix.constant(s, 1))).toBe(false);
  });
});

describe("a body that other arguments may change", () => {
  const at = (i: ix.Ix): Term => raw(c, { kind: "leaf", leaf: { of: "state", name: "K", dtype: "fp16" } }, [], [i]);
  const [p, q, b] = [ix.param(s, 0), ix.param(s, 1), ix.bound(s, 4)];

  test.each<readonly [string, Term, boolean]>([
    ["a place by parameter and bound variable is settled", at(ix.plus(s, p, b)), false],
    ["a quotient of the bound variable too", at(ix.div(s, b, 2)), false],
    ["a quotient of a parameter is not", at(ix.div(s, ix.plus(s, p, b), 2)), true],
    ["two alike in a sum are not", of({ kind: "add" }, at(p), at(q)), true],
    ["nor where one has a minus sign", of({ kind: "add" }, at(p), of({ kind: "neg" }, at(q))), true],
    ["two that are not alike are", of({ kind: "add" }, at(p), of({ kind: "unary", fn: "exp" }, at(q))), false],
    ["a quotient of two has its order", of({ kind: "div" }, at(p), at(q)), false],
    ["however deep it lies", of({ kind: "unary", fn: "exp" }, of({ kind: "mul" }, at(p), at(q))), true],
  ])("%s", (_, body, unsettled) => {
    expect(isUnsettled(body)).toBe(unsettled);
  });
});
