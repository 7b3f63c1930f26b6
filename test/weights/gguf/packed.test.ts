/** Quantised blocks that become fp16 in one go: the bits, losses and refusals of the way by fp32 numbers. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { BLOCK_CODES, type BlockCode } from "../../../src/weights/convert/blocks-code.ts";
import { makeConverter, newLosses } from "../../../src/weights/convert/convert.ts";
import { readableOf } from "../../../src/weights/convert/joined.ts";
import type { CheckpointSource, ReadableTensor } from "../../../src/weights/convert/rectangle.ts";
import { newSlab } from "../../../src/weights/convert/slab.ts";
import { openWorkshop, streamFp16 } from "../../../src/weights/convert/stream.ts";
import { ENCODINGS } from "../../../src/weights/gguf/encodings.ts";
import { halvesApart, lessOne } from "../../../src/weights/gguf/rows.ts";
import { bitsOfBytes, gather } from "../../support/weights/weights-files.ts";

type Blocks = Extract<ReturnType<typeof ENCODINGS.get>, { kind: "blocks" }>;
const encodingOf = (code: BlockCode) => [...ENCODINGS.values()].find(({ name }) => name === code) as Blocks;
/** Where fp16 scales are in a block. */
const HALVES: Readonly<Record<BlockCode, readonly number[]>> = {
  Q8_0: [0],
  Q4_0: [0],
  Q4_K: [0, 2],
  Q5_K: [0, 2],
  Q6_K: [208],
};
/** Scales of either sign: zeros, the least subnormal, the largest with which no element reaches 2^15, and what is between. */
const SCALES = [0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x0400, 0x0c00, 0x1234, 0x9234, 0x1fff, 0x2000, 0xa000];

/** Random blocks with scales of these. */
function blocksOf(code: BlockCode, count: number, seed: number, scales: readonly number[] = SCALES): Uint8Array {
  const { bytes } = encodingOf(code);
  const data = new Uint8Array(count * bytes);
  const view = new DataView(data.buffer);
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  for (let i = 0; i < data.length; i++) data[i] = next();
  for (let block = 0; block < count; block++)
    for (const at of HALVES[code]) view.setUint16(block * bytes + at, scales[next() % scales.length]!, true);
  return data;
}

function numbersOf(code: BlockCode, data: Uint8Array): Float32Array {
  const { elements, bytes, dequantise } = encodingOf(code);
  const numbers = new Float32Array((data.length / bytes) * elements);
  for (let n = 0; n * bytes < data.length; n++) dequantise(data, n * bytes, numbers, n * elements);
  return numbers;
}

/** By way of fp32, as elements of any checkpoint go. */
function converted(numbers: Float32Array) {
  const [slab, losses] = [newSlab(4 * numbers.length), newLosses()];
  new Float32Array(slab.buffer, 0, numbers.length).set(numbers);
  makeConverter("F32")(slab, 0, numbers.length, losses);
  return { bits: new Uint16Array(slab.buffer).slice(0, numbers.length), losses };
}

const codes = fc.constantFrom(...BLOCK_CODES);

test("bits and losses are those of fp32 numbers that are converted", () => {
  fc.assert(
    fc.property(codes, fc.integer({ min: 1, max: 9 }), fc.nat(), (code, count, seed) => {
      const data = blocksOf(code, count, seed);
      const numbers = numbersOf(code, data);
      const { bits, losses } = converted(numbers);
      const [slab, tally] = [newSlab(4 * numbers.length), newLosses()];
      new Uint8Array(slab.buffer).set(data, slab.blocksAt);
      expect(slab.convertBlocks(code, count, tally)).toBe(true);
      expect(new Uint16Array(slab.buffer).slice(0, numbers.length)).toEqual(bits);
      expect(tally).toEqual(losses);
    }),
    { numRuns: 200 },
  );
});

test.each(BLOCK_CODES)("%s: an infinite scale, a NaN or an element of 2^15 is left to the other way", (code) => {
  for (const at of HALVES[code])
    for (const scale of [0x7c00, 0xfc00, 0x7e00, 0x7bff]) {
      const data = blocksOf(code, 3, 1, [0x0c00]).map((byte) => byte | 1);
      new DataView(data.buffer).setUint16(encodingOf(code).bytes + at, scale, true);
      const [slab, tally] = [newSlab(4 * 3 * encodingOf(code).elements), newLosses()];
      new Uint8Array(slab.buffer).set(data, slab.blocksAt);
      expect(slab.convertBlocks(code, 3, tally)).toBe(false);
      expect(tally).toEqual(newLosses());
    }
});

