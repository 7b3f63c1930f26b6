/** RMSNorm of rows that are held at powers of two gives what it gives of the rows. */
import { describe, expect, test } from "vitest";
import { type Graph, graph } from "../../src/dsl/graph.ts";
import { roundFp16 } from "../../src/dsl/number.ts";
import { uniform } from "../../src/dsl/random.ts";
import { constantOf, input, type Tensor } from "../../src/dsl/tensor.ts";
import { rmsNorm } from "../../src/models/blocks/norm.ts";
import { arrayOf } from "../../src/passes/interpret/array.ts";
import { evaluate } from "../../src/passes/interpret/evaluate.ts";

const D = 16;
const normOf = (held: number): Graph => {
  const x = input("x", [1, D, 1, 1]);
  const gain = constantOf(new Float64Array(D).fill(1), { dtype: "fp16", shape: [1, D, 1, 1] }) as Tensor<
    readonly number[],
    "fp16"
  >;
  return graph({ name: "norm", inputs: [x], outputs: { y: rmsNorm(x, gain, { eps: 1e-6, held }) } });
};
const normed = (held: number, row: readonly number[]): readonly number[] => {
  const x = arrayOf(
    "fp16",
    [1, D, 1, 1],
    row.map((one) => one * 2 ** -held),
  );
  return Array.from(evaluate(normOf(held), { values: { x } }).outputs.y!.data);
};

describe("a norm of a held row", () => {
  test("gives the bits of the norm of the row, unless eps or the row is at the end of fp16", () => {
    for (let seed = 0; seed < 200; seed++) {
      const size = 2 ** (1 + (seed % 12));
      // Multiples of 2⁻⁶ of a size that leaves their bits to fp16 at every exponent here.
      const row = Array.from({ length: D }, (_, k) => Math.round(64 * size * uniform(1, seed, k)) / 64);
      const fitting = row.map((x) => roundedTo11Bits(x));
      for (const held of [1, 4, 6]) expect(normed(held, fitting)).toEqual(normed(0, fitting));
    }
  });
  test("gives the same where it is held larger, of rows that are of the size of eps too", () => {
    for (let seed = 0; seed < 50; seed++) {
      const size = 2 ** ((seed % 12) - 10);
      const row = Array.from({ length: D }, (_, k) => roundedTo11Bits(256 * uniform(1, seed, k)) * 2 ** -8 * size);
      const mean = row.reduce((sum, x) => sum + x * x, 0) / D;
      const exact = row.map((x) => x / Math.sqrt(mean + roundFp16(1e-6)));
      for (const held of [-1, -5, -10])
        for (const [k, y] of normed(held, row).entries()) expect(Math.abs(y - exact[k]!)).toBeLessThan(4e-3);
    }
  });
  test("is finite and right where the row itself is beyond fp16", () => {
    const row = Array.from({ length: D }, (_, k) => (k === 3 ? 2 ** 19 : k - 8));
    const y = normed(4, row);
    expect(y[3]).toBeCloseTo(Math.sqrt(D), 2);
    expect(y.every(Number.isFinite)).toBe(true);
    // The planted fault: the row as it is.
    expect(
      normed(
        0,
        row.map((x) => (x > 65504 ? Number.POSITIVE_INFINITY : x)),
      ).some(Number.isNaN),
    ).toBe(true);
  });
});

const roundedTo11Bits = (x: number): number => {
  const grid = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(x), 2 ** -6))) - 10);
  return Math.round(x / grid) * grid;
};
