/** The engine's accumulator against every vector on record: 751K/Apple-Neural-Engine-Microarchitecture-Study-M6, M6 and M4. */
import { describe, expect, test } from "vitest";
import { decodedBits } from "../../../src/passes/engine/half-away.ts";
import { multiplyAdd } from "../../../src/passes/engine/multiply-add.ts";

const INF = Number.POSITIVE_INFINITY;
const p = (exponent: number) => 2 ** exponent;
const LSB = p(-16);

/** Inputs that are multiplied by 1 and added in order, and what the device gave. */
const SUMS: readonly (readonly [inputs: readonly number[], out: number])[] = [
  [[32752], 32752],
  [[32768], INF],
  [[-32752], -32752],
  [[-32768], -INF],
  [[65504], INF],
  [[16000, 16000], 32000],
  [[16384, 16376], 32768],
  [[16384, 16384], INF],
  [[30000, 2752], 32752],
  [[30000, 2768], INF],
  [[16384, 16384, -16384, -16384, 1], INF],
  [[16384, p(-16), -16384], p(-16)],
  [[16384, p(-18), -16384], 0],
  [[1024, p(-14), -1024], p(-14)],
  [[p(-16)], p(-16)],
  [[p(-17)], p(-16)],
  [[p(-18)], 0],
  [[1.5 * p(-16)], p(-15)],
  [[1.5 * p(-17)], p(-16)],
  [[1.5 * p(-18)], 0],
  [[2048, 1], 2050],
  [[-2048, -1], -2050],
  [[2050, 1], 2052],
  [[4096, 2], 4100],
  [[4096, 6], 4104],
  [[1, p(-11)], 1 + p(-10)],
  [[1, p(-12)], 1],
  [[1, p(-11), p(-13)], 1 + p(-10)],
  [[1, p(-11), -p(-13)], 1],
  [new Array<number>(32).fill(1000), 32000],
  [new Array<number>(33).fill(1000), INF],
];

/** One input, weight and bias. */
const PRODUCTS: readonly (readonly [x: number, w: number, bias: number, out: number])[] = [
  [65504, p(-4), 0, 4094],
  [127, 256, 0, 32512],
  [128, 256, 0, INF],
  [p(-16), 256, 0, p(-8)],
  [p(-8), p(-8), 0, LSB],
  [p(-10), p(-8), 0, 0],
  [p(-5), p(-12), 0, 0],
  [0.09375, p(-12), 0, 2 * LSB],
  [p(-15), 0.25, 0, LSB],
  [p(-16), 0.25, 0, 0],
  [32752, 1, 32, INF],
  [32736, 1, 32, INF],
  [0, 1, p(-20), 0],
  [0, 1, p(-17), LSB],
  [p(-17), 1, p(-17), 2 * LSB],
  [0.25, 1, 1000.5, 1001],
  [decodedBits(0xfe00), p(-4), 0, -6144],
  [decodedBits(0x8000), p(-4), 0, 0],
  [decodedBits(0x7c00), 1, 0, INF],
  [decodedBits(0x7c00), p(-4), 0, 4096],
];

describe("sums and products on record", () => {
  test.each(SUMS)("%j added up is %d", (inputs, out) => {
    expect(
      multiplyAdd(
        inputs,
        inputs.map(() => 1),
      ),
    ).toBe(out);
  });
  test.each(PRODUCTS)("%d · %d + %d is %d", (x, w, bias, out) => {
    expect(multiplyAdd([x], [w], bias)).toBe(out);
  });
});
