/** The assembled bf16 conversion: its code, and where it stops. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import wabt from "wabt";
import { CONVERT_BASE64, newSlab } from "../../src/weights/slab.ts";

test("the assembled code is that of bf16.wat", async () => {
  const source = await readFile(new URL("../../src/weights/bf16.wat", import.meta.url), "utf8");
  const { buffer } = (await wabt()).parseWat("bf16.wat", source, { simd: true }).toBinary({});
  expect(Buffer.from(buffer).toString("base64")).toBe(CONVERT_BASE64);
});

test("it stops at each group with an element outside fp16's normal range, and at the end", () => {
  const slab = newSlab(100);
  expect(slab.buffer.byteLength).toBeGreaterThanOrEqual(100);
  const elements = new Uint16Array(slab.buffer);
  for (const odd of [0x0000, 0x387f, 0x4780, 0x7f80, 0xb87f, 0xc780, 0xffff])
    for (let place = 8; place < 16; place++) {
      elements.fill(0x3f80, 0, 24);
      elements[place] = odd;
      expect(slab.convertNormalBf16(0, 24)).toBe(8);
      expect([...elements.subarray(0, 8)]).toEqual(Array(8).fill(0x3c00));
      expect(elements[place]).toBe(odd);
      expect(slab.convertNormalBf16(16, 24)).toBe(24);
      expect(slab.convertNormalBf16(24, 24)).toBe(24);
    }
});
