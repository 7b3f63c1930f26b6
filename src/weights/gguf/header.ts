/**
 * The header of a GGUF file of version 3: its metadata and what it says of each tensor. The rules are those of llama.cpp's
 * loader (ggml-org/llama.cpp, ggml/src/gguf.cpp) and of the format's description (ggml-org/ggml, docs/gguf.md).
 */
import { type Shape, sizeOf } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import { type Cursor, isScalar, type Scalars, type ScalarType } from "./cursor.ts";
import { ENCODINGS, type Encoding, READABLE, strangerName } from "./encodings.ts";

/** A value of the metadata; 64-bit integers are exact. */
export type GgufValue = number | boolean | string | readonly string[] | Scalars;

/** A tensor and where its bytes are. */
export interface GgufTensor {
  readonly name: string;
  /** Row-major: the reverse of what the file lists. */
  readonly shape: Shape;
  readonly encoding: Encoding;
  /** Offset of its first byte in the file. */
  readonly begin: number;
  readonly bytes: number;
}

/** All that a header says. */
export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /** Where the last tensor ends, without padding, and with it. */
  readonly end: number;
  readonly paddedEnd: number;
}

/** "GGUF", and "vers", as which the text begins that Git leaves in place of a large file. */
const [MAGIC, LFS_MAGIC] = [0x46554747, 0x73726576] as const;
const VERSION = 3;
const STRING = 8;
const ARRAY = 9;
const DEFAULT_ALIGNMENT = 32;
const LONGEST_NAME = 63;
const MOST_DIMS = 4;

/** @throws UserError naming the rule that is broken, NeedsMore from the cursor */
export function readHeader(cursor: Cursor, path: string): GgufHeader {
  checkMagic(cursor, path);
  const tensorCount = cursor.count("its number of tensors", 8 + 1 + 4 + 8 + 4 + 8);
  const valueCount = cursor.count("its number of metadata values", 8 + 1 + 4 + 1);
  const metadata = readMetadata(cursor, valueCount, path);
  const alignment = alignmentOf(metadata, path);
  checkParts(metadata, path);
  const infos = Array.from({ length: tensorCount }, () => readInfo(cursor, path));
  return { metadata, ...layOut(infos, padded(cursor.at, alignment), alignment, path) };
}

function checkMagic(cursor: Cursor, path: string): void {
  const magic = cursor.u32();
  if (magic === LFS_MAGIC)
    throw new UserError(`${path} is a Git LFS pointer, not the weights`, "run git lfs pull in its folder");
  if (magic !== MAGIC) throw new UserError(`${path} is no GGUF file: it does not begin with "GGUF"`);
  const version = cursor.u32();
  if (version === VERSION) return;
  const swapped = ((version & 0xff) << 24) | ((version & 0xff00) << 8) | ((version >>> 8) & 0xff00) | (version >>> 24);
  if (swapped > 0 && swapped <= VERSION)
    throw new UserError(`${path} is a big-endian GGUF file, which graphc does not read`);
  throw new UserError(`${path} is a GGUF file of version ${version}; graphc reads version ${VERSION}`);
}

function readMetadata(cursor: Cursor, count: number, path: string): ReadonlyMap<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  for (let n = 0; n < count; n++) {
    const key = cursor.string(`the key of metadata value ${n}`);
    if (key === "") throw new UserError(`${path}: metadata value ${n} has an empty key`);
    if (metadata.has(key)) throw new UserError(`${path}: the key ${JSON.stringify(key)} is given twice`);
    metadata.set(key, readValue(cursor, key, path));
  }
  return metadata;
}

function readValue(cursor: Cursor, key: string, path: string): GgufValue {
  const what = `the value of ${JSON.stringify(key)}`;
  const type = cursor.u32();
  if (type === STRING) return cursor.string(what);
  if (type !== ARRAY) return cursor.scalar(scalarType(type, what, path), what);
  const element = cursor.u32();
  // The format allows them, and nobody writes them.
  if (element === ARRAY) throw new UserError(`${path}: ${what} is an array of arrays`);
  const count = cursor.count(`the length of ${what}`, element === STRING ? 8 : 1);
  if (element === STRING) return Array.from({ length: count }, () => cursor.string(what));
  return cursor.scalars(scalarType(element, what, path), count, what);
}

