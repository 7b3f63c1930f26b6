/** What the ane-book's runtime feeds a layer shard: as its Swift does, in doubles, rounded to fp16. */
import { fp16Bits, roundFp16 } from "../../dsl/number.ts";
import { MASKED } from "../../models/host.ts";
import type { RawArray } from "../../passes/kernels/raw.ts";

/** Sizes that the feeds depend on, from the manifest. */
export interface FeedSizes {
  /** B, the tokens of a block. */
  readonly block: number;
  readonly width: number;
  readonly maxSeq: number;
  readonly ropeDims: number;
  readonly ropeBase: number;
}

const half = (x: number): number => fp16Bits(roundFp16(x));
const [CLOSED, OPEN, ONE] = [half(MASKED), half(0), half(1)];
const of = (shape: readonly number[], data: Uint16Array): RawArray => ({ dtype: "fp16", shape, data });

/**
 * Everything but `x`. Slots behind the used ones write nothing and see nothing; their tables are those of the positions that would follow.
 * @param first the first row of the cache that is seen
 */
export function feedsOf(sizes: FeedSizes, used: number, at: number, first = 0): Readonly<Record<string, RawArray>> {
  const { block, maxSeq, ropeDims } = sizes;
  const pairs = ropeDims / 2;
  const mask = new Uint16Array(block * maxSeq).fill(CLOSED);
  const slots = new Uint16Array(maxSeq * block).fill(OPEN);
  for (let t = 0; t < used; t++) {
    mask.fill(OPEN, t * maxSeq + first, t * maxSeq + at + t + 1);
    slots[(at + t) * block + t] = ONE;
  }
  const { cos, sin } = tables(sizes, at);
  return {
    rope_cos: of([block, pairs], cos),
    rope_sin: of([block, pairs], sin),
    attn_mask: of([1, 1, block, maxSeq], mask),
    kv_write_mask: of([1, 1, maxSeq, block], slots),
  };
}

/** Plain tables: pair j of position p turns by p / base^(j / pairs). */
function tables({ block, ropeDims, ropeBase }: FeedSizes, at: number) {
  const pairs = ropeDims / 2;
  const [cos, sin] = [new Uint16Array(block * pairs), new Uint16Array(block * pairs)];
  for (let t = 0; t < block; t++) {
    for (let j = 0; j < pairs; j++) {
      const angle = (at + t) * (1 / ropeBase ** (j / pairs));
      cos[t * pairs + j] = half(Math.cos(angle));
      sin[t * pairs + j] = half(Math.sin(angle));
    }
  }
  return { cos, sin };
}

/** `x` [1, d, B, 1] of the rows; 0 in the slots behind them. */
export function columnsOf({ block, width }: FeedSizes, rows: readonly Uint16Array[]): RawArray {
  const data = new Uint16Array(width * block);
  for (const [t, row] of rows.entries()) for (let k = 0; k < width; k++) data[k * block + t] = row[k]!;
  return of([1, width, block, 1], data);
}

/** Row t of `hidden` [1, d, B, 1], as a head takes it. */
export function rowOf({ block, width }: FeedSizes, hidden: RawArray, t: number): RawArray {
  const data = Uint16Array.from({ length: width }, (_, k) => hidden.data[k * block + t]!);
  return of([1, width, 1, 1], data);
}
