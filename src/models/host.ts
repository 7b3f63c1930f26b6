/** What the host feeds a layer besides the hidden rows: RoPE rows, attention mask, write mask; fp64, rounded at the end. */
import { fp16Bits, roundFp16 } from "../dsl/number.ts";
import { MASK_NUMBERS } from "../dsl/role.ts";
import { UserError } from "../dsl/user-error.ts";
import type { Decoder } from "./decoder.ts";
import { attentionFactorOf, inverseFrequencies, type TurnedDims } from "./frequencies.ts";
import { decoderGiven, turnedDimsGiven } from "./given.ts";

/**
 * The cache row that each token of a block is written to, which is also its position; undefined for a dead column, one
 * that pads the block and writes nothing.
 */
export type Positions = readonly (number | undefined)[];

/** Rows of numbers, one row after another, in fp64. */
export interface Rows {
  readonly shape: readonly [rows: number, columns: number];
  readonly data: Float64Array;
}

/** What the attention mask adds to the score of a row that is not seen. */
export const MASKED = MASK_NUMBERS.closed;

/**
 * The positions of a block that continues a sequence: `start`, `start + 1`, … for `used` tokens, then dead columns.
 * @throws UserError unless 0 ≤ start, 1 ≤ used ≤ tokens and start + used ≤ maxSeq.
 */
export function blockPositions(start: number, tokens: number, maxSeq: number, used = tokens): Positions {
  if (!isIndex(start)) throw new UserError(`start must be a whole number from 0, not ${start}`);
  if (!isIndex(used) || used < 1 || used > tokens)
    throw new UserError(`a block of ${tokens} tokens can use 1 to ${tokens} of them, not ${used}`);
  if (start + used > maxSeq)
    throw new UserError(`start ${start} + ${used} tokens is beyond max_seq ${maxSeq}; the cache is full`);
  return Array.from({ length: tokens }, (_, t) => (t < used ? start + t : undefined));
}

/**
 * `rope_cos` and `rope_sin` [T, rotaryDims / 2]: cos and sin of position · inverse frequency, times the attention
 * factor. A dead column gets the row of position 0, which is finite.
 * @throws UserError when a position is not below maxSeq, or the table is none.
 */
export function ropeRows(
  table: TurnedDims,
  positions: Positions,
  maxSeq: number,
): { readonly cos: Rows; readonly sin: Rows } {
  turnedDimsGiven(table);
  checkPositions(positions, maxSeq);
  const steps = inverseFrequencies(table, maxSeq);
  const scale = attentionFactorOf(table);
  const row = (turn: (angle: number) => number) =>
    rowsOf(positions.length, steps.length, (t, j) => turn((positions[t] ?? 0) * steps[j]!) * scale);
  return { cos: row(Math.cos), sin: row(Math.sin) };
}

/**
 * `attn_mask` [T, max_seq]: a token sees the cache rows up to its own position, the last `window` of them where there is
 * a window: 0 there and −10⁴ elsewhere; a dead column sees nothing.
 * @throws UserError when a position is not below maxSeq.
 */
export function causalMask(positions: Positions, maxSeq: number, window = Number.POSITIVE_INFINITY): Rows {
  checkPositions(positions, maxSeq);
  checkSize(positions, maxSeq);
  const isSeen = (row: number, position: number) => row <= position && row > position - window;
  return rowsOf(positions.length, maxSeq, (t, s) => (isSeen(s, positions[t] ?? -1) ? 0 : MASKED));
}

/** What local layers are told apart by: their window, and the table that they turn by. */
const localOf = (decoder: Decoder): TurnedDims & Pick<Decoder, "slidingWindow"> => ({
  ...decoder,
  ...decoder.local,
  ...decoder.local?.table,
});

/**
 * The rows of an input that positions tell, by its name; undefined for any other. Those of local layers end in `_local`.
 * @throws UserError as the function of that input does, and for what is no decoder.
 */
export function hostRows(decoder: Decoder, name: string, positions: Positions, maxSeq: number): Rows | undefined {
  if (typeof name !== "string") throw new UserError("hostRows: the name of an input must be a text");
  decoderGiven(decoder);
  const isLocal = name.endsWith("_local");
  const span = isLocal ? localOf(decoder) : decoder;
  switch (isLocal ? name.slice(0, -"_local".length) : name) {
    case "rope_cos":
      return ropeRows(span, positions, maxSeq).cos;
    case "rope_sin":
      return ropeRows(span, positions, maxSeq).sin;
    case "attn_mask":
      return causalMask(positions, maxSeq, span.slidingWindow);
    case "kv_write_mask":
      return writeMask(positions, maxSeq);
    default:
      return undefined;
  }
}

/**
 * `kv_write_mask` [max_seq, T]: column t is 1 at the position of token t and 0 elsewhere; a dead column is all 0.
 * @throws UserError when a position is not below maxSeq, or two tokens would write the same row.
 */
export function writeMask(positions: Positions, maxSeq: number): Rows {
  checkPositions(positions, maxSeq);
  checkSize(positions, maxSeq);
  const used = positions.filter((position) => position !== undefined);
  const twice = used.find((position, t) => used.indexOf(position) !== t);
  if (twice !== undefined) throw new UserError(`two tokens of the block would write cache row ${twice}`);
  return rowsOf(maxSeq, positions.length, (s, t) => (positions[t] === s ? 1 : 0));
}

/** The rows as a package takes them: each number rounded to fp16, as bit patterns. @throws UserError for what is no rows */
export function fp16Rows(rows: Rows): Uint16Array {
  if (!(rows?.data instanceof Float64Array))
    throw new UserError("rows must be rows of numbers, such as ropeRows() gives");
  return Uint16Array.from(rows.data, (x) => fp16Bits(roundFp16(x)));
}

/** As many numbers a mask may have: 2 GiB of fp64. */
const MOST = 2 ** 28;

function checkSize(positions: Positions, maxSeq: number): void {
  if (positions.length * maxSeq > MOST)
    throw new UserError(`a mask of ${positions.length} tokens and ${maxSeq} cache rows is larger than a host feeds`);
}

function checkPositions(positions: Positions, maxSeq: number): void {
  if (!Array.isArray(positions))
    throw new UserError("positions must be an array of cache rows, such as blockPositions() gives");
  if (!isIndex(maxSeq)) throw new UserError("max_seq must be a whole number");
  for (const position of positions)
    if (position !== undefined && !(isIndex(position) && position < maxSeq))
      throw new UserError(`position ${position} is outside a cache of ${maxSeq} rows`);
}

const isIndex = (x: number): boolean => Number.isSafeInteger(x) && x >= 0;

function rowsOf(rows: number, columns: number, element: (row: number, column: number) => number): Rows {
  const data = Float64Array.from({ length: rows * columns }, (_, i) => element(Math.floor(i / columns), i % columns));
  return { shape: [rows, columns], data };
}
