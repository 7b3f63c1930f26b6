/** What the host feeds a layer besides the hidden rows: RoPE rows, attention mask, write mask; fp64, rounded at the end. */
import { fp16Bits, roundFp16 } from "../dsl/number.ts";
import { MASK_NUMBERS } from "../dsl/role.ts";
import { UserError } from "../dsl/user-error.ts";
import type { PhiConfig } from "./config.ts";

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
 * RoPE's angle steps: 1 / (factor[j] · theta^(2j / rotaryDims)) for pair j. LongRoPE's factors are chosen by max_seq
 * and so the same for the whole sequence: a row is then a function of its position alone, in a block as in single steps.
 */
export function inverseFrequencies(config: PhiConfig, maxSeq: number): Float64Array {
  const { rope, ropeTheta, rotaryDims } = config;
  const factor =
    rope.type === "default" ? undefined : maxSeq > rope.originalMaxPositions ? rope.longFactor : rope.shortFactor;
  return Float64Array.from(
    { length: rotaryDims / 2 },
    (_, j) => 1 / ((factor?.[j] ?? 1) * ropeTheta ** ((2 * j) / rotaryDims)),
  );
}

/**
 * `rope_cos` and `rope_sin` [T, rotaryDims / 2]: cos and sin of position · inverse frequency, times the attention
 * factor. A dead column gets the row of position 0, which is finite.
 * @throws UserError when a position is not below maxSeq.
 */
export function ropeRows(
  config: PhiConfig,
  positions: Positions,
  maxSeq: number,
): { readonly cos: Rows; readonly sin: Rows } {
  checkPositions(positions, maxSeq);
  const steps = inverseFrequencies(config, maxSeq);
  const scale = config.rope.type === "longrope" ? config.rope.attentionFactor : 1;
  const row = (turn: (angle: number) => number) =>
    rowsOf(positions.length, steps.length, (t, j) => turn((positions[t] ?? 0) * steps[j]!) * scale);
  return { cos: row(Math.cos), sin: row(Math.sin) };
}

/**
 * `attn_mask` [T, max_seq]: a token sees the cache rows up to its own position, 0 there and −10⁴ elsewhere; a dead
 * column sees nothing.
 * @throws UserError when a position is not below maxSeq.
 */
export function causalMask(positions: Positions, maxSeq: number): Rows {
  checkPositions(positions, maxSeq);
  return rowsOf(positions.length, maxSeq, (t, s) => (s <= (positions[t] ?? -1) ? 0 : MASKED));
}

/**
 * `kv_write_mask` [max_seq, T]: column t is 1 at the position of token t and 0 elsewhere; a dead column is all 0.
 * @throws UserError when a position is not below maxSeq, or two tokens would write the same row.
 */
export function writeMask(positions: Positions, maxSeq: number): Rows {
  checkPositions(positions, maxSeq);
  const used = positions.filter((position) => position !== undefined);
  const twice = used.find((position, t) => used.indexOf(position) !== t);
  if (twice !== undefined) throw new UserError(`two tokens of the block would write cache row ${twice}`);
  return rowsOf(maxSeq, positions.length, (s, t) => (positions[t] === s ? 1 : 0));
}

/** The rows as a package takes them: each number rounded to fp16, as bit patterns. */
export const fp16Rows = (rows: Rows): Uint16Array => Uint16Array.from(rows.data, (x) => fp16Bits(roundFp16(x)));

function checkPositions(positions: Positions, maxSeq: number): void {
  for (const position of positions)
    if (position !== undefined && !(isIndex(position) && position < maxSeq))
      throw new UserError(`position ${position} is outside a cache of ${maxSeq} rows`);
}

const isIndex = (x: number): boolean => Number.isSafeInteger(x) && x >= 0;

function rowsOf(rows: number, columns: number, element: (row: number, column: number) => number): Rows {
  const data = Float64Array.from({ length: rows * columns }, (_, i) => element(Math.floor(i / columns), i % columns));
  return { shape: [rows, columns], data };
}
