/** Which runs count: values are finite, scores within the bound, and what a mask reaches may lie as far down as it likes. */
import { describe, expect, test } from "vitest";
import { input, type Tensor } from "../../../../src/dsl/tensor.ts";
import type { DType } from "../../../../src/dsl/type.ts";
import type { WeightSource } from "../../../../src/dsl/weight-source.ts";
import { provenPair } from "../../../../src/passes/prove/program/pair.ts";
import { maskedValues, newKeeper } from "../../../../src/passes/prove/refute/keeper.ts";
import { op, pairOf, table_, type Value, W } from "../../../support/prove/corpus/fault.ts";

const x = input("x", [2]);
const NAMELESS = op.exp!(x as Value) as Tensor;

/** What is told of values of a run, of x unless told otherwise; the bound is 100. */
function kept(seen: readonly (readonly number[])[], how: { value?: Tensor; masked?: boolean; highest?: number } = {}) {
  const { value = x, masked = false, highest } = how;
  const of = new Set(masked ? [value] : []);
  const keeper = highest === undefined ? newKeeper(100, of) : newKeeper(100, of, highest);
  for (const data of seen) keeper.see(value, { ...value.type, data: Float64Array.from(data) });
  return keeper.broken();
}

describe("a run keeps the bound", () => {
  test.each<readonly [string, string | undefined, ReturnType<typeof kept>]>([
    ["of scores up to it", undefined, kept([[0, 100, -100]])],
    ["and no more", "x is 100.5", kept([[0, 100.5]])],
    ["nor less", "x is -100.5", kept([[0, -100.5]])],
    ["the first that breaks it is told", "x is 101", kept([[0], [101, 102], [Number.NaN]])],
    ["with finite values alone", "x is NaN", kept([[0, Number.NaN]])],
    ["infinity is none", "x is Infinity", kept([[Number.POSITIVE_INFINITY]])],
    ["what a mask reaches may lie below", undefined, kept([[-20000]], { masked: true })],
    ["as what an op makes of it", undefined, kept([[-20000]], { masked: true, value: NAMELESS })],
    ["but not be infinite", "x is -Infinity", kept([[Number.NEGATIVE_INFINITY]], { masked: true })],
    ["nor lie above", "x is 100.5", kept([[100.5]], { masked: true })],
    ["or higher where that is allowed", undefined, kept([[100.5, 200]], { masked: true, highest: 200 })],
    ["and no higher", "x is 200.5", kept([[200.5]], { masked: true, highest: 200 })],
    ["no score gains by that", "x is 150", kept([[150]], { highest: 200 })],
    ["whole numbers are no scores", undefined, kept([[1000]], { value: input("n", [1], "int32") })],
    ["nor are constants", undefined, kept([[Number.NEGATIVE_INFINITY]], { value: table_([-1000], [1]) })],
    ["a weight is told by its kind", "weight is 101", kept([[101]], { value: W("w", [1]) })],
    ["what has no name by its op", "exp is 101", kept([[101]], { value: NAMELESS })],
  ])("%s", (_, told, found) => {
    expect(found).toBe(told);
  });

  test("of what was seen, wherever it is moved; what was not is looked at", () => {
    const moved = op.concat!([x as Value, NAMELESS as Value], { axis: 0 }) as Tensor;
    const keeper = (seen: readonly Tensor[]) => {
      const watch = newKeeper(100, new Set());
      for (const value of seen) watch.see(value, { ...value.type, data: Float64Array.of(1, 2) });
      watch.see(moved, { ...moved.type, data: Float64Array.of(1, 2, 101, 2) });
      return watch.broken();
    };
    expect(keeper([x, NAMELESS])).toBe(undefined);
    expect(keeper([x])).toBe("concat is 101");
  });

  test("a value that a mask of −∞ reaches may be that, and neither NaN nor +∞", () => {
    const seen = (...data: readonly number[]) => {
      const keeper = newKeeper(100, new Set([x]), 100, new Set([x]));
      keeper.see(x, { ...x.type, data: Float64Array.from(data) });
      return keeper.broken();
    };
    expect(seen(Number.NEGATIVE_INFINITY, 3)).toBe(undefined);
    expect(seen(Number.NEGATIVE_INFINITY, Number.NaN)).toBe("x is NaN");
    expect(seen(Number.POSITIVE_INFINITY)).toBe("x is Infinity");
    expect(seen(Number.NEGATIVE_INFINITY, 101)).toBe("x is 101");
  });

  test("whatever is finite, where there is none", () => {
    const keeper = newKeeper(Number.POSITIVE_INFINITY, new Set());
    keeper.see(x, { ...x.type, data: Float64Array.of(-1e300, 1e300) });
    expect(keeper.broken()).toBe(undefined);
    keeper.see(x, { ...x.type, data: Float64Array.of(Number.POSITIVE_INFINITY) });
    expect(keeper.broken()).toBe("x is Infinity");
  });
});

