/** Streams a weight out of a stored tensor as fp16: read, convert, transpose; never more than a few chunks in memory. */

import type { TensorType } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import type { RowScale } from "../../dsl/weight-source.ts";
import {
  type Converter,
  type Losses,
  makeConverter,
  newLosses,
  type SourceDType,
  sourceBytes,
  sourceValue,
} from "./convert.ts";
import { packedChunk } from "./packed.ts";
import {
  areaOf,
  type CheckpointSource,
  chunksOf,
  type ReadableTensor,
  type Rectangle,
  readRectangle,
  rectangleOf,
  type SourceRectangle,
  widthOf,
} from "./rectangle.ts";
import { isScaled, runsConverter, wholeConverter } from "./scaled-rows.ts";
import { newSlab, type Slab } from "./slab.ts";
import { transposeInto } from "./transpose.ts";

/** Elements of a chunk: 2 MiB of fp16. */
const CHUNK = 2 ** 20;
/** Chunks in the strip of columns that a transpose holds. */
const STRIP = 8;
/** Bytes of the widest element of a checkpoint. */
const WIDEST = Math.max(...Object.values(sourceBytes));
/** Chunks in memory: one is read, one converted, and one is in the hands of whoever asked for it. */
const IN_USE = 3;

/** What streams of one store share. */
export interface Workshop {
  /** Elements of a chunk. */
  readonly chunk: number;
  /** The converter of a stored type, with a factor where there is one. */
  converter(dtype: SourceDType, factor?: number): Converter;
  /** Lends a slab for one chunk; it must be given back. New memory costs as much as reading into it. */
  take(): Slab;
  /** The last one given back is not lent out next: whoever asked for its chunk may still be writing it. */
  giveBack(slab: Slab): void;
}

/** A workshop for one store. `chunk` is in elements; other sizes than the default are for tests. */
export function openWorkshop(chunk = CHUNK): Workshop {
  const converters = new Map<string, Converter>();
  const free: Slab[] = [];
  return {
    chunk,
    converter(dtype, factor = 1) {
      const key = `${dtype} ${factor}`;
      const converter = converters.get(key) ?? makeConverter(dtype, factor);
      converters.set(key, converter);
      return converter;
    },
    take: () => (free.length > 1 ? free.shift()! : newSlab(chunk * WIDEST)),
    giveBack: (slab) => void free.push(slab),
  };
}

/** One weight on its way: where its elements are, and where its losses are counted (indices in the stored tensor). */
interface Streaming {
  readonly stored: ReadableTensor;
  readonly from: SourceRectangle;
  readonly tally: Losses;
  readonly workshop: Workshop;
  readonly scaled?: RowScale;
}

/**
 * The weight's elements in row-major order as fp16 little-endian; losses are added to `tally`.
 * @throws UserError when the shapes disagree or an element overflows fp16.
 */
