/**
 * weight.bin (MIL blob storage, version 2), little-endian: a 64-byte header, then per blob a 64-byte record at a
 * multiple of 64 with the data right behind it. Nothing follows the last blob.
 */
import { createHash } from "node:crypto";
import type { Def } from "../../dsl/tensor.ts";
import { type DType, sizeOf, type TensorType } from "../../dsl/type.ts";
import type { WeightSource } from "../../dsl/weight-source.ts";
import type { FileRange } from "../../files/file-range.ts";
import type { WeightStore } from "../../weights/store.ts";
import { RECORD_BYTES, RECORD_DTYPES, SENTINEL, VERSION } from "../mil/blob-format.ts";
import { storedBits, storedBytes } from "../mil/element-size.ts";
import { encodeElements } from "../mil/encode-elements.ts";

/** Whether weight.bin can hold elements of this type; bool cannot be stored. */
export const isStorable = (dtype: DType): boolean => RECORD_DTYPES.includes(dtype);

/** Where a blob's elements come from. */
type BlobOrigin = Extract<Def, { kind: "weight" | "const" }>;

interface Blob {
  /** Blobs with the same key have the same elements. */
  readonly key: string;
  readonly origin: BlobOrigin;
  readonly type: TensorType;
  /** Of the record. The data lies 64 bytes later. */
  readonly offset: number;
  /** Length of the data. */
  readonly bytes: number;
}

/** The layout of a weight.bin before a byte of it is read; lengths and offsets in bytes. */
export interface BlobPlan {
  readonly blobs: readonly Blob[];
  /** Length of the whole file. */
  readonly bytes: number;
}

/** Whether the files of two plans hold the same bytes, given the same store. */
export const samePlan = (a: BlobPlan, b: BlobPlan): boolean =>
  a.bytes === b.bytes &&
  a.blobs.length === b.blobs.length &&
  a.blobs.every(({ key, offset }, k) => key === b.blobs[k]!.key && offset === b.blobs[k]!.offset);

/** Where the data of all blobs lie in the file, in bytes. */
export const dataOf = ({ blobs }: BlobPlan): readonly FileRange[] =>
  blobs.map(({ offset, bytes }) => ({ begin: offset + RECORD_BYTES, bytes }));

/** A layout in progress. Equal weights and equal constants share one blob. */
export interface BlobPlanner {
  /** The offset of the record of a blob: of a new one at the end, or of the one that holds the same elements. */
  place(origin: BlobOrigin, type: TensorType): number;
  plan(): BlobPlan;
}

/** Lays blobs out in the order in which they are first placed. */
export function blobPlanner(): BlobPlanner {
  const blobs = new Map<string, Blob>();
  let end = RECORD_BYTES;
  return {
    place(origin, type) {
      const key = keyOf(origin, type);
      const known = blobs.get(key);
      if (known) return known.offset;
      const offset = aligned(end);
      const bytes = storedBytes(type.dtype, sizeOf(type.shape));
      blobs.set(key, { key, origin, type, offset, bytes });
      end = offset + RECORD_BYTES + bytes;
      return offset;
    },
    plan: () => ({ blobs: [...blobs.values()], bytes: end }),
  };
}

const aligned = (n: number): number => Math.ceil(n / RECORD_BYTES) * RECORD_BYTES;

/** The same key, the same bytes. A shape does not matter: elements are stored in row-major order. */
function keyOf(origin: BlobOrigin, { dtype, shape }: TensorType): string {
  const content =
    origin.kind === "weight"
      ? sourceKey(origin.source)
      : [createHash("sha256").update(encodeElements(dtype, origin.data)).digest("hex")];
  return JSON.stringify([origin.kind, dtype, sizeOf(shape), ...content]);
}

function sourceKey(source: WeightSource): readonly unknown[] {
  if (source.from === "package") return [source.sha256];
  const { tensor, joined, rows = null, columns = null, transform = null, scaled = null, quantised = null } = source;
  return [joined ?? tensor, rows, columns, transform, scaled, quantised];
}

/**
 * The bytes of the file from its beginning to its end, in pieces; a piece is valid until the next but one is asked
 * for.
 * @throws UserError when the store refuses a weight.
 */
export async function* blobBytes(plan: BlobPlan, store: WeightStore): AsyncGenerator<Uint8Array> {
  yield fileHeader(plan.blobs.length);
  let end = RECORD_BYTES;
  for (const blob of plan.blobs) {
    if (blob.offset > end) yield new Uint8Array(blob.offset - end);
    yield record(blob);
    yield* contents(blob, store);
    end = blob.offset + RECORD_BYTES + blob.bytes;
  }
}

async function* contents({ origin, type, bytes }: Blob, store: WeightStore): AsyncGenerator<Uint8Array> {
  if (origin.kind === "const") {
    yield encodeElements(type.dtype, origin.data);
    return;
  }
  let seen = 0;
  for await (const chunk of store.stream(origin.source, type)) {
    seen += chunk.length;
    yield chunk;
  }
  if (seen !== bytes) throw new Error(`the weight store gave ${seen} of ${bytes} bytes: ${JSON.stringify(origin)}`);
}

function fileHeader(count: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(RECORD_BYTES));
  view.setUint32(0, count, true);
  view.setUint32(4, VERSION, true);
  return new Uint8Array(view.buffer);
}

function record({ type, offset, bytes }: Blob): Uint8Array {
  const view = new DataView(new ArrayBuffer(RECORD_BYTES));
  const unusedBits = bytes * 8 - sizeOf(type.shape) * storedBits(type.dtype);
  view.setUint32(0, SENTINEL, true);
  view.setUint32(4, RECORD_DTYPES.indexOf(type.dtype) + 1, true);
  view.setBigUint64(8, BigInt(bytes), true);
  view.setBigUint64(16, BigInt(offset + RECORD_BYTES), true);
  view.setBigUint64(24, BigInt(unusedBits), true);
  return new Uint8Array(view.buffer);
}
