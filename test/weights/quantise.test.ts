/** Codes and scales of rows: against their definition, whatever the chunks; errors as they are told. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fp16Bits, fp16Value, roundFp16 } from "../../src/dsl/number.ts";
import type { Int8Part } from "../../src/dsl/weight-source.ts";
import { codeOf, rowScale } from "../../src/weights/quantise/int8-rows.ts";
import { quantisingStore } from "../../src/weights/quantise/quantise.ts";
import { nothingToReport, type WeightStore } from "../../src/weights/store.ts";
import { gather } from "../support/weights/weights-files.ts";

/** A store of one tensor, in chunks of so many bytes. */
const storeOf = (bits: Uint16Array, chunk: number): WeightStore => ({
  async *stream() {
    const bytes = new Uint8Array(bits.buffer);
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.slice(at, at + chunk);
  },
  report: () => nothingToReport,
  close: async () => {},
});

async function quantised(how: Int8Part["how"], rows: readonly (readonly number[])[], chunk = 1 << 20) {
  const [count, width] = [rows.length, rows[0]!.length];
  const store = quantisingStore(storeOf(Uint16Array.from(rows.flat(), fp16Bits), chunk));
  const of = (part: Int8Part["part"]) => ({
    from: "checkpoint" as const,
    tensor: "w",
    quantised: { how, part, width },
  });
  const codes = await gather(store.stream(of("codes"), { dtype: "int8", shape: [count, width] }));
  const scales = await gather(store.stream(of("scale"), { dtype: "fp16", shape: [count, 1] }));
  return {
    codes: [...new Int8Array(codes.buffer, codes.byteOffset, codes.length)],
    scales: Array.from(new Uint16Array(new Uint8Array(scales).buffer), fp16Value),
    costs: store.quantised(),
  };
}

const element = fc.double({ min: -4, max: 4, noNaN: true }).map(roundFp16);
const matrix = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 40 }))
  .chain(([rows, width]) =>
    fc.array(fc.array(element, { minLength: width, maxLength: width }), { minLength: rows, maxLength: rows }),
  );

/** The nearest whole number, halves to the even one. */
const nearest = (x: number): number => {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
};

describe.each(["nearest", "coremltools"] as const)("int8, %s", (how) => {
  test("has codes and scales by its definition, whatever the chunks", async () => {
    await fc.assert(
      fc.asyncProperty(matrix, fc.integer({ min: 1, max: 40 }), async (rows, chunk) => {
        const { codes, scales } = await quantised(how, rows, 2 * chunk);
        const wanted = rows.map((row) => {
          const largest = Math.max(...row.map(Math.abs));
          const ours = how === "nearest" ? roundFp16(largest / 127) : roundFp16(roundFp16(2 * largest) / 254);
          return ours === 0 ? 1 : ours;
        });
        expect(scales).toEqual(wanted);
        expect(codes).toEqual(
          rows.flatMap((row, r) =>
            row.map((x) => {
              const quotient = how === "nearest" ? x / wanted[r]! : roundFp16(x / wanted[r]!);
              return Math.max(-127, Math.min(127, nearest(quotient))) + 0;
            }),
          ),
        );
      }),
    );
  });

  test("gives a row of zeros the scale 1, and one of the largest numbers a finite one", async () => {
    const { codes, scales } = await quantised(how, [
      [0, -0, 0],
      [65504, -65504, 0],
      [2 ** -24, 0, 0],
    ]);
    expect(scales[0]).toBe(1);
    expect(scales.every((x) => x > 0 && Number.isFinite(x))).toBe(true);
    expect(codes.slice(0, 6)).toEqual([0, 0, 0, 127, -127, 0]);
  });

  test("gives the scales alone, and again, as with the codes; a row that is not finite leaves the others as they are", async () => {
    const rows = Array.from({ length: 3 }, (_, r) =>
      Array.from({ length: 19 }, (_, k) => roundFp16((k - 7) * (r + 0.3))),
    );
    const bits = Uint16Array.from(rows.flat(), fp16Bits);
    const store = quantisingStore(storeOf(bits, 50));
    const of = (part: Int8Part["part"]) => ({
      from: "checkpoint" as const,
      tensor: "w",
      quantised: { how, part, width: 19 },
    });
    const scales = () => gather(store.stream(of("scale"), { dtype: "fp16", shape: [3, 1] }));
    const codes = () => gather(store.stream(of("codes"), { dtype: "int8", shape: [3, 19] }));
    const alone = await scales();
    const all = await codes();
    expect(await scales()).toEqual(alone);
    expect(await scales()).toEqual(alone);
    bits[19] = 0x7c00;
    const others = await codes();
    for (const row of [0, 2])
      expect(others.subarray(19 * row, 19 * row + 19)).toEqual(all.subarray(19 * row, 19 * row + 19));
  });

  test("tells what it cost: of all, of the worst row, in bytes", async () => {
    const rows = [
      [1, 0.5, 0.3],
      [100, 0.4, 0.3],
      [0, 0, 0],
    ].map((row) => row.map(roundFp16));
    const { codes, scales, costs } = await quantised(how, rows);
    const errorOf = (row: readonly number[], r: number) =>
      Math.hypot(...row.map((x, k) => x - codes[3 * r + k]! * scales[r]!));
    const errors = rows.map(errorOf);
    const shares = rows.slice(0, 2).map((row, r) => errors[r]! / Math.hypot(...row));
    expect(costs).toHaveLength(1);
    expect(costs[0]).toMatchObject({ name: "w", how, bytes: 9 + 6 });
    expect(costs[0]!.error).toBeCloseTo(Math.hypot(...errors) / Math.hypot(...rows.flat()), 12);
    expect(costs[0]!.worstRow).toBeCloseTo(Math.max(...shares), 12);
  });
});

test("the nearest codes err no more than coremltools' for the same scale", () => {
  const value = fc.double({ min: -1, max: 1, noNaN: true }).map(roundFp16);
  fc.assert(
    fc.property(value, fc.double({ min: 2 ** -10, max: 2 ** -6, noNaN: true }).map(roundFp16), (x, scale) => {
      const off = (how: Int8Part["how"]) => Math.abs(x - scale * codeOf(how, x, scale));
      expect(off("nearest")).toBeLessThanOrEqual(off("coremltools"));
    }),
  );
  expect(rowScale("nearest", 1)).toBe(roundFp16(1 / 127));
});
