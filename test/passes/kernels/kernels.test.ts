/** The kernels and the executor against the reference interpreter: the same bits for any shape and any numbers. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { fp16Bits, fp16Value, roundFp16 } from "../../../src/dsl/number.ts";
import { add, conv, maximum, minimum, mul, opTable, real_div, softmax, sub } from "../../../src/dsl/ops/index.ts";
import { input, weight } from "../../../src/dsl/tensor.ts";
import { arrayOf } from "../../../src/passes/interpret/array.ts";
import { halfBits } from "../../../src/passes/kernels/code/runtime.ts";
import { toNDArray } from "../../../src/passes/kernels/raw.ts";
import { kernelOf } from "../../../src/passes/kernels/table.ts";
import { planOf } from "../../../src/passes/run/plan.ts";
import { expectOpSameBits, expectSameBits } from "../../support/kernels.ts";
import { randomFrom } from "../../support/ops/draw.ts";
import { exampleOf } from "../../support/ops/examples.ts";

const _runs = { numRuns: 60 };
const seeds = fc.integer();
const sizes = (max: number) => fc.integer({ min: 1, max });

/** Doubles at and beside the middle of two neighbouring fp16. */
const halfway = fc
  .tuple(fc.integer({ min: 0, max: 0x7bff }), fc.constantFrom(-1, 0, 1), fc.boolean())
  .map(([bits, side, negative]) => {
    const middle = (fp16Value(bits) + (bits === 0x7bff ? 65536 : fp16Value(bits + 1))) / 2;
    return (negative ? -1 : 1) * middle * (1 + side * 2 ** -40);
  });

test("halfBits rounds any double to the nearest fp16", () => {
  fc.assert(
    fc.property(fc.oneof(fc.double(), fc.float(), fc.double({ min: -7e4, max: 7e4 }), halfway), (x) => {
      expect(halfBits(x)).toBe(fp16Bits(roundFp16(x)));
    }),
    { numRuns: 2000 },
  );
});

const BINARY = { add, sub, mul, real_div, maximum, minimum } as const;

test("elementwise with broadcasting", async () => {
  await fc.assert(
    fc.asyncProperty(
      seeds,
      fc.constantFrom(...(Object.keys(BINARY) as (keyof typeof BINARY)[])),
      fc.array(fc.tuple(sizes(11), fc.constantFrom("both", "x", "y")), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 0, max: 4 }),
      async (seed, name, axes, dropped) => {
        const shapeOf = (who: string) => axes.map(([n, has]) => (has === "both" || has === who ? n : 1));
        const x = input("x", shapeOf("x"));
        const y = input("y", shapeOf("y").slice(Math.min(dropped, axes.length - 1)));
        await expectOpSameBits(BINARY[name](x, y), [x, y], randomFrom(seed));
      },
    ),
    { numRuns: 120 },
  );
});

test("softmax along any axis", async () => {
  await fc.assert(
    fc.asyncProperty(seeds, fc.tuple(sizes(3), sizes(40), sizes(3)), sizes(3), async (seed, shape, axis) => {
      const x = input("x", shape);
      await expectOpSameBits(softmax(x, { axis: axis - 1 }), [x], randomFrom(seed));
    }),
    { numRuns: 120 },
  );
});

test("every fp16 passes through the kernels' conversions unchanged, and back", async () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, n) => n);
  const x = input("x", [65536]);
  const g = graph({ name: "g", inputs: [x], outputs: { y: maximum(x, x), z: mul(x, 0.37), w: add(x, 2 ** -24) } });
  await expectSameBits(g, { values: { x: toNDArray({ ...x.type, data: bits }) } });
});

test("keeping and adding nothing leaves every fp16 as the reference leaves it", async () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, n) => n);
  const [x, keep, y] = [input("x", [8192, 8]), input("keep", [8192, 1]), input("y", [8192, 8])];
  const g = graph({
    name: "g",
    inputs: [x, keep, y],
    outputs: { kept: mul(x, keep), sum: add(x, y), mixed: add(mul(x, keep), y) },
  });
  const keeps = Array.from({ length: 8192 }, (_, n) => [1, 0, -0, -1][n % 4]!);
  const zeros = Array.from({ length: 65536 }, (_, n) => [0, 0, -0, 0, 0, 3][Math.floor(n / 8) % 6]!);
  const values = {
    x: toNDArray({ ...x.type, data: bits }),
    keep: arrayOf("fp16", [8192, 1], keeps),
    y: arrayOf("fp16", [8192, 8], zeros),
  };
  await expectSameBits(g, { values });
});

test.each([...opTable.keys()])("graphs of %s run as the reference runs them", async (name) => {
  await fc.assert(
    fc.asyncProperty(seeds, async (seed) => {
      const example = exampleOf(name, randomFrom(seed));
      await expectSameBits(example.graph, { values: example.inputs });
    }),
    { numRuns: 10 },
  );
});

test("the ops that have kernels use them", () => {
  const x = input("x", [1, 8, 4, 1]);
  const y = conv(x, weight("w", [16, 8, 1, 1]));
  const { steps } = planOf(graph({ name: "g", inputs: [x], outputs: { y: add(y, 1) } }));
  for (const { value } of steps) {
    if (value.def.kind !== "op") throw new Error("a step is an op");
    expect(kernelOf(value.def, value.type, { precision: "fp16" }), value.def.op).toBeDefined();
  }
});
