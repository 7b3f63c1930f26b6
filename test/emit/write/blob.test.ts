/** The layout of weight.bin: records, gaps, shared blobs, packed elements. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type DType, sizeOf } from "../../../src/dsl/type.ts";
import type { WeightSource } from "../../../src/dsl/weight-source.ts";
import { decodeElements } from "../../../src/emit/mil/decode-elements.ts";
import { encodeElements } from "../../../src/emit/mil/encode-elements.ts";
import { type BlobPlan, blobBytes, blobPlanner } from "../../../src/emit/write/blob.ts";
import { nothingToReport, type WeightStore } from "../../../src/weights/store.ts";

/** Every weight is `fill` in all its bytes, given in pieces of 100. */
const filled = (fill: number): WeightStore => ({
  async *stream(_, { shape }) {
    const bytes = new Uint8Array(2 * sizeOf(shape)).fill(fill);
    for (let i = 0; i < bytes.length; i += 100) yield bytes.subarray(i, i + 100);
  },
  report: () => nothingToReport,
  close: async () => {},
});

const weight = (tensor: string, more: { rows?: readonly [number, number] } = {}) => ({
  kind: "weight" as const,
  source: { from: "checkpoint", tensor, ...more } satisfies WeightSource,
});

async function bytesOf(plan: BlobPlan, store = filled(0x3c)): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of blobBytes(plan, store)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

const words = (bytes: Buffer, from: number, count: number) =>
  Array.from({ length: count }, (_, i) => bytes.readUInt32LE(from + 4 * i).toString(16));

test("two fp16 weights are laid out as coremltools lays them out", async () => {
  const planner = blobPlanner();
  expect(planner.place(weight("a"), { dtype: "fp16", shape: [24, 8, 1, 1] })).toBe(64);
  expect(planner.place(weight("b"), { dtype: "fp16", shape: [8, 8, 1, 1] })).toBe(512);
  const bytes = await bytesOf(planner.plan());
  expect(bytes.length).toBe(704);
  expect(words(bytes, 0, 4)).toEqual(["2", "2", "0", "0"]);
  expect(words(bytes, 64, 8)).toEqual(["deadbeef", "1", "180", "0", "80", "0", "0", "0"]);
  expect(words(bytes, 512, 8)).toEqual(["deadbeef", "1", "80", "0", "240", "0", "0", "0"]);
  expect(bytes.subarray(128, 512).every((byte) => byte === 0x3c)).toBe(true);
});

test("the gap before a record is zero, and nothing follows the last blob", async () => {
  const planner = blobPlanner();
  planner.place(weight("a"), { dtype: "fp16", shape: [3] });
  expect(planner.place(weight("b"), { dtype: "fp16", shape: [3] })).toBe(192);
  const bytes = await bytesOf(planner.plan());
  expect(bytes.length).toBe(192 + 64 + 6);
  expect(bytes.subarray(128 + 6, 192).every((byte) => byte === 0)).toBe(true);
});

test("the same weight has one blob, another part of it has its own", () => {
  const planner = blobPlanner();
  const type = { dtype: "fp16", shape: [4] } as const;
  const first = planner.place(weight("a"), type);
  expect(planner.place(weight("a"), { ...type, shape: [2, 2] })).toBe(first);
  expect(planner.place(weight("a", { rows: [0, 1] }), type)).not.toBe(first);
  expect(planner.plan().blobs.length).toBe(2);
});

test("constants have one blob when their bits are equal, not when their numbers are", () => {
  const planner = blobPlanner();
  const place = (data: readonly number[], dtype: DType = "fp16") =>
    planner.place({ kind: "const", data }, { dtype, shape: [2] });
  expect(place([0, 1])).toBe(place([0, 1]));
  expect(place([-0, 1])).not.toBe(place([0, 1]));
  expect(place([Number.NaN, 1])).not.toBe(place([Number.POSITIVE_INFINITY, 1]));
  expect(place([0, 1], "fp32")).not.toBe(place([0, 1]));
});

test("sub-byte elements are packed from the lowest bit, and the record counts the unused bits", async () => {
  const planner = blobPlanner();
  planner.place({ kind: "const", data: [1, -2, 7] }, { dtype: "int4", shape: [3] });
  planner.place({ kind: "const", data: [1, 2, 3, 4, 5] }, { dtype: "uint3", shape: [5] });
  const bytes = await bytesOf(planner.plan());
  expect(words(bytes, 64, 8)).toEqual(["deadbeef", "8", "2", "0", "80", "0", "4", "0"]);
  expect([...bytes.subarray(128, 130)]).toEqual([0xe1, 0x07]);
  expect(words(bytes, 192, 8)).toEqual(["deadbeef", "c", "2", "0", "100", "0", "1", "0"]);
  expect([...bytes.subarray(256)]).toEqual([0b11010001, 0b01011000]);
});

test("a store that gives fewer bytes than the type has is a fault of ours", async () => {
  const planner = blobPlanner();
  planner.place(weight("a"), { dtype: "fp32", shape: [100] });
  await expect(bytesOf(planner.plan())).rejects.toThrow("gave 200 of 400 bytes");
});

const RANGES: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  uint16: [0, 65535],
  int8: [-128, 127],
  uint8: [0, 255],
  int4: [-8, 7],
  uint4: [0, 15],
  uint6: [0, 63],
  uint3: [0, 7],
  uint2: [0, 3],
  uint1: [0, 1],
};

test.each(Object.entries(RANGES))("%s elements come back from their bytes", (dtype, [min, max]) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min, max }), { maxLength: 40 }), (data) => {
      const bytes = encodeElements(dtype as DType, data);
      expect([...decodeElements(dtype as DType, bytes, data.length)]).toEqual(data);
    }),
  );
});
