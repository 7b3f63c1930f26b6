/** The assembled conversions: their code, what they give, and where they stop. */
import { readFile } from "node:fs/promises";
import { brotliDecompressSync } from "node:zlib";
import { expect, test } from "vitest";
import wabt from "wabt";
import { roundFp16 } from "../../src/dsl/number.ts";
import { BLOCKS_BASE64 } from "../../src/weights/convert/blocks-code.ts";
import { fp16OfFp32, sourceValue } from "../../src/weights/convert/convert.ts";
import { CONVERT_BASE64, CONVERT_FP32_BASE64, newSlab } from "../../src/weights/convert/slab.ts";
import { GENERATE_BASE64 } from "../../src/weights/generator.ts";
import { INT8_BASE64 } from "../../src/weights/quantise/int8-fast.ts";

test.each([
  ["convert/bf16.wat", CONVERT_BASE64],
  ["convert/fp32.wat", CONVERT_FP32_BASE64],
  ["generate.wat", GENERATE_BASE64],
  ["quantise/int8.wat", INT8_BASE64],
  ["gguf/blocks.wat", BLOCKS_BASE64],
])("the assembled code is that of %s", async (name, base64) => {
  const source = await readFile(new URL(`../../src/weights/${name}`, import.meta.url), "utf8");
  const { buffer } = (await wabt()).parseWat(name, source, { simd: true }).toBinary({});
  expect(brotliDecompressSync(Buffer.from(base64, "base64"))).toEqual(Buffer.from(buffer));
});

test("of bf16 it stops at each group with an element that fp16 cannot hold, and adds to the tally", () => {
  const slab = newSlab(100);
  const tally = { rounded: 3, worstError: 2 ** -26 };
  expect(slab.buffer.byteLength).toBeGreaterThanOrEqual(100);
  const elements = new Uint16Array(slab.buffer);
  for (const odd of [0x4780, 0x7f80, 0x7fc0, 0xc780, 0xff80, 0xffff])
    for (let place = 8; place < 16; place++) {
      elements.fill(0x3f80, 0, 24);
      elements[place] = odd;
      expect(slab.convertBf16(0, 24, tally)).toBe(8);
      expect([...elements.subarray(0, 8)]).toEqual(Array(8).fill(0x3c00));
      expect(elements[place]).toBe(odd);
      expect(slab.convertBf16(16, 24, tally)).toBe(24);
      expect(slab.convertBf16(24, 24, tally)).toBe(24);
    }
  expect(tally).toEqual({ rounded: 3, worstError: 2 ** -26 });
});

test("every bf16 that fp16 can hold becomes what the definition says, wherever it stands, and its loss is told", () => {
  const slab = newSlab(100);
  const elements = new Uint16Array(slab.buffer);
  const wrong: number[] = [];
  for (let magnitude = 0; magnitude < 0x4780; magnitude++)
    for (const bits of [magnitude, 0x8000 | magnitude]) {
      const value = sourceValue.BF16(bits);
      const off = Math.abs(value - roundFp16(value));
      const tally = { rounded: 0, worstError: 0 };
      const place = bits % 8;
      elements.fill(0x3f80, 0, 8)[place] = bits;
      const stop = slab.convertBf16(0, 8, tally);
      const others = elements.subarray(0, 8).filter((x, k) => k !== place && x !== 0x3c00).length;
      const told = tally.rounded === (off > 0 ? 1 : 0) && tally.worstError === off;
      if (stop !== 8 || others > 0 || !told || elements[place] !== fp16OfFp32(bits << 16)) wrong.push(bits);
    }
  expect(wrong).toEqual([]);
});

test("of fp32 it stops at each group with an element that fp16 cannot hold, and adds to the tally", () => {
  const slab = newSlab(100);
  const [numbers, bits] = [new Float32Array(slab.buffer), new Uint16Array(slab.buffer)];
  const tally = { rounded: 3, worstError: 2 ** -13 };
  for (const odd of [65520, -65520, Number.NaN, Infinity, -Infinity])
    for (let place = 4; place < 8; place++) {
      numbers.fill(1.5, 0, 12);
      numbers[place] = odd;
      expect(slab.convertFp32(0, 12, tally)).toBe(4);
      expect([...bits.subarray(0, 4)]).toEqual(Array(4).fill(0x3e00));
      expect(numbers[place]).toBe(odd);
      expect(slab.convertFp32(8, 12, tally)).toBe(12);
      expect([...bits.subarray(8, 12)]).toEqual(Array(4).fill(0x3e00));
      expect(slab.convertFp32(12, 12, tally)).toBe(12);
    }
  expect(tally).toEqual({ rounded: 3, worstError: 2 ** -13 });
  numbers.set([1 + 2 ** -12, -(2 ** -26), 65519, 2 ** -14 - 2 ** -30]);
  expect(slab.convertFp32(0, 4, tally)).toBe(4);
  expect([...bits.subarray(0, 4)]).toEqual([0x3c00, 0x8000, 0x7bff, 0x0400]);
  expect(tally).toEqual({ rounded: 7, worstError: 15 });
});
