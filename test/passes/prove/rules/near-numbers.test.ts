/** Over the reals a number may be none that a double can be: no rule takes it for the nearest one. */
import { describe, expect, test } from "vitest";
import { type Graph, graph } from "../../../../src/dsl/graph.ts";
import { abs, add, cast, exp, maximum, minimum, mul, sub } from "../../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../../src/dsl/tensor.ts";
import type { Shape } from "../../../../src/dsl/type.ts";
import { ceilingOf } from "../../../../src/passes/prove/logic/ceiling.ts";
import { fits, numberOf } from "../../../../src/passes/prove/logic/facts.ts";
import { num, numQ, raw } from "../../../../src/passes/prove/logic/make.ts";
import { rational } from "../../../../src/passes/prove/logic/rational.ts";
import { prove } from "../../../../src/passes/prove/prove.ts";
import * as scalar from "../../../../src/passes/prove/reading/scalar.ts";
import { attempt } from "../../../support/prove/term-value.ts";

type Value = Tensor<Shape, "fp16">;
const number = (x: number): Value => constant([x], [1, 1]) as unknown as Value;

/** 2⁻⁹⁶, made of numbers that fp16 has; and what brings it back to 1. */
const tiny = (): Value => [1, 2, 3].reduce((t: Value) => mul(t, number(2 ** -24)) as Value, number(2 ** -24));
const large = (x: Value): Value => [1, 2, 3, 4, 5, 6, 7, 8].reduce((t: Value) => mul(t, 2 ** 12) as Value, x);

/** x·((eˣ + 1) + c) against x·eˣ + x: equal where c is 0. */
function verdictOn(c: () => Value): string {
  const of = (tokens: number, f: (x: Value) => Value): Graph => {
    const x = input("x", [tokens, 4]) as Value;
    return graph({ name: "g", inputs: [x], outputs: { y: f(x) } });
  };
  const block = of(2, (x) => mul(x, add(add(exp(x), 1), c())) as Value);
  const step = of(1, (x) => add(mul(x, exp(x)), x) as Value);
  return prove(block, step, { budget: 0, secondOpinion: false }).verdict;
}

test.each<readonly [string, () => Value]>([
  ["(1 + t) − 1", () => large(sub(add(number(1), tiny()), 1) as Value)],
  ["max(1, 1 + t) − 1", () => large(sub(maximum(number(1), add(number(1), tiny())), 1) as Value)],
  ["min(1 − t, 1) − 1", () => large(sub(minimum(sub(number(1), tiny()), number(1)), 1) as Value)],
  ["min(1, 1 − t) − 1", () => large(sub(minimum(number(1), sub(number(1), tiny())), 1) as Value)],
  ["|1 + t| − 1", () => large(sub(abs(add(number(1), tiny())), 1) as Value)],
  [
    "int32(3 − t) − 3",
    () => sub(cast(cast(sub(number(3), tiny()), { dtype: "int32" }), { dtype: "fp16" }), 3) as Value,
  ],
])("%s is not 0", (_, c) => {
  expect(verdictOn(c)).not.toBe("PROVEN");
  expect(verdictOn(() => number(0))).toBe("PROVEN");
});

describe("two rationals with one nearest double", () => {
  const c = attempt("reals");
  const [low, high] = [numQ(c, rational(1n, 3n)), numQ(c, rational(10n ** 30n + 1n, 3n * 10n ** 30n))];

  test("are compared as they are", () => {
    const holds = (how: "less" | "equal" | "less_equal", a = low, b = high) => numberOf(scalar.compare(c, how, a, b));
    expect([holds("less"), holds("equal"), holds("less_equal")]).toEqual([1, 0, 1]);
    expect([holds("less", high, low), holds("less_equal", high, low)]).toEqual([0, 0]);
    expect([holds("less", low, low), holds("equal", low, low), holds("less_equal", low, low)]).toEqual([0, 1, 1]);
  });

  test("have a larger and a smaller, in any order", () => {
    expect([scalar.maximum(c, [low, high]), scalar.maximum(c, [high, low])]).toEqual([high, high]);
    expect([scalar.minimum(c, [low, high]), scalar.minimum(c, [high, low])]).toEqual([low, low]);
  });

  test("keep what they are without their sign", () => {
    expect(scalar.unary(c, "abs", numQ(c, rational(-1n, 3n)))).toBe(low);
    expect(scalar.unary(c, "abs", num(c, 0))).toBe(num(c, 0));
  });

  test("are no double, and fit no type", () => {
    expect([numberOf(low), numberOf(numQ(c, rational(1n, 4n)))]).toEqual([undefined, 0.25]);
    const above = numQ(c, rational(2n ** 60n + 1n, 2n ** 60n));
    expect([fits(above, "fp32"), fits(above, "int32"), fits(num(c, 1), "int32")]).toEqual([false, false, true]);
  });

  test("too large for a double they are none", () => {
    expect(numberOf(numQ(c, rational(10n ** 400n)))).toBe(undefined);
  });

  test("lie no lower than they are where they mask out", () => {
    const entry = (q: [bigint, bigint]) => ceilingOf(numQ(c, rational(...q)))!.base;
    expect(entry([-10_000n, 1n])).toBe(-10_000);
    expect(entry([-30_001n, 3n])).toBeGreaterThan(-30_001 / 3);
    // A rational that no double holds is finite.
    expect(ceilingOf(numQ(c, rational(-(10n ** 400n))))).toBe(undefined);
    expect(ceilingOf(raw(c, { kind: "num", value: Number.NEGATIVE_INFINITY }, []))!.base).toBe(-Infinity);
  });
});
