/** Elements of quantised blocks: by hand where that is plain; all types bit for bit in conformance/test_gguf.py. */
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fp16Value } from "../../../src/dsl/number.ts";
import { ENCODINGS } from "../../../src/weights/gguf/encodings.ts";
import { openGguf } from "../../../src/weights/gguf/file.ts";
import { folderOf } from "../../support/cli.ts";
import { ggufBytes } from "../../support/gguf/gguf-files.ts";

/** fp16 0.5, 0.25. */
const [HALF, QUARTER] = [
  [0x00, 0x38],
  [0x00, 0x34],
] as const;
const decoded = (id: number, bytes: readonly number[]): readonly number[] => {
  const encoding = ENCODINGS.get(id)!;
  if (encoding.kind !== "blocks") throw new Error("no blocks");
  const out = new Float32Array(encoding.elements);
  encoding.dequantise(Uint8Array.from(bytes), 0, out, 0);
  return [...out];
};
const nibbles = Array.from({ length: 16 }, (_, j) => j | ((15 - j) << 4));
const counting = Array.from({ length: 16 }, (_, j) => j);

test("Q4_0: 16 low nibbles, then 16 high ones, less 8", () => {
  const falling = counting.toReversed();
  expect(decoded(2, [...HALF, ...nibbles])).toEqual([...counting, ...falling].map((q) => 0.5 * (q - 8)));
});

test("Q4_1: the same, and a least value", () => {
  expect(decoded(3, [...HALF, ...QUARTER, ...nibbles])).toEqual(
    [...counting, ...counting.toReversed()].map((q) => 0.5 * q + 0.25),
  );
});

test("Q5_0 and Q5_1: a fifth bit from the word", () => {
  const word = [0b0000_0001, 0, 0b0000_0010, 0x80];
  const q = [...counting, ...counting.toReversed()].map((n, i) => n + ([0, 17, 31].includes(i) ? 16 : 0));
  expect(decoded(6, [...HALF, ...word, ...nibbles])).toEqual(q.map((n) => 0.5 * (n - 16)));
  expect(decoded(7, [...HALF, ...QUARTER, ...word, ...nibbles])).toEqual(q.map((n) => 0.5 * n + 0.25));
});

test("Q8_0: signed bytes", () => {
  const bytes = Array.from({ length: 32 }, (_, j) => 8 * j);
  expect(decoded(8, [...HALF, ...bytes])).toEqual(bytes.map((b) => 0.5 * (b < 128 ? b : b - 256)));
});

test("any piece of a tensor is the same piece of the whole", async () => {
  const blocks = [...ENCODINGS].filter(([, { kind }]) => kind === "blocks");
  const piece = fc.record({
    type: fc.constantFrom(...blocks.map(([id]) => id)),
    rows: fc.integer({ min: 1, max: 3 }),
    // In half blocks and elements, so that pieces begin and end where blocks do as well as inside of them.
    cuts: fc.tuple(...[0, 1].map(() => fc.tuple(fc.nat(12), fc.constantFrom(0, 0, 1, 15)))),
    seed: fc.nat(255),
  });
  await fc.assert(
    fc.asyncProperty(piece, async ({ type, rows, cuts, seed }) => {
      const encoding = ENCODINGS.get(type)!;
      if (encoding.kind !== "blocks") return;
      // Scales of 0.0…: bytes below 0x40 are no infinities wherever they fall.
      const data = Uint8Array.from(
        { length: 2 * rows * encoding.bytes },
        (_, i) => ((i * 37 + seed) ^ (i >> 3)) & 0x3f,
      );
      const dims = [2 * encoding.elements, rows];
      const path = join(folderOf({ "m.gguf": ggufBytes({ tensors: [{ name: "w", dims, type, data }] }) }), "m.gguf");
      const file = await openGguf(path);
      const stored = file.readable(file.tensors.get("w")!);
      expect(stored.shape).toEqual(dims.toReversed());
      const elements = 2 * rows * encoding.elements;
      const whole = new Uint8Array(4 * elements);
      await stored.read(whole, 0);
      const places = cuts.map(([halves, more]) => Math.min((halves * encoding.elements) / 2 + more, elements));
      const [begin, end] = places.toSorted((a, b) => a - b) as [number, number];
      const part = new Uint8Array(4 * (end - begin));
      await stored.read(part, 4 * begin);
      expect(part).toEqual(whole.slice(4 * begin, 4 * end));
      await file.close();
    }),
    { numRuns: 60 },
  );
});

test("plain elements are read as they are stored", async () => {
  const data = new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 1, 0).buffer);
  const bytes = ggufBytes({ tensors: [{ name: "w", dims: [2, 2], type: 1, data }] });
  const file = await openGguf(join(folderOf({ "m.gguf": bytes }), "m.gguf"));
  const stored = file.readable(file.tensors.get("w")!);
  const read = new Uint16Array(2);
  await stored.read(new Uint8Array(read.buffer), 4);
  expect([stored.dtype, [...read].map(fp16Value)]).toEqual(["F16", [fp16Value(1), 0]]);
  await file.close();
});