export async function* streamFp16(
  stored: ReadableTensor,
  weight: { readonly source: CheckpointSource; readonly type: TensorType },
  tally: Losses,
  workshop: Workshop,
): AsyncGenerator<Uint8Array> {
  const { scaled } = weight.source;
  const from = rectangleOf(stored, weight.source, weight.type);
  const job = { stored, from, tally, workshop, ...(scaled ? { scaled } : {}) };
  for await (const { data } of job.from.transposed ? transposed(job) : straight(job))
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

interface ConvertedChunk {
  readonly rectangle: Rectangle;
  /** fp16 bit patterns of the rectangle, row by row; valid until the next piece but one is asked for. */
  readonly data: Uint16Array<ArrayBuffer>;
}

/** Converted chunks in order. While one is converted, the next is already being read and the last may still be used. */
async function* straight(job: Streaming): AsyncGenerator<ConvertedChunk> {
  const { stored, from, workshop, scaled } = job;
  const width = sourceBytes[stored.dtype];
  const plain = workshop.converter(stored.dtype);
  const convert = scaled
    ? runsConverter(scaled, plain, workshop.converter(stored.dtype, scaled.factor))
    : wholeConverter(plain);
  const rectangles = [...chunksOf(from, workshop.chunk)];
  const packed = rectangles.map((rectangle) => (scaled ? undefined : packedChunk(stored, from.stride, rectangle)));
  if (rectangles.length === 0) return;
  const slabs = Array.from({ length: Math.min(rectangles.length, IN_USE) }, workshop.take);
  const slabOf = (i: number): Slab => slabs[i % slabs.length]!;
  const readNumbers = (i: number, rectangle: Rectangle): Promise<void> =>
    readRectangle(stored, from.stride, rectangle, new Uint8Array(slabOf(i).buffer, 0, areaOf(rectangle) * width));
  const read = async (i: number): Promise<void> => {
    const rectangle = rectangles[i];
    if (rectangle) await (packed[i]?.read(slabOf(i)) ?? readNumbers(i, rectangle));
  };
  let pending = read(0);
  let last = 0;
  try {
    for (const [i, rectangle] of rectangles.entries()) {
      last = i;
      await pending;
      pending = read(i + 1);
      // Its failure is met at the next turn; until then nobody waits for it.
      pending.catch(() => {});
      const slab = slabOf(i);
      const losses = newLosses();
      if (!packed[i]?.convert(slab, losses)) {
        if (packed[i]) await readNumbers(i, rectangle);
        convert(slab, rectangle, losses);
      }
      await addLosses(job, losses, rectangle);
      yield { rectangle, data: new Uint16Array(slab.buffer, 0, areaOf(rectangle)) };
    }
  } finally {
    await pending.catch(() => {});
    // In the order in which they were lent out, so that the slab of the last chunk comes last.
    for (let i = last + 1; i <= last + slabs.length; i++) workshop.giveBack(slabOf(i));
  }
}

/** Strips of columns are read whole and written out row by row of the transposed matrix. */
async function* transposed(job: Streaming): AsyncGenerator<ConvertedChunk> {
  const { rows, columns } = job.from;
  const { chunk } = job.workshop;
  const height = widthOf(rows);
  const stripWidth = Math.max(1, Math.min(widthOf(columns), Math.floor((STRIP * chunk) / Math.max(1, height))));
  const strip = new Uint16Array(height * stripWidth);
  const outs = [0, 1].map(() => new Uint16Array(Math.min(chunk, strip.length)));
  let turn = 0;
  for (let begin = columns[0]; begin < columns[1]; begin += stripWidth) {
    const from = { ...job.from, columns: [begin, Math.min(begin + stripWidth, columns[1])] as const };
    const width = widthOf(from.columns);
    for await (const { rectangle, data } of straight({ ...job, from }))
      strip.set(data, (rectangle.rows[0] - rows[0]) * width + rectangle.columns[0] - begin);
    for (const rectangle of chunksOf({ rows: [0, width], columns: [0, height] }, chunk)) {
      const out = outs[turn++ % 2]!;
      transposeInto(out, strip, width, rectangle);
      yield { rectangle, data: out.subarray(0, areaOf(rectangle)) };
    }
  }
}

/** Adds a chunk's losses to the weight's; refuses an overflow by its place in the stored tensor. */
async function addLosses(job: Streaming, losses: Losses, rectangle: Rectangle): Promise<void> {
  const { tally, from } = job;
  if (losses.overflow >= 0) await refuseOverflow(job, placeOf(losses.overflow, rectangle));
  if (tally.nonFinite === 0 && losses.nonFinite > 0) {
    const [row, column] = placeOf(losses.firstNonFinite, rectangle);
    tally.firstNonFinite = row * from.stride + column;
  }
  tally.nonFinite += losses.nonFinite;
  tally.rounded += losses.rounded;
  tally.worstError = Math.max(tally.worstError, losses.worstError);
}

/** Row and column in the stored matrix of a chunk's element. */
function placeOf(index: number, rectangle: Rectangle): readonly [row: number, column: number] {
  const width = widthOf(rectangle.columns);
  return [rectangle.rows[0] + Math.floor(index / width), rectangle.columns[0] + (index % width)];
}

async function refuseOverflow(
  { stored, from, scaled }: Streaming,
  place: readonly [row: number, column: number],
): Promise<never> {
  const width = sourceBytes[stored.dtype];
  const bytes = new Uint8Array(4);
  await stored.read(bytes.subarray(0, width), (place[0] * from.stride + place[1]) * width);
  const bits = new DataView(bytes.buffer).getUint32(0, true);
  const value = Number(sourceValue[stored.dtype](bits).toPrecision(6));
  const times = scaled && isScaled(scaled, place[0]) ? ` times ${scaled.factor}` : "";
  const index = stored.shape.length > 1 ? place : place.slice(0, 1);
  throw new UserError(
    `${stored.where}: tensor "${stored.name}" has ${value}${times} at [${index.join(",")}], which fp16 cannot hold (its largest number is 65504)`,
  );
}
