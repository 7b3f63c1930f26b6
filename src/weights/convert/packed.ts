/** Quantised blocks on their way to fp16 without being fp32 numbers in between, where a chunk is whole blocks. */
import type { BlockCode } from "./blocks-code.ts";
import type { Losses } from "./convert.ts";
import { areaOf, type ReadableTensor, type Rectangle, widthOf } from "./rectangle.ts";
import type { Slab } from "./slab.ts";

/** A tensor as its file has it: blocks one after another, whole ones in each row. */
export interface PackedElements {
  readonly code: BlockCode;
  /** Of a block: its elements, and its bytes. */
  readonly elements: number;
  readonly bytes: number;
  /** Fills `target` with the tensor's blocks from `offset` (in bytes of blocks) on. */
  read(target: Uint8Array, offset: number): Promise<void>;
}

/** A chunk of a packed tensor. */
export interface PackedChunk {
  /** Reads its blocks into a slab. */
  read(slab: Slab): Promise<void>;
  /** Converts them; false where that has to be done element by element, which they are not read for yet. */
  convert(slab: Slab, losses: Losses): boolean;
}

/** The chunk, where the tensor is packed and the chunk is whole blocks in one piece. */
export function packedChunk({ packed }: ReadableTensor, stride: number, rectangle: Rectangle): PackedChunk | undefined {
  if (!packed) return undefined;
  const { code, elements, bytes } = packed;
  const inOnePiece = widthOf(rectangle.columns) === stride || widthOf(rectangle.rows) === 1;
  const first = (rectangle.rows[0] * stride + rectangle.columns[0]) / elements;
  const count = areaOf(rectangle) / elements;
  if (!inOnePiece || !Number.isInteger(first) || !Number.isInteger(count) || count === 0) return undefined;
  return {
    read: (slab) => packed.read(new Uint8Array(slab.buffer, slab.blocksAt, count * bytes), first * bytes),
    convert: (slab, losses) => slab.convertBlocks(code, count, losses),
  };
}
