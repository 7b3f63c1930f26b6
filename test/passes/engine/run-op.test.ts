/** Graphs on the engine's arithmetic: what is known of their bits, and that its bounds hold. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { fp16Value } from "../../../src/dsl/number.ts";
import * as ops from "../../../src/dsl/ops/index.ts";
import { constant, input, type Tensor } from "../../../src/dsl/tensor.ts";
import type { Shape } from "../../../src/dsl/type.ts";
import { type Estimate, knowledgeOf } from "../../../src/passes/engine/estimate.ts";
import { engineOps } from "../../../src/passes/engine/run-op.ts";
import { arrayOf } from "../../../src/passes/interpret/array.ts";
import { evaluateAll } from "../../../src/passes/interpret/evaluate.ts";

const runOp = engineOps();

/** One op of inputs as the engine computes it. */
function run(make: (...x: readonly Tensor[]) => Tensor, ...given: readonly Estimate[]): Estimate {
  const inputs = given.map(({ dtype, shape }, n) => input(`x${n}`, shape, dtype));
  const result = make(...inputs);
  const g = graph({ name: "g", inputs, outputs: { result } });
  const values = Object.fromEntries(given.map((x, n) => [`x${n}`, x]));
  return evaluateAll(g, { values }, { runOp }).get(result)!;
}

const array = (shape: Shape, data: readonly number[]): Estimate => arrayOf("fp16", shape, data);
const row = (...data: readonly number[]): Estimate => array([data.length], data);

