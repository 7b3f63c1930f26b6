/** The exponentials of the softmax kernel: those of Math.exp to the last bit of fp32, which fp16 results alone would not show. */
import { expect, test } from "vitest";
import { fp16Bits, fp16Value } from "../../../src/dsl/number.ts";
import { dataAddress, machine } from "../../../src/passes/kernels/machine.ts";
import { CONTROL } from "../../../src/passes/kernels/worker.ts";

const SIZE = 65536;
const scratch = 4 * SIZE + 64;

/** What the kernel leaves in scratch of a row of fp16. */
function exponentials(row: Uint16Array, stride: number): Float32Array {
  const m = machine({ data: 4 * SIZE * stride, scratch, threads: 1 });
  const at = dataAddress({ scratch, threads: 1 });
  const x = new Uint16Array(m.buffer, at, row.length * stride);
  for (const [n, bits] of row.entries()) x[n * stride] = bits;
  m.run("softmax", [at, at + 2 * SIZE * stride, row.length, stride], 1, 1);
  return new Float32Array(m.buffer, CONTROL.bytes, row.length).slice();
}

/** All fp16 up to `top`, −∞ among them, from the greatest on so that whole groups of four vanish, are subnormal, or neither. */
const upTo = (top: number): Uint16Array =>
  Uint16Array.from({ length: SIZE }, (_, n) => n)
    .filter((bits) => fp16Value(bits) <= top)
    .sort((a, b) => fp16Value(b) - fp16Value(a));

/** Differences of such tops and fp16 of 24 bits are among them, so that every bit of the argument counts. */
const TOPS = [0, 2 ** -24, 0.0999755859375, 3.30078125, 17.21875, 65504];

test.each(TOPS.flatMap((top) => [1, 3].map((stride) => [top, stride] as const)))(
  "exponentials below %f, elements %i apart",
  (top, stride) => {
    const row = upTo(top);
    expect(row.length).toBeGreaterThan(30_000);
    const greatest = fp16Value(fp16Bits(top));
    const expected = Float32Array.from(row, (bits) => Math.exp(Math.fround(fp16Value(bits) - greatest)));
    const found = exponentials(row, stride);
    expect(found.findIndex((e, n) => !Object.is(e, expected[n]))).toBe(-1);
  },
);

test("a row with an infinity or NaN has NaN", () => {
  for (const bad of [0x7c00, 0x7e00, 0xfe00])
    expect([...exponentials(Uint16Array.of(0x3c00, 0, 0, 0, 0x3c00, bad, 0), 1)]).toEqual(
      [0, 0, 0, 0, 0, NaN, 0].map((e) => (bad === 0x7c00 ? e : NaN)),
    );
});
