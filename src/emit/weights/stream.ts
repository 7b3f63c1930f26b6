/** Streams a weight out of a stored tensor as fp16: read, convert, transpose; never more than a few blocks in memory. */
import type { TensorType } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import {
  type Converter,
  makeConverter,
  newTally,
  type SourceDType,
  sourceBytes,
  sourceValue,
  type Tally,
} from "./convert.ts";
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

/** What streams of one store share. */
export interface Workshop {
  /** The converter of a stored type. */
  converter(dtype: SourceDType): Converter;
  /** Lends a buffer of at least so many bytes; it must be given back. New memory costs as much as reading into it. */
  take(bytes: number): ArrayBuffer;
  giveBack(buffer: ArrayBuffer): void;
}

export function openWorkshop(): Workshop {
  const converters = new Map<SourceDType, Converter>();
  const free: ArrayBuffer[] = [];
  return {
    converter(dtype) {
      const converter = converters.get(dtype) ?? makeConverter(dtype);
      converters.set(dtype, converter);
      return converter;
    },
    take(bytes) {
      const at = free.findIndex((buffer) => buffer.byteLength >= bytes);
      return at < 0 ? new ArrayBuffer(bytes) : free.splice(at, 1)[0]!;
    },
    giveBack: (buffer) => void free.push(buffer),
  };
}

/** One weight on its way: where its elements are, and where its losses are counted (indices in the stored tensor). */
interface Job {
  readonly stored: Stored;
  readonly cut: Cut;
  readonly tally: Tally;
  readonly workshop: Workshop;
}

/**
 * The weight's elements in row-major order as fp16 little-endian; losses are added to `tally`.
 * @throws UserError when the shapes disagree or an element overflows fp16.
 */
export async function* streamFp16(
  stored: Stored,
  weight: { readonly source: CheckpointSource; readonly type: TensorType },
  tally: Tally,
  workshop: Workshop,
): AsyncGenerator<Uint8Array> {
  const job = { stored, cut: cutOf(stored, weight.source, weight.type), tally, workshop };
  for await (const { data } of job.cut.transposed ? transposed(job) : straight(job))
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

interface Piece {
  readonly block: Block;
  /** fp16 bit patterns of the block, row by row; valid until the next piece is asked for. */
  readonly data: Uint16Array<ArrayBuffer>;
}

/** Converted blocks in order. The next one is already being read while one is converted and used. */
async function* straight(job: Job): AsyncGenerator<Piece> {
  const { stored, cut, workshop } = job;
  const width = sourceBytes[stored.dtype];
  const convert = workshop.converter(stored.dtype);
  const blocks = [...blocksOf(cut, CHUNK)];
  const [first] = blocks;
  if (!first) return;
  // Alternately: one is read into, the other belongs to whoever asked last.
  const buffers = [workshop.take(areaOf(first) * width), workshop.take(areaOf(first) * width)];
  const read = async (i: number): Promise<void> => {
    const block = blocks[i];
    if (!block) return;
    await readBlock(stored, cut.stride, block, new Uint8Array(buffers[i % 2]!, 0, areaOf(block) * width));
  };
  let pending = read(0);
  try {
    for (const [i, block] of blocks.entries()) {
      await pending;
      pending = read(i + 1);
      // Its failure is met at the next turn; until then nobody waits for it.
      pending.catch(() => {});
      const buffer = buffers[i % 2]!;
      const losses = newTally();
      convert(buffer, areaOf(block), losses);
      await addLosses(job, losses, block);
      yield { block, data: new Uint16Array(buffer, 0, areaOf(block)) };
    }
  } finally {
    await pending.catch(() => {});
    for (const buffer of buffers) workshop.giveBack(buffer);
  }
}

/** Strips of columns are read whole and written out row by row of the transposed matrix. */
async function* transposed(job: Job): AsyncGenerator<Piece> {
  const { rows, columns } = job.cut;
  const height = widthOf(rows);
  const stripWidth = Math.max(1, Math.min(widthOf(columns), Math.floor(STRIP / Math.max(1, height))));
  const strip = new Uint16Array(height * stripWidth);
  const out = new Uint16Array(Math.min(CHUNK, strip.length));
  for (let begin = columns[0]; begin < columns[1]; begin += stripWidth) {
    const cut = { ...job.cut, columns: [begin, Math.min(begin + stripWidth, columns[1])] as const };
    const width = widthOf(cut.columns);
    for await (const { block, data } of straight({ ...job, cut }))
      strip.set(data, (block.rows[0] - rows[0]) * width + block.columns[0] - begin);
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

/** Adds a block's losses to the weight's; refuses an overflow by its place in the stored tensor. */
async function addLosses({ tally, stored, cut }: Job, losses: Tally, block: Block): Promise<void> {
  if (losses.overflow >= 0) await refuseOverflow(stored, cut.stride, placeOf(losses.overflow, block));
  if (tally.nonFinite === 0 && losses.nonFinite > 0) {
    const [row, column] = placeOf(losses.firstNonFinite, block);
    tally.firstNonFinite = row * cut.stride + column;
  }
  tally.nonFinite += losses.nonFinite;
  tally.rounded += losses.rounded;
  tally.worstError = Math.max(tally.worstError, losses.worstError);
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