test("an element that would become infinite is left to the other way, which refuses it", () => {
  // fp16 520 times 126.
  const data = Uint8Array.from({ length: 34 }, (_, i) => [0x10, 0x60][i] ?? 126);
  const slab = newSlab(128);
  new Uint8Array(slab.buffer).set(data, slab.blocksAt);
  expect(slab.convertBlocks("Q8_0", 1, newLosses())).toBe(false);
  expect(converted(numbersOf("Q8_0", data)).losses.overflow).toBe(0);
});

/** A tensor in memory, with its blocks as a file has them or as numbers alone. */
function tensorOf(code: BlockCode, shape: readonly [number, number], data: Uint8Array, isPacked: boolean) {
  const numbers = new Uint8Array(numbersOf(code, data).buffer);
  const { elements, bytes } = encodingOf(code);
  const from = (all: Uint8Array) => async (target: Uint8Array, offset: number) => {
    if (offset + target.length > all.length) throw new Error("read beyond the tensor");
    target.set(all.subarray(offset, offset + target.length));
  };
  const tensor: ReadableTensor = { name: "w", where: "m.gguf", dtype: "F32", shape, read: from(numbers) };
  return isPacked ? { ...tensor, packed: { code, elements, bytes, read: from(data) } } : tensor;
}

const HOW = ["plain", "halves", "joined", "unlike", "less one"] as const;

test("streams are those of the numbers, whatever rows, columns and chunks", async () => {
  const drawn = fc.record({
    code: codes,
    wide: fc.integer({ min: 1, max: 3 }),
    how: fc.constantFrom(...HOW),
    rows: fc.option(fc.tuple(fc.nat(8), fc.nat(8))),
    columns: fc.option(fc.tuple(fc.nat(6), fc.nat(6))),
    chunk: fc.constantFrom(32, 100, 256, 512, 1024),
    // Now and then with elements that fp16 holds and the fast code leaves to others.
    large: fc.boolean(),
    seed: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(drawn, async ({ code, wide, how, rows, columns, chunk, large, seed }) => {
      const { elements } = encodingOf(code);
      const width = wide * elements;
      const data = [0, 1].map((n) => blocksOf(code, 8 * wide, seed + n, large ? [0x0c00, 0x4000, 0x4100] : SCALES));
      const sorted = (pair: readonly number[] | null) =>
        pair?.toSorted((a, b) => a - b) as [number, number] | undefined;
      const [taken, across] = [sorted(rows), sorted(columns)?.map((n) => Math.min(n * (elements / 2), width))];
      const source: CheckpointSource = {
        ...{ from: "checkpoint", tensor: "w" },
        ...(taken ? { rows: taken } : {}),
        ...(across ? { columns: across as [number, number] } : {}),
      };
      const joined = how === "joined" || how === "unlike";
      const height = taken ? taken[1] - taken[0] : joined ? 16 : 8;
      const shape = [height, across ? across[1]! - across[0]! : width];
      const bitsOf = async (isPacked: boolean) => {
        const [first, second] = data.map((part, n) =>
          tensorOf(code, [8, width], part, isPacked && !(how === "unlike" && n === 1)),
        ) as [ReadableTensor, ReadableTensor];
        const parts = ["a", "b"].map((tensor) => ({ tensor, rows: 8 }));
        const tensor = {
          plain: () => first,
          halves: () => halvesApart(first, 4),
          joined: () => readableOf({ ...source, joined: parts }, (name) => (name === "a" ? first : second)),
          unlike: () => readableOf({ ...source, joined: parts }, (name) => (name === "a" ? first : second)),
          "less one": () => lessOne(first),
        }[how]();
        const losses = newLosses();
        const pieces = streamFp16(tensor, { source, type: { dtype: "fp16", shape } }, losses, openWorkshop(chunk));
        return { bits: bitsOfBytes(await gather(pieces)), losses };
      };
      expect(await bitsOf(true)).toEqual(await bitsOf(false));
    }),
    { numRuns: 150 },
  );
});