const FAR = table_([0, -1000, 0, 0], [4]);
const NEAR = table_([0, -999, 0, 5000], [4]);
const stored = (sha256: string, dtype: DType = "fp16"): Value => {
  const source: WeightSource = { from: "package", sha256, file: "weight.bin", offset: Number.parseInt(sha256, 16) };
  return { ...W("w", [4]), type: { dtype, shape: [4] }, def: { kind: "weight", source } } as Value;
};

describe("a mask reaches", () => {
  const attn = (f: { mask(): Value }): Value => op.reshape!(f.mask(), { shape: [-1, 5] });
  test.each<readonly [string, boolean, (f: Parameters<Parameters<typeof pairOf>[0]["make"]>[0]) => Value]>([
    ["what it is added to", true, (f) => op.add!(attn(f), 1)],
    ["what is made of that", true, (f) => op.exp!(op.add!(attn(f), 1))],
    ["no other input", false, ({ x }) => op.add!(x, 1)],
    ["itself times a number", true, (f) => op.mul!(attn(f), 2)],
    ["itself, as it is fed, times a number", true, (f) => op.mul!(f.mask(), 2)],
    ["what a far constant is added to", true, ({ x }) => op.add!(x, FAR)],
    ["nothing by a constant that is near", false, ({ x }) => op.add!(x, NEAR)],
    ["nothing by a far factor", false, ({ x }) => op.mul!(x, FAR)],
    ["nothing by a far divisor", false, ({ x }) => op.real_div!(x, FAR)],
    ["what a far constant is taken from", true, ({ x }) => op.sub!(x, FAR)],
    ["a product by what was made of a far constant", true, ({ x }) => op.mul!(x, op.add!(FAR, 1))],
    ["what a far stored table is added to", true, ({ x }) => op.add!(x, stored("1"))],
    ["nothing by a stored table that is near", false, ({ x }) => op.add!(x, stored("2"))],
    ["nothing by a weight", false, ({ x }) => op.add!(x, stored("3"))],
    ["nothing by a far stored factor", false, ({ x }) => op.mul!(x, stored("1"))],
  ])("%s", (_, told, make) => {
    const { block, step } = pairOf({ make: (f) => make(f) }, 2, false);
    const tables: Record<string, number[]> = { "1": [0, 0, -2000, 0], "2": [0, 0, -999, 0] };
    const tableOf = (source: WeightSource) => (source.from === "package" ? tables[source.sha256] : undefined);
    const found = maskedValues(provenPair(block, step, { tableOf }));
    expect([block, step].map(({ outputs }) => found.has(outputs.y!))).toEqual([told, told]);
  });

  test("from where it is fed, or held", () => {
    const { block, step } = pairOf(
      { make: (f) => op.add!(op.add!(attn(f), 1), op.reduce_sum!(FAR, { axes: [0], keep_dims: true })) },
      2,
      false,
    );
    const found = maskedValues(provenPair(block, step));
    expect([block.inputs[0]!, step.inputs[0]!, FAR].map((v) => found.has(v))).toEqual([true, true, true]);
  });
});

describe("scores that an op makes and does not show", () => {
  const attention = (mask?: Value) => {
    const [q, k] = [input("q", [1, 2, 4]), input("k", [1, 3, 4])] as unknown as [Value, Value];
    return { q, k, y: op.scaled_dot_product_attention!(q, k, k, mask ? { attn_mask: mask } : {}) };
  };
  const broken = (q: number, k: number, masked: boolean) => {
    const { y, ...made } = attention();
    const keeper = newKeeper(100, new Set(masked ? [y] : []));
    for (const [value, x] of [
      [made.q, q],
      [made.k, k],
      [y, 1],
    ] as const)
      keeper.see(value, { ...value.type, data: Float64Array.of(0, -x) });
    return keeper.broken();
  };
  test("are within the bound as far as query and key tell", () => {
    // |q| · |k| · √4.
    expect([broken(5, 10, true), broken(5, 10.1, true)]).toEqual([
      undefined,
      "a score of an attention may be beyond the bound",
    ]);
    expect(broken(50, 50, false)).toBe(undefined);
  });
});
