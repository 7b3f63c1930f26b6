/** What the ane-book's runtime feeds, against what the decoder's record says a host must feed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { columnsOf, type FeedSizes, feedsOf, rowOf } from "../../../src/build/host/feeds.ts";
import { PHI4_MINI } from "../../../src/models/config.ts";
import { blockPositions, fp16Rows, hostRows } from "../../../src/models/host.ts";
import { foldRopeFactor } from "../../../src/models/rope-fold.ts";

const decoder = foldRopeFactor(PHI4_MINI, "weights");
const sizesFor = (block: number, maxSeq: number): FeedSizes => ({
  block,
  width: 3,
  maxSeq,
  ropeDims: decoder.rotaryDims,
  ropeBase: decoder.ropeTheta,
});

describe("feeds", () => {
  test("of used slots are the host's rows of the model without its factor", () => {
    const cases = fc.record({
      block: fc.integer({ min: 1, max: 4 }),
      used: fc.integer({ min: 1, max: 4 }),
      at: fc.nat(20),
    });
    fc.assert(
      fc.property(cases, ({ block, used: wanted, at }) => {
        const [used, maxSeq] = [Math.min(wanted, block), 32];
        const positions = blockPositions(at, block, maxSeq, used);
        const found = feedsOf(sizesFor(block, maxSeq), used, at);
        for (const [name, { data }] of Object.entries(found)) {
          const rows = fp16Rows(hostRows(decoder, name, positions, maxSeq)!);
          const isTable = name.startsWith("rope");
          expect(data.length).toBe(rows.length);
          // Tables of slots that nothing uses are those of the positions that would follow.
          const count = isTable ? (used * rows.length) / block : rows.length;
          expect([...data.slice(0, count)], name).toEqual([...rows.slice(0, count)]);
        }
      }),
    );
  });

  test("of slots behind the used ones see nothing and write nothing", () => {
    const { attn_mask: mask, kv_write_mask: slots } = feedsOf(sizesFor(4, 8), 2, 3);
    expect(new Set(mask!.data.slice(2 * 8))).toEqual(new Set([0xf0e2]));
    const column = (t: number) => Array.from({ length: 8 }, (_, s) => slots!.data[s * 4 + t]);
    expect(column(1)).toEqual([0, 0, 0, 0, 0x3c00, 0, 0, 0]);
    expect(column(2)).toEqual(Array(8).fill(0));
  });

  test("have a row a column, and a column a row", () => {
    const sizes = sizesFor(4, 8);
    const rows = [Uint16Array.of(1, 2, 3), Uint16Array.of(4, 5, 6)];
    const x = columnsOf(sizes, rows);
    expect(x.shape).toEqual([1, 3, 4, 1]);
    expect([...x.data]).toEqual([1, 4, 0, 0, 2, 5, 0, 0, 3, 6, 0, 0]);
    for (const [t, row] of rows.entries()) expect(rowOf(sizes, x, t)).toMatchObject({ shape: [1, 3, 1, 1], data: row });
  });
});
