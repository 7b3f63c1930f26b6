/** Texts of stored values: equal numbers have equal texts, any two others do not. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { constant, input, state, type Tensor, weight } from "../../../../src/dsl/tensor.ts";
import { exactly, hashOfNumbers, storedText } from "../../../../src/passes/prove/program/literals.ts";
import { weightPlace } from "../../../../src/passes/prove/reading/leaves.ts";
import { op, type Value } from "../../../support/prove/corpus/fault.ts";

describe("attributes", () => {
  const text = (x: unknown) => JSON.stringify({ x }, exactly);

  test.each([
    ["a text", '{"x":"a text"}'],
    [true, '{"x":true}'],
    [[1, -2.5], '{"x":[1,-2.5]}'],
    [0, '{"x":0}'],
    [-0, '{"x":"number -0"}'],
    [Number.NaN, '{"x":"number NaN"}'],
    [Number.POSITIVE_INFINITY, '{"x":"number Infinity"}'],
    [[Number.NEGATIVE_INFINITY], '{"x":["number -Infinity"]}'],
  ] as const)("%s", (x, expected) => expect(text(x)).toBe(expected));

  test("two numbers have one text only where they are the same number", () => {
    const odd = fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1, -1);
    const any = fc.oneof(odd, fc.double());
    const property = fc.property(any, any, (a, b) => (text(a) === text(b)) === Object.is(a, b));
    fc.assert(property, { numRuns: 300, seed: 4711 });
  });
});

describe("constants", () => {
  test("are told by their numbers, whatever holds them", () => {
    expect(hashOfNumbers([1, 2, 3])).toBe(hashOfNumbers(Float32Array.of(1, 2, 3)));
    const all = [[1, 2, 3], [1, 2], [1, 3, 2], [], [0], [-0], [Number.NaN]].map(hashOfNumbers);
    expect(new Set(all).size).toBe(all.length);
  });

  test("are read once, and told alike each time", () => {
    let reads = 0;
    const data = {
      length: 2,
      get 0() {
        reads++;
        return 5;
      },
      1: 6,
    };
    expect([hashOfNumbers(data), hashOfNumbers(data)]).toEqual(Array(2).fill(hashOfNumbers([5, 6])));
    expect(reads).toBe(1);
  });
});

describe("stored values", () => {
  const text = (x: unknown) => storedText(x as Tensor, weightPlace);
  const numbers = (data: readonly number[], shape = [data.length], dtype: "fp16" | "int32" = "fp16") =>
    constant(data, shape, dtype) as Tensor as Value;

  test.each([
    ["a weight", () => weight("w", [2, 4])],
    ["rows of a weight", () => weight("w", [2, 4], { rows: [2, 4] })],
    ["a constant", () => numbers([1, 2])],
    ["an op of both", () => op.add(weight("w", [2, 4]), numbers([1, 2, 3, 4]))],
    ["an op with attributes", () => op.clip(weight("w", [2]), { alpha: Number.NEGATIVE_INFINITY, beta: -0 })],
  ])("%s made twice has one text", (_, make) => expect(text(make())).toBe(text(make())));

  test("what may hold other numbers has another text", () => {
    const [w, v] = [weight("w", [4]), weight("v", [4])];
    const all: readonly unknown[] = [
      w,
      v,
      weight("w", [2, 2]),
      weight("w", [4], { rows: [1, 5] }),
      weight("w", [4], { rows: [2, 6] }),
      weight("w", [2, 2], { transform: "transpose" }),
      numbers([1, 2]),
      numbers([2, 1]),
      numbers([1, 2], [2, 1]),
      numbers([1, 2], [2], "int32"),
      op.add(w, v),
      op.add(w, w),
      op.add(v, w),
      op.mul(w, v),
      op.add(op.add(w, v), v),
      op.add(w, numbers([1, 2, 3, 4])),
      op.add(w, numbers([1, 2, 3, 5])),
      op.clip(w, { alpha: 0, beta: 1 }),
      op.clip(w, { alpha: -0, beta: 1 }),
      op.clip(w, { alpha: 0, beta: Number.POSITIVE_INFINITY }),
      op.clip(w, { alpha: Number.NEGATIVE_INFINITY, beta: 1 }),
      op.tanh(input("w", [4])),
      op.tanh(input("v", [4])),
      op.tanh(state("w", [4])),
      op.tanh(w),
    ];
    expect(new Set(all.map(text)).size).toBe(all.length);
  });

  test("parts of one tensor are told by where they begin, not by how they are named", () => {
    const place = ({ from }: { readonly from: string }) => ({ base: from, offset: 3 });
    expect(storedText(weight("w", [4]), place)).toBe(storedText(weight("v", [4]), place));
    expect(storedText(weight("w", [4]), place)).not.toBe(
      storedText(weight("w", [4]), () => ({ base: "checkpoint", offset: 4 })),
    );
  });
});
