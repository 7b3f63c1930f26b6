/**
 * Blobs of a weight.bin (MIL blob storage, version 2): a 64-byte header, then 64-byte records at multiples of 64, each
 * followed by its data. A program refers to a record by its offset.
 */
import { fstatSync, readSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { printable } from "../../../dsl/printable.ts";
import { packedBytes, type TensorType } from "../../../dsl/type.ts";
import { UserError } from "../../../dsl/user-error.ts";
import type { WeightSource } from "../../../dsl/weight-source.ts";
import { refusingSync } from "../../../files/files.ts";
import { closeQuietly, openRegularSync, statOfSync } from "../../../files/regular.ts";
import { RECORD_BYTES, RECORD_DTYPES, SENTINEL, VERSION } from "../../mil/blob-format.ts";
import { decodeElements } from "../../mil/decode-elements.ts";
import { storedBits, storedBytes } from "../../mil/element-size.ts";
import { type BlobRef, type MilTensorType, milType } from "../../mil/records.ts";
import { elementCount } from "../decode/value.ts";
import { type BlobSpan, hashOutside, hashSpan, keyOfSpan, overlapRefuser, readSpan } from "./blob-spans.ts";

/** A weight that lies in a package: file, offset of its record in bytes, SHA-256 of its data as hex. */
export type PackageSource = Extract<WeightSource, { from: "package" }>;

/** The blobs that a program may refer to. Every call checks the record against the type that the program declares. */
export interface Blobs {
  /** The blob as a weight. Its data is hashed when `sha256` is first asked for. */
  source(ref: BlobRef, type: MilTensorType): PackageSource;
  /** The blob's elements, row-major. Meant for small ones. */
  elements(ref: BlobRef, type: MilTensorType): Float64Array;
  /** SHA-256 (hex) of what the file of these blobs, which must be one, holds outside of their data. */
  outside(refs: readonly { readonly blob: BlobRef; readonly type: MilTensorType }[]): string;
}

/** A digest (SHA-256 as hex) that is known without reading the blob's data; undefined where it is not. */
export type KnownDigest = (span: BlobSpan) => string | undefined;

/** Blobs of the program in `modelFile`; `@model_path` stands for its folder. */
export function openBlobs(modelFile: string, digestOf: KnownDigest = () => undefined): Blobs {
  const folder = dirname(modelFile);
  const hashes = new Map<string, string>();
  const refuseOverlap = overlapRefuser();
  const find = (ref: BlobRef, type: MilTensorType) => {
    const shown = printable(ref.fileName);
    const span = findBlob(fileOf(folder, ref, shown), ref.offset, type, shown);
    refuseOverlap(span, shown);
    return span;
  };
  const hashOf = (span: BlobSpan): string => {
    const known = hashes.get(keyOfSpan(span)) ?? digestOf(span) ?? hashSpan(span);
    hashes.set(keyOfSpan(span), known);
    return known;
  };
  return {
    source(ref, type) {
      const span = find(ref, type);
      const { file } = span;
      return {
        from: "package",
        file,
        offset: ref.offset,
        get sha256() {
          return hashOf(span);
        },
      };
    },
    elements: (ref, type) => blobElements(find(ref, type), type),
    outside: (refs) => hashOutside(refs.map(({ blob, type }) => find(blob, type))),
  };
}

function fileOf(folder: string, { fileName }: BlobRef, shown: string): string {
  const file = join(folder, fileName.replace(/^@model_path\//, ""));
  if (!fileName.startsWith("@model_path/") || relative(folder, file).startsWith(".."))
    throw new UserError(`the weight file "${shown}" is not below @model_path`);
  return file;
}

/**
 * Finds and checks the blob whose record is at `offset`.
 * @throws UserError when the file is missing or truncated, or the record is not one or says something else than `type`.
 */
export function findBlob(file: string, offset: number, type: MilTensorType, shownName = file): BlobSpan {
  return withFile(file, shownName, (fd) => {
    const { size } = refusingSync(file, "read", () => fstatSync(fd));
    const fail = (text: string): never => {
      throw new UserError(`the blob at ${offset} of "${shownName}" ${text}`);
    };
    checkHeader({ fd, file }, size, shownName);
    if (offset % RECORD_BYTES !== 0 || offset < RECORD_BYTES)
      fail(`has a bad offset: records lie at multiples of ${RECORD_BYTES}`);
    if (offset + RECORD_BYTES > size) fail(`lies outside the file of ${size} bytes`);
    const record = readAt({ fd, file }, offset, RECORD_BYTES);
    if (record.getUint32(0, true) !== SENTINEL) fail("has no record there: the sentinel 0xDEADBEEF is missing");
    return spanOf(record, { file, offset, size, type, fail });
  });
}

/** What the record of a weight says of it: bytes, where elements narrower than a byte are packed in such. */
export function recordType({ packed }: PackageSource, type: TensorType): MilTensorType {
  if (!packed) return milType(type);
  return { kind: "tensor", dtype: "uint8", shape: [packedBytes(type)] };
}

/** An open file, and its path for messages. */
interface OpenFile {
  readonly fd: number;
  readonly file: string;
}

function checkHeader(open: OpenFile, size: number, shownName: string): void {
  if (size < RECORD_BYTES) throw new UserError(`"${shownName}" is truncated: ${size} bytes, its header alone has 64`);
  const version = readAt(open, 0, RECORD_BYTES).getUint32(4, true);
  if (version !== VERSION)
    throw new UserError(`"${shownName}" has storage version ${version}; graphc reads version ${VERSION}`);
}

interface Expected {
  readonly file: string;
  readonly offset: number;
  readonly size: number;
  readonly type: MilTensorType;
  readonly fail: (text: string) => never;
}

function spanOf(record: DataView, { file, offset, size, type, fail }: Expected): BlobSpan {
  const code = record.getUint32(4, true);
  const dtype = RECORD_DTYPES[code - 1] ?? fail(`has dtype code ${code}, which is unknown`);
  if (dtype !== type.dtype) fail(`is ${dtype}; the program declares ${type.dtype}`);
  const [bytes, begin] = [Number(record.getBigUint64(8, true)), Number(record.getBigUint64(16, true))];
  const count = elementCount(type, "the blob");
  const expected = storedBytes(dtype, count);
  const shown = `${type.dtype}[${type.shape.join(",")}]`;
  if (bytes !== expected) fail(`has ${bytes} bytes of data; ${shown} takes ${expected}`);
  const padding = Number(record.getBigUint64(24, true));
  const unused = bytes * 8 - count * storedBits(dtype);
  if (padding !== unused) fail(`declares ${padding} unused bits; ${shown} leaves ${unused}`);
  if (begin < offset + RECORD_BYTES || begin % RECORD_BYTES !== 0)
    fail(`has its data at ${begin}; it belongs at ${offset + RECORD_BYTES}, behind the record`);
  if (begin + bytes > size) fail(`is truncated: its data ends at ${begin + bytes}, the file at ${size}`);
  return { file, begin, bytes };
}

/** Decodes a whole blob. */
export function blobElements(span: BlobSpan, type: MilTensorType): Float64Array {
  const bytes = new Uint8Array(span.bytes);
  let done = 0;
  for (const piece of readSpan(span, 2 ** 22)) {
    bytes.set(piece, done);
    done += piece.length;
  }
  return decodeElements(type.dtype, bytes, elementCount(type, "the blob"));
}

function readAt({ fd, file }: OpenFile, offset: number, length: number): DataView {
  const bytes = new Uint8Array(length);
  refusingSync(file, "read", () => readSync(fd, bytes, 0, length, offset));
  return new DataView(bytes.buffer);
}

function withFile<X>(file: string, shownName: string, use: (fd: number) => X): X {
  if (!statOfSync(file))
    throw new UserError(`the program refers to the weight file "${shownName}", which does not exist`);
  const fd = openRegularSync(file);
  try {
    return use(fd);
  } finally {
    closeQuietly(fd);
  }
}
