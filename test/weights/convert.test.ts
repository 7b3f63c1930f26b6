/** Conversion to fp16, held to src/dsl/number.ts over every bf16 pattern and the hard fp32 ones. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { fp16Bits, fp16Value, roundFp16 } from "../../src/dsl/number.ts";
import {
  fp16OfFp32,
  makeConverter,
  newLosses,
  type SourceDType,
  sourceValue,
} from "../../src/weights/convert/convert.ts";
import { newSlab } from "../../src/weights/convert/slab.ts";
import { random } from "../support/weights/weights-random.ts";

/** Converts a copy of the elements; gives back what then stands in their place. */
function converted(dtype: SourceDType, elements: Uint16Array | Float32Array, count = elements.length) {
  const slab = newSlab(Math.max(1, elements.byteLength));
  new Uint8Array(slab.buffer).set(new Uint8Array(elements.buffer));
  const tally = newLosses();
  makeConverter(dtype)(slab, 0, count, tally);
  return { bits: [...new Uint16Array(slab.buffer, 0, elements.length)], tally };
}

/** What src/dsl/number.ts makes of a value: the definition that the tables are held to. */
const expected = (value: number) => fp16Bits(roundFp16(value));

test("bf16: all 65,536 bit patterns", () => {
  const elements = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
  const { bits, tally } = converted("BF16", elements);
  const values = Array.from(elements, (_, bits) => sourceValue.BF16(bits));
  expect(bits).toEqual(values.map(expected));

  const finite = values.filter(Number.isFinite);
  const lost = finite.filter((value) => Math.abs(value) <= 65504 && roundFp16(value) !== value);
  expect(tally).toEqual({
    rounded: lost.length,
    worstError: Math.max(...lost.map((value) => Math.abs(value - roundFp16(value)))),
    nonFinite: values.length - finite.length,
    firstNonFinite: 0x7f80,
    overflow: 0x4780,
  });
});

test("bf16: every count up to a few groups and their rest, an odd element at each place", () => {
  for (let count = 0; count <= 19; count++) {
    for (let odd = -1; odd < count; odd++) {
      // 1 + i/128, and a number that fp16 rounds at each place in turn.
      const elements = Uint16Array.from({ length: 20 }, (_, i) => (i === odd ? 0x3501 : 0x3f80 + i));
      const { bits, tally } = converted("BF16", elements, count);
      const wanted = Array.from(elements, (pattern, i) =>
        i >= count ? pattern : expected(i === odd ? sourceValue.BF16(0x3501) : 1 + i / 128),
      );
      expect(bits).toEqual(wanted);
      expect(tally.rounded).toBe(odd >= 0 ? 1 : 0);
    }
  }
});

test("fp32: random bit patterns, every halfway case and its neighbours", () => {
  const { next } = random(1);
  const patterns = Uint32Array.from({ length: 200_000 }, () => next() * 2 ** 32);
  const halfway = Array.from({ length: 0x7c00 }, (_, bits) => (fp16Value(bits) + fp16Value(bits + 1)) / 2);
  halfway[0x7bff] = 65520;
  const words = new Uint32Array(Float32Array.from(halfway).buffer);
  const cases = [...patterns, ...words, ...words.map((w) => w - 1), ...words.map((w) => w + 1)].flatMap((w) => [
    w,
    (w ^ 0x80000000) >>> 0,
  ]);
  const wrong = cases.filter((bits) => fp16OfFp32(bits) !== expected(sourceValue.F32(bits)));
  expect(wrong).toEqual([]);
  // Several at a time.
  const values = new Float32Array(Uint32Array.from(cases).buffer);
  const { bits, tally } = converted("F32", values);
  expect(bits.findIndex((b, i) => b !== fp16OfFp32(cases[i]!))).toBe(-1);
  const lost = Array.from(values).filter((x) => Number.isFinite(roundFp16(x)) && roundFp16(x) !== x);
  expect(tally.rounded).toBe(lost.length);
  expect(tally.worstError).toBe(lost.reduce((most, x) => Math.max(most, Math.abs(x - roundFp16(x))), 0));
});

test("fp32: results, losses and their places", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), fc.integer(), (count, seed) => {
      const { next } = random(seed);
      const kinds = [() => Number.NaN, () => -Infinity, () => 1e30 * next(), () => 0, () => 0.5, () => next() - 0.5];
      const values = Float32Array.from({ length: count }, () => kinds[Math.floor(next() * kinds.length)]!());
      const { bits, tally } = converted("F32", values);
      expect(bits).toEqual(Array.from(values, expected));
      const finite = (x: number) => Number.isFinite(x);
      const lost = values.filter((x) => finite(roundFp16(x)) && roundFp16(x) !== x);
      expect(tally).toEqual({
        rounded: lost.length,
        worstError: Math.max(0, ...lost.map((x) => Math.abs(x - roundFp16(x)))),
        nonFinite: values.filter((x) => !finite(x)).length,
        firstNonFinite: values.findIndex((x) => !finite(x)),
        overflow: values.findIndex((x) => finite(x) && !finite(roundFp16(x))),
      });
    }),
  );
});

test("fp32: elements behind the last one are neither converted nor counted", () => {
  for (let count = 0; count <= 9; count++) {
    const values = Float32Array.from({ length: 12 }, () => 1 + 2 ** -12);
    const { bits, tally } = converted("F32", values, count);
    expect(bits.slice(0, count)).toEqual(Array(count).fill(0x3c00));
    expect([tally.rounded, tally.worstError]).toEqual([count, count === 0 ? 0 : 2 ** -12]);
  }
});

test("fp16 stays as it is, NaN payloads too", () => {
  const patterns = [0, 0x8000, 1, 0x3c00, 0x7bff, 0x7c00, 0xfe01];
  const { bits, tally } = converted("F16", Uint16Array.from(patterns));
  expect(bits).toEqual(patterns);
  expect(tally).toEqual({ rounded: 0, worstError: 0, nonFinite: 2, firstNonFinite: 5, overflow: -1 });
});
