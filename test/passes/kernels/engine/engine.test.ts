/** The fast engine against its slow reading (src/passes/engine/run-op.ts): the same points, bit for bit, whatever the op. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { graph } from "../../../../src/dsl/graph.ts";
import { fp16Bits, fp16Value } from "../../../../src/dsl/number.ts";
import * as ops from "../../../../src/dsl/ops/index.ts";
import { opTable } from "../../../../src/dsl/ops/index.ts";
import { input, weight } from "../../../../src/dsl/tensor.ts";
import { halfAway } from "../../../../src/passes/engine/half-away.ts";
import { leaving, productOf } from "../../../../src/passes/engine/multiply-add.ts";
import { engineHelpers } from "../../../../src/passes/kernels/code/engine-runtime.ts";
import { decodedByBits, leastByBits, leavingBits } from "../../../../src/passes/kernels/engine/fixed-point.ts";
import { NO_TALLY, type Tally } from "../../../../src/passes/kernels/engine/tally.ts";
import { planOf } from "../../../../src/passes/run/plan.ts";
import { prepare } from "../../../../src/passes/run/run.ts";
import { expectOpSameBits, expectSameBits } from "../../../support/kernels.ts";
import { randomFrom } from "../../../support/ops/draw.ts";
import { exampleOf } from "../../../support/ops/examples.ts";

describe("the parts", () => {
  test("any double is rounded to the nearest fp16, ties away from zero", () => {
    const halves = fc
      .tuple(fc.nat(0x7bfe), fc.constantFrom(-1, 0, 1), fc.constantFrom(-1, 1))
      .map(([bits, side, sign]) => sign * ((fp16Value(bits) + fp16Value(bits + 1)) / 2) * (1 + side * 2 ** -40));
    const doubles = fc.oneof(
      fc.double(),
      fc.double({ min: -7e4, max: 7e4 }),
      halves,
      fc.constantFrom(65519.99, 65520, -65520),
    );
    fc.assert(
      fc.property(doubles, (x) => {
        expect(engineHelpers.halfAwayBits(x)).toBe(fp16Bits(halfAway(x)));
      }),
      { numRuns: 5000 },
    );
  });

  test("an accumulator leaves as the nearest fp16, ties away from zero", () => {
    const sums = fc.oneof(
      fc.integer({ min: 1 - 2 ** 31, max: 2 ** 31 - 1 }),
      fc.tuple(fc.nat(30), fc.integer({ min: -3000, max: 3000 })).map(([n, m]) => Math.trunc(m * 2 ** (n - 11))),
    );
    fc.assert(
      fc.property(sums, (sum) => {
        expect(leavingBits(sum)).toBe(fp16Bits(leaving(sum) + 0));
      }),
      { numRuns: 5000 },
    );
  });

  test("a product of fp32 as the kernel rounds it, lost below its least magnitude, is the accumulator's", () => {
    const bits = fc.oneof(fc.nat(0xffff), fc.nat(0x7ff), fc.constantFrom(0, 0x8000, 0x3ff, 0x400, 0x7c00, 0xfe00));
    fc.assert(
      fc.property(bits, bits, (a, b) => {
        const [x, w] = [decodedByBits()[a]!, decodedByBits()[b]!];
        const isKept = Math.abs(w) >= leastByBits()[a]!;
        const rounded = Math.trunc(Math.fround(Math.fround(Math.fround(x * 65536) * w) + (x * w < 0 ? -0.5 : 0.5)));
        expect(isKept ? rounded + 0 : 0).toBe(productOf(x, w) + 0);
      }),
      { numRuns: 20000 },
    );
  });
});

test("matmul in every layout, on sums that stay within the limit or pass it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 37 }), fc.integer({ min: 1, max: 9 })),
      fc.boolean(),
      fc.boolean(),
      fc.constantFrom(1, 2),
      async (seed, [m, k, n], transpose_x, transpose_y, threads) => {
        const x = input("x", [2, ...(transpose_x ? [k, m] : [m, k])]);
        const y = input("y", [1, ...(transpose_y ? [n, k] : [k, n])]);
        const result = ops.matmul(x, y, { transpose_x, transpose_y });
        await expectOpSameBits(result, [x, y], randomFrom(seed), threads, "engine");
      },
    ),
    { numRuns: 60 },
  );
});

test("linear and 1×1 conv with a bias", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.tuple(fc.integer({ min: 1, max: 13 }), fc.integer({ min: 2, max: 40 }), fc.integer({ min: 1, max: 7 })),
      fc.boolean(),
      async (seed, [rows, K, tokens], isConv) => {
        const bias = weight("b", [rows]);
        const W = weight("W", isConv ? [rows, K, 1, 1] : [rows, K]);
        const x = input("x", isConv ? [1, K, 1, tokens] : [tokens, K]);
        const y = isConv ? ops.conv(x, W, { bias }) : ops.linear(x, W, { bias });
        await expectOpSameBits(y, [x], randomFrom(seed), 1, "engine");
      },
    ),
    { numRuns: 60 },
  );
});

test.each([...opTable.keys()])("graphs of %s have the points of the slow reading", async (name) => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const example = exampleOf(name, randomFrom(seed));
      await expectSameBits(example.graph, { values: example.inputs }, { precision: "engine" });
    }),
    { numRuns: 3 },
  );
});

test("the tally counts products that vanish, sums that overflow and those that may", async () => {
  const [x, w] = [input("x", [1, 4]), input("w", [4, 3])];
  const g = graph({ name: "g", inputs: [x, w], outputs: { y: ops.matmul(x, w) } });
  const tallies: Tally[] = [];
  const plan = planOf(g, { precision: "engine", tally: (_, tally) => tallies.push(tally) });
  const executor = await prepare([plan], async function* none() {});
  const bits = (...list: readonly number[]) => Uint16Array.from(list, (v) => fp16Bits(halfAway(v)));
  const results = executor.run(plan, {
    x: { ...x.type, data: bits(16384, 16384, 2 ** -9, 1) },
    // Per column: passes the limit; would in another order; loses 2⁻⁹ · 2⁻⁹.
    w: { ...w.type, data: bits(1, 1, 0, 1, -1, 0, 0, 0, 2 ** -9, -4, 1, 1) },
  });
  await executor.close();
  expect([...results.outputs.y!.data]).toEqual([...bits(Number.POSITIVE_INFINITY, 1, 1)]);
  expect(tallies).toEqual([{ ...NO_TALLY, products: 12, lost: 1, overflowed: 1, mayOverflow: 2 }]);
});