/** a, b, and what the device gave for a + b, a · b and a − b: the elementwise record of the source in src/passes/engine/reading.ts. */
const ELEMENTWISE: readonly (readonly [a: number, b: number, sum: number, product: number, difference: number])[] = [
  [2048, 1, 2050, 2048, 2047],
  [-2048, -1, -2050, 2048, -2047],
  [4096, 2, 4100, 8192, 4094],
  [1, 2 ** -11, 1 + 2 ** -10, 2 ** -11, 0.99951171875],
  [16384, 16384, 32768, Number.POSITIVE_INFINITY, 0],
  [32752, 16, 32768, Number.POSITIVE_INFINITY, 32736],
  [65504, 0, 65504, 0, 65504],
  [40000, 1, 40000, 40000, 40000],
  [2 ** -24, 0, 2 ** -24, 0, 2 ** -24],
  [2 ** -12, 2 ** -12, 2 ** -11, 2 ** -24, 0],
  [2 ** -7, 2 ** -10, 0.0087890625, 2 ** -17, 0.0068359375],
  [200, 200, 400, 40000, 0],
  [Number.NaN, 1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  [Number.POSITIVE_INFINITY, 1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
];

describe("the elementwise record", () => {
  test.each(ELEMENTWISE)("%d and %d", (a, b, sum, product, difference) => {
    const results = [ops.add, ops.mul, ops.sub].map((op) => run((x, y) => op(x!, y!), row(a), row(b)));
    expect(results.map((x) => x.data[0])).toEqual([sum, product, difference]);
    expect(results.map(knowledgeOf)).toEqual(["exact", "exact", "exact"]);
  });
});

const weights = (shape: Shape, data: readonly number[]) => constant(new Float64Array(data), shape, "fp16");

describe("what is known of an op's bits", () => {
  const x = array([1, 2, 1, 2], [1, 2, 3, 4]);
  const known = (make: (x: Tensor) => Tensor, given = x): string => knowledgeOf(run((y) => make(y!), given));
  test("products, tables and what moves are exact", () => {
    expect(known((y) => ops.conv(y, weights([1, 2, 1, 1], [0.5, 0.25])))).toBe("exact");
    expect(known((y) => ops.matmul(y, y, { transpose_y: true }))).toBe("exact");
    expect(known((y) => ops.tanh(y))).toBe("exact");
    expect(known((y) => ops.reshape(y, { shape: [4] }))).toBe("exact");
  });
  test("sums, silu and quotients lie within bounds", () => {
    expect(known((y) => ops.reduce_sum(y, { axes: [1] }))).toBe("bounded");
    expect(known((y) => ops.silu(y))).toBe("bounded");
    expect(known((y) => ops.real_div(y, y))).toBe("bounded");
    expect(known((y) => ops.softmax(y, { axis: 1 }))).toBe("bounded");
    expect(known((y) => ops.transpose(ops.silu(y), { perm: [3, 2, 1, 0] }))).toBe("bounded");
  });
  test("what may overflow on the way, and kernels 3 wide, are open", () => {
    const large = array([1, 2, 1, 2], [30000, 2, 30000, 4]);
    expect(known((y) => ops.conv(y, weights([1, 2, 1, 1], [1, 1])), large)).toBe("open");
    expect(known((y) => ops.conv(y, weights([1, 2, 1, 3], [1, 1, 1, 1, 1, 1]), { pad_type: "same" }))).toBe("open");
  });
});

test.each([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])(
  "a quotient by %d is open: what a table gives for it is not on record",
  (b) => {
    expect(knowledgeOf(run((x, y) => ops.real_div(x!, y!), row(2, -3), row(b, b)))).toBe("open");
  },
);

test("rounding to whole numbers as M5 does it, told as no more than an estimate where it is not what is meant", () => {
  const wide = run((x) => ops.round(x!), row(1024, 1025, -2047, 2048, 0.5, 1.5, 0.25, -0.75));
  expect([...wide.data]).toEqual([1025, 1026, -2048, 2048, 1, 2, 0, -1]);
  expect([wide.low![0], wide.high![0]]).toEqual([1024, 1025]);
  expect(knowledgeOf(wide)).toBe("bounded");
  expect(knowledgeOf(run((x) => ops.round(x!), row(0.25, -0.75, 3)))).toBe("exact");
});

test("sums of ones beyond 2048, which M2 Pro and M5 give as 2050, lie within the bounds", () => {
  for (const n of [2048, 2049]) {
    const { low, high } = run((x) => ops.reduce_sum(x!, { axes: [0] }), row(...new Array<number>(n).fill(1)));
    expect(low![0]).toBeLessThanOrEqual(2050);
    expect(high![0]).toBeGreaterThanOrEqual(2050);
  }
});

describe("what was seen to collapse to 0 where its exponentials leave fp16 (apple/coremltools issues 2687 and 2690)", () => {
  const softplus = (x: number) => run((y) => ops.log(ops.add(ops.exp(y!), 1)), row(x));
  // 32 channels, without the largest taken off first.
  const logSum = (x: number) =>
    run((y) => ops.log(ops.reduce_sum(ops.exp(y!), { axes: [0] })), row(...new Array<number>(32).fill(x)));
  test.each([
    ["log(1 + exp x)", softplus, 10.9, 11.3],
    ["log Σ exp x", logSum, 7.6, 7.66],
  ] as const)("%s", (_, made, whole, collapsed) => {
    expect(made(whole).data[0]).toBeGreaterThan(whole - 0.1);
    // That it is 0 rests on those reports alone: it is told without bounds.
    expect([made(collapsed).data[0], knowledgeOf(made(collapsed))]).toEqual([0, "open"]);
  });
});

test("a sum that overflows on the way stays infinite", () => {
  const y = run(
    (x) => ops.linear(x!, weights([1, 5], [1, 1, 1, 1, 1])),
    array([1, 5], [16384, 16384, -16384, -16384, 1]),
  );
  expect([y.data[0], knowledgeOf(y)]).toEqual([Number.POSITIVE_INFINITY, "open"]);
});

/** Finite fp16 of moderate size. */
const half = fc
  .integer({ min: 0, max: 0xffff })
  .map(fp16Value)
  .filter((x) => Math.abs(x) < 200);
/** A spread, and a number within it. */
const spread = fc.array(half, { minLength: 3, maxLength: 3 }).map((xs) => xs.toSorted((a, b) => a - b));

/** Ops of rows of four, all of whose bits are known where their operands' are. */
const EXACT: Readonly<Record<string, (x: Tensor, y: Tensor) => Tensor>> = {
  add: (x, y) => ops.add(x, y),
  sub: (x, y) => ops.sub(x, y),
  mul: (x, y) => ops.mul(x, y),
  maximum: (x, y) => ops.maximum(x, y),
  clip: (x) => ops.clip(x, { alpha: -1, beta: 2 }),
  select: (x, y) => ops.select(ops.less(x, y), x, y),
  matmul: (x, y) => ops.matmul(ops.reshape(x, { shape: [1, 4] }), ops.reshape(y, { shape: [4, 1] })),
};

describe("bounds hold for every number within the bounds of the operands", () => {
  test.each(Object.entries(EXACT))("%s", (_, make) => {
    fc.assert(
      fc.property(fc.array(spread, { minLength: 8, maxLength: 8 }), (spreads) => {
        const pick = (k: number, part: readonly number[][]) => new Float64Array(part.map((s) => s[k]!));
        const estimate = (part: readonly number[][], at: number): Estimate => ({
          ...row(...pick(at, part)),
          low: pick(0, part),
          high: pick(2, part),
        });
        const [a, b] = [spreads.slice(0, 4), spreads.slice(4)];
        const bounds = run((x, y) => make(x!, y!), estimate(a, 0), estimate(b, 2));
        const inside = run((x, y) => make(x!, y!), row(...pick(1, a)), row(...pick(1, b)));
        const [low, high] = [bounds.low ?? bounds.data, bounds.high ?? bounds.data];
        for (const [k, y] of inside.data.entries()) expect([low[k]! <= y, y <= high[k]!]).toEqual([true, true]);
      }),
      { numRuns: 100 },
    );
  });
});

test("a sum in any order of fp16 partial sums lies within its bounds", () => {
  fc.assert(
    fc.property(fc.array(half, { minLength: 2, maxLength: 12 }), fc.infiniteStream(fc.nat()), (xs, order) => {
      const { low, high, data } = run((x) => ops.reduce_sum(x!, { axes: [0] }), row(...xs));
      let left = [...xs];
      while (left.length > 1) {
        const pair = [0, 1].map(() => left.splice(order.next().value % left.length, 1)[0]!);
        left = [...left, run((x, y) => ops.add(x!, y!), row(pair[0]!), row(pair[1]!)).data[0]!];
      }
      expect([(low ?? data)[0]! <= left[0]!, left[0]! <= (high ?? data)[0]!]).toEqual([true, true]);
    }),
    { numRuns: 100 },
  );
});