function scalarType(type: number, what: string, path: string): ScalarType {
  if (isScalar(type)) return type;
  throw new UserError(`${path}: ${what} has the unknown type ${type}`);
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>, path: string): number {
  const alignment = metadata.get("general.alignment") ?? DEFAULT_ALIGNMENT;
  const isPower = typeof alignment === "number" && alignment >= 8 && Number.isInteger(Math.log2(alignment));
  if (!isPower || alignment > 2 ** 31)
    throw new UserError(`${path}: "general.alignment" is ${alignment}; it must be a power of two from 8 on`);
  return alignment;
}

function checkParts(metadata: ReadonlyMap<string, GgufValue>, path: string): void {
  const parts = metadata.get("split.count") ?? 1;
  if (parts === 1 || parts === 0) return;
  throw new UserError(`${path} is one of ${parts} parts of a model`, "join them with llama-gguf-split --merge");
}

interface Info {
  readonly name: string;
  readonly shape: Shape;
  readonly encoding: Encoding;
  readonly bytes: number;
  readonly offset: number;
}

function readInfo(cursor: Cursor, path: string): Info {
  const name = cursor.string("the name of a tensor");
  const where = `${path}: tensor ${JSON.stringify(name)}`;
  if (Buffer.byteLength(name) > LONGEST_NAME)
    throw new UserError(`${where} has a name of more than ${LONGEST_NAME} bytes`);
  const rank = cursor.u32();
  if (rank < 1 || rank > MOST_DIMS) throw new UserError(`${where} has ${rank} axes; 1 to ${MOST_DIMS} are allowed`);
  const dims = Array.from({ length: rank }, () => cursor.u64(`a size of tensor ${JSON.stringify(name)}`));
  const id = cursor.u32();
  const encoding = ENCODINGS.get(id);
  if (!encoding)
    throw new UserError(`${where} has ${strangerName(id)}, which graphc does not read`, `it reads ${READABLE}`);
  const shape = dims.toReversed();
  return { name, shape, encoding, bytes: bytesOf(shape, encoding, where), offset: cursor.u64(`the offset of ${name}`) };
}

function bytesOf(shape: Shape, encoding: Encoding, where: string): number {
  const elements = sizeOf(shape);
  if (elements === 0) throw new UserError(`${where} has no elements`);
  if (!Number.isSafeInteger(elements * encoding.bytes))
    throw new UserError(`${where} has shape [${shape.join(",")}], whose size is beyond all bounds`);
  if (encoding.kind === "plain") return elements * encoding.bytes;
  const row = shape.at(-1)!;
  if (row % encoding.elements !== 0)
    throw new UserError(
      `${where} has rows of ${row} elements, which are no whole blocks of ${encoding.name} (${encoding.elements})`,
    );
  return (elements / encoding.elements) * encoding.bytes;
}

const padded = (n: number, alignment: number): number => Math.ceil(n / alignment) * alignment;

/** The tensors follow one another, each from the next multiple of the alignment on. */
function layOut(
  infos: readonly Info[],
  begin: number,
  alignment: number,
  path: string,
): Pick<GgufHeader, "tensors" | "end" | "paddedEnd"> {
  const tensors = new Map<string, GgufTensor>();
  let [end, next] = [begin, begin];
  for (const { offset, ...info } of infos) {
    const where = `${path}: tensor ${JSON.stringify(info.name)}`;
    if (tensors.has(info.name)) throw new UserError(`${where} is there twice`);
    if (begin + offset !== next)
      throw new UserError(`${where} begins at offset ${offset}; the one before it ends, padded, at ${next - begin}`);
    tensors.set(info.name, { ...info, begin: next });
    end = next + info.bytes;
    next = padded(end, alignment);
  }
  return { tensors, end, paddedEnd: next };
}
