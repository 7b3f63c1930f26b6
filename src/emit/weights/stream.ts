/** Streams a weight out of a stored tensor as fp16: read, convert, transpose; never more than a few blocks in memory. */
import type { TensorType } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import { type Converters, newTally, sourceBytes, sourceValue, type Tally } from "./convert.ts";
import {
  areaOf,
  type Block,
  blocksOf,
  type CheckpointSource,
  type Cut,
  cutOf,
  readBlock,
  type Stored,
  widthOf,
} from "./cut.ts";

/** Elements of a chunk: 4 MiB of fp16. */
const CHUNK = 2 ** 21;
/** Elements of a strip of columns that a transpose holds: 32 MiB of fp16. */
const STRIP = 2 ** 24;
/** Side of the squares that a transpose moves at a time, so that both sides stay in the cache. */
const TILE = 32;

/**
 * The weight's elements in row-major order as fp16 little-endian. Losses are added to `tally`, whose indices count in
 * the stored tensor.
 * @throws UserError when the shapes disagree or an element overflows fp16.
 */
export async function* streamFp16(
  stored: Stored,
  source: CheckpointSource,
  type: TensorType,
  converters: Converters,
  tally: Tally,
): AsyncGenerator<Uint8Array> {
  const cut = cutOf(stored, source, type);
  const chunks = cut.transposed ? transposed(stored, cut, converters, tally) : straight(stored, cut, converters, tally);
  for await (const { data } of chunks) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

interface Piece {
  readonly block: Block;
  /** fp16 bit patterns of the block, row by row; valid until the next piece is asked for. */
  readonly data: Uint16Array;
}

/** Converted blocks in order. The next one is already being read while one is converted and used. */
async function* straight(stored: Stored, cut: Cut, converters: Converters, tally: Tally): AsyncGenerator<Piece> {
  const width = sourceBytes[stored.dtype];
  const blocks = [...blocksOf(cut, CHUNK)];
  const largest = Math.max(0, ...blocks.map(areaOf));
  const buffers = [new ArrayBuffer(largest * width), new ArrayBuffer(blocks.length > 1 ? largest * width : 0)];
  const read = (i: number): Promise<void> | undefined =>
    i < blocks.length
      ? readBlock(stored, cut.stride, blocks[i]!, width, new Uint8Array(buffers[i % 2]!, 0, areaOf(blocks[i]!) * width))
      : undefined;
  let pending = read(0);
  try {
    for (const [i, block] of blocks.entries()) {
      await pending;
      pending = read(i + 1);
      // A failure of it is met at the next turn; until then nobody waits for it.
      pending?.catch(() => {});
      const buffer = buffers[i % 2]!;
      const data = new Uint16Array(buffer, 0, areaOf(block));
      const part = newTally();
      converters[stored.dtype](buffer, data.length, part);
      await addTally(tally, part, stored, cut.stride, block);
      yield { block, data };
    }
  } finally {
    await pending?.catch(() => {});
  }
}

/** Strips of columns are read whole and written out row by row of the transposed matrix. */
async function* transposed(stored: Stored, cut: Cut, converters: Converters, tally: Tally): AsyncGenerator<Piece> {
  const height = widthOf(cut.rows);
  const perStrip = Math.max(1, Math.min(widthOf(cut.columns), Math.floor(STRIP / Math.max(1, height))));
  const strip = new Uint16Array(height * perStrip);
  const out = new Uint16Array(Math.min(CHUNK, strip.length));
  for (let begin = cut.columns[0]; begin < cut.columns[1]; begin += perStrip) {
    const columns = [begin, Math.min(begin + perStrip, cut.columns[1])] as const;
    const width = widthOf(columns);
    for await (const { block, data } of straight(stored, { ...cut, columns }, converters, tally))
      strip.set(data, (block.rows[0] - cut.rows[0]) * width + block.columns[0] - begin);
    for (const block of blocksOf({ rows: [0, width], columns: [0, height] }, CHUNK)) {
      transposeInto(out, strip, width, block);
      yield { block, data: out.subarray(0, areaOf(block)) };
    }
  }
}

/** out[i, j] = strip[j, i] for a block of the transposed matrix; `strip` has `stride` columns. */
function transposeInto(out: Uint16Array, strip: Uint16Array, stride: number, { rows, columns }: Block): void {
  const width = widthOf(columns);
  for (let top = rows[0]; top < rows[1]; top += TILE)
    for (let left = columns[0]; left < columns[1]; left += TILE) {
      const bottom = Math.min(top + TILE, rows[1]);
      const right = Math.min(left + TILE, columns[1]);
      for (let i = top; i < bottom; i++) {
        const row = (i - rows[0]) * width - columns[0];
        for (let j = left; j < right; j++) out[row + j] = strip[j * stride + i]!;
      }
    }
}

/** Adds a block's losses to the stream's; refuses an overflow by its place in the stored tensor. */
async function addTally(total: Tally, part: Tally, stored: Stored, stride: number, block: Block): Promise<void> {
  if (part.overflow >= 0) await refuseOverflow(stored, stride, placeOf(part.overflow, block));
  if (total.nonFinite === 0 && part.nonFinite > 0) {
    const [row, column] = placeOf(part.firstNonFinite, block);
    total.firstNonFinite = row * stride + column;
  }
  total.nonFinite += part.nonFinite;
  total.rounded += part.rounded;
  total.worstError = Math.max(total.worstError, part.worstError);
}

/** Row and column in the stored matrix of a block's element. */
function placeOf(index: number, block: Block): readonly [row: number, column: number] {
  const width = widthOf(block.columns);
  return [block.rows[0] + Math.floor(index / width), block.columns[0] + (index % width)];
}

async function refuseOverflow(stored: Stored, stride: number, place: readonly [number, number]): Promise<never> {
  const width = sourceBytes[stored.dtype];
  const bytes = new Uint8Array(4);
  await stored.read(bytes.subarray(0, width), (place[0] * stride + place[1]) * width);
  const bits = new DataView(bytes.buffer).getUint32(0, true);
  const value = Number(sourceValue[stored.dtype](bits).toPrecision(6));
  const index = stored.shape.length > 1 ? place : place.slice(0, 1);
  throw new UserError(
    `${stored.where}: tensor "${stored.name}" has ${value} at [${index.join(",")}], which fp16 cannot hold (its largest number is 65504)`,
  );
}
