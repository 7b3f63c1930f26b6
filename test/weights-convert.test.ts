import fc from "fast-check";
import { expect, test } from "vitest";
import { fp16Bits, fp16Value, roundFp16 } from "../src/dsl/number.ts";
import { fp16OfFp32, makeConverter, newTally, sourceValue } from "../src/emit/weights/convert.ts";
import { random } from "./weights-random.ts";

/** What number.ts makes of a value: the definition that the tables are held to. */
const expected = (value: number) => fp16Bits(roundFp16(value));

test("bf16: all 65,536 bit patterns", () => {
  const elements = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits);
  const tally = newTally();
  makeConverter("BF16")(elements.buffer, elements.length, tally);
  const values = Array.from(elements, (_, bits) => sourceValue.BF16(bits));
  expect([...elements]).toEqual(values.map(expected));

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

test("bf16: every count up to the size of a group and its rest", () => {
  const convert = makeConverter("BF16");
  for (let count = 0; count <= 19; count++) {
    // 1 + i/128, and a number that fp16 rounds at each place in turn.
    for (let odd = -1; odd < count; odd++) {
      const elements = Uint16Array.from({ length: 20 }, (_, i) => (i === odd ? 0x3501 : 0x3f80 + i));
      const tally = newTally();
      convert(elements.buffer, count, tally);
      const wanted = Array.from(elements, (bits, i) =>
        i >= count ? bits : expected(i === odd ? sourceValue.BF16(0x3501) : 1 + i / 128),
      );
      expect([...elements]).toEqual(wanted);
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
});

test("fp32: results, losses and their places", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), fc.integer(), (count, seed) => {
      const { next } = random(seed);
      const kinds = [() => Number.NaN, () => -Infinity, () => 1e30 * next(), () => 0, () => 0.5, () => next() - 0.5];
      const values = Float32Array.from({ length: count }, () => kinds[Math.floor(next() * kinds.length)]!());
      const buffer = values.slice().buffer;
      const tally = newTally();
      makeConverter("F32")(buffer, count, tally);
      expect([...new Uint16Array(buffer, 0, count)]).toEqual(Array.from(values, expected));
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

test("fp16 stays as it is, NaN payloads too", () => {
  const patterns = [0, 0x8000, 1, 0x3c00, 0x7bff, 0x7c00, 0xfe01];
  const elements = Uint16Array.from(patterns);
  const tally = newTally();
  makeConverter("F16")(elements.buffer, elements.length, tally);
  expect([...elements]).toEqual(patterns);
  expect(tally).toEqual({ rounded: 0, worstError: 0, nonFinite: 2, firstNonFinite: 5, overflow: -1 });
});
