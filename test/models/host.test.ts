/** What the host feeds: positions, RoPE rows, masks. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { fp16Value } from "../../src/dsl/number.ts";
import { PHI4_MINI } from "../../src/models/config.ts";
import type { Decoder } from "../../src/models/decoder.ts";
import { inverseFrequencies } from "../../src/models/frequencies.ts";
import {
  blockPositions,
  causalMask,
  fp16Rows,
  hostRows,
  type Rows,
  ropeRows,
  writeMask,
} from "../../src/models/host.ts";

const rowsOf = ({ shape, data }: Rows): number[][] =>
  Array.from({ length: shape[0] }, (_, i) => [...data.subarray(i * shape[1], (i + 1) * shape[1])]);

test("the positions of a block", () => {
  expect(blockPositions(5, 4, 16)).toEqual([5, 6, 7, 8]);
  expect(blockPositions(12, 4, 16)).toEqual([12, 13, 14, 15]);
  expect(blockPositions(13, 4, 16, 3)).toEqual([13, 14, 15, undefined]);
  expect(() => blockPositions(13, 4, 16)).toThrow("start 13 + 4 tokens is beyond max_seq 16; the cache is full");
  expect(() => blockPositions(-1, 4, 16)).toThrow("start must be a whole number from 0, not -1");
  expect(() => blockPositions(0, 4, 16, 5)).toThrow("a block of 4 tokens can use 1 to 4 of them, not 5");
  expect(() => blockPositions(0, 4, 16, 0)).toThrow("a block of 4 tokens can use 1 to 4 of them, not 0");
});

test("RoPE rows: cos² + sin² is the attention factor squared at every length, short and long", () => {
  for (const maxSeq of [2048, 4096, 4097, 131072]) {
    const { cos, sin } = ropeRows(PHI4_MINI, [0, 1, 777, 2047], maxSeq);
    expect(cos.shape).toEqual([4, 48]);
    for (let i = 0; i < cos.data.length; i++) expect(cos.data[i]! ** 2 + sin.data[i]! ** 2).toBeCloseTo(17 / 12, 12);
    expect(rowsOf(cos)[0]).toEqual(Array(48).fill(1.1902380714238083));
    expect(rowsOf(sin)[0]).toEqual(Array(48).fill(0));
  }
});

test("RoPE rows: the angles", () => {
  const A = 1.1902380714238083;
  const { cos, sin } = ropeRows(PHI4_MINI, [3], 2048);
  // factor 1, pair 0 turns by 1 a position, pair 24 by 10000^(-48/96) = 0.01.
  expect(cos.data[0]).toBe(Math.cos(3) * A);
  expect(sin.data[24]).toBeCloseTo(Math.sin(0.03) * A, 15);
});

test("the factor set is fixed by max_seq alone", () => {
  const [short, long] = [inverseFrequencies(PHI4_MINI, 4096), inverseFrequencies(PHI4_MINI, 4097)];
  for (let j = 0; j < 48; j++) {
    expect(short[j]).toBe(1 / 10000 ** ((2 * j) / 96));
    expect(short[j]! / long[j]!).toBeCloseTo(PHI4_MINI.rope.longFactor[j]!, 12);
  }
});

test("plain RoPE has no factor", () => {
  const plain: Decoder = { ...PHI4_MINI, rope: { type: "default" } };
  expect(ropeRows(plain, [0], 8).cos.data[0]).toBe(1);
});

test("a row depends on its position only, whatever the block", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(8191), { minLength: 1, maxLength: 6 }), (positions) => {
      const block = ropeRows(PHI4_MINI, positions, 8192);
      positions.forEach((position, t) => {
        const single = ropeRows(PHI4_MINI, [position], 8192);
        expect(rowsOf(block.cos)[t]).toEqual([...single.cos.data]);
        expect(rowsOf(block.sin)[t]).toEqual([...single.sin.data]);
      });
    }),
  );
});

test("masks of a block with a dead column", () => {
  const positions = blockPositions(1, 3, 4, 2);
  expect(rowsOf(causalMask(positions, 4))).toEqual([
    [0, 0, -1e4, -1e4],
    [0, 0, 0, -1e4],
    [-1e4, -1e4, -1e4, -1e4],
  ]);
  expect(rowsOf(writeMask(positions, 4))).toEqual([
    [0, 0, 0],
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 0],
  ]);
  expect(rowsOf(ropeRows(PHI4_MINI, positions, 4).sin)[2]).toEqual(Array(48).fill(0));
});

test("a window shows the last rows, the token's own included", () => {
  expect(rowsOf(causalMask([0, 3, undefined], 5, 2))).toEqual([
    [0, -1e4, -1e4, -1e4, -1e4],
    [-1e4, -1e4, 0, 0, -1e4],
    [-1e4, -1e4, -1e4, -1e4, -1e4],
  ]);
  fc.assert(
    fc.property(fc.nat(15), fc.integer({ min: 1, max: 20 }), (position, window) => {
      const seen = rowsOf(causalMask([position], 16, window))[0]!.flatMap((x, row) => (x === 0 ? [row] : []));
      const first = Math.max(0, position - window + 1);
      expect(seen).toEqual(Array.from({ length: position - first + 1 }, (_, i) => first + i));
    }),
  );
});

test("rows by the name of their input; local layers have a window and a table of their own", () => {
  const table = { ropeTheta: 100, rope: { type: "default" } } as const;
  const decoder = { ...PHI4_MINI, slidingWindow: 3, local: { slidingWindow: 2, table } };
  const of = (name: string, from: Decoder = decoder) => hostRows(from, name, [4, 5], 8);
  expect(of("attn_mask")).toEqual(causalMask([4, 5], 8, 3));
  expect(of("attn_mask_local")).toEqual(causalMask([4, 5], 8, 2));
  expect(of("rope_sin")).toEqual(ropeRows(PHI4_MINI, [4, 5], 8).sin);
  expect(of("rope_cos_local")).toEqual(ropeRows({ ...PHI4_MINI, ...table }, [4, 5], 8).cos);
  const shared = { ...decoder, local: { slidingWindow: 2 } };
  expect(of("rope_cos_local", shared)).toEqual(ropeRows(PHI4_MINI, [4, 5], 8).cos);
  expect(of("kv_write_mask")).toEqual(writeMask([4, 5], 8));
  expect(of("x")).toBeUndefined();
});

test("positions beyond the cache, and two tokens on one row", () => {
  for (const rows of [causalMask, writeMask, (p: readonly number[], n: number) => ropeRows(PHI4_MINI, p, n)])
    for (const wrong of [4, -1, 0.5, Number.NaN])
      expect(() => rows([0, wrong], 4)).toThrow(`position ${wrong} is outside a cache of 4 rows`);
  expect(() => writeMask([2, 0, 2], 4)).toThrow("two tokens of the block would write cache row 2");
});

test("fp16: rounded once, −10⁴ and the masks exact", () => {
  const bits = fp16Rows(causalMask([0], 3));
  expect([...bits].map(fp16Value)).toEqual([0, -1e4, -1e4]);
  const { cos } = ropeRows(PHI4_MINI, [0], 8);
  expect(fp16Value(fp16Rows(cos)[0]!)).toBe(1.1904296875);
});
