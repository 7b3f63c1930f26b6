/**
 * Reads one safetensors file: 8 bytes of header length, a JSON header, then the tensors back to back. The rules are
 * those of the reference reader (huggingface/safetensors, safetensors/src/tensor.rs) and of the format's README.
 */
import type { FileHandle } from "node:fs/promises";
import type { Shape } from "../../dsl/type.ts";
import { UserError } from "../../dsl/user-error.ts";
import { refusing } from "../../files/files.ts";
import { strictJsonOf } from "../../files/json.ts";
import { openRegular, readExactly } from "../../files/regular.ts";
import type { StoredTensor } from "../../models/config-tensors.ts";

/** A tensor and where in the file its bytes are. */
export interface SafetensorsEntry extends StoredTensor {
  /** Offset of its first byte in the file. */
  readonly begin: number;
  readonly bytes: number;
}

/** An open file whose header was checked; data are read by position. */
export interface SafetensorsFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  /** The strings of `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Fills `target` with bytes of a tensor from `offset` on (in bytes, within the tensor).
   * @throws UserError when the file has become shorter.
   */
  read(entry: SafetensorsEntry, target: Uint8Array, offset: number): Promise<void>;
  close(): Promise<void>;
}

/** In bytes; the limit of the reference implementation (huggingface/safetensors, `MAX_HEADER_SIZE`). */
export const MAX_HEADER = 100_000_000;
const LENGTH_BYTES = 8;

/** Bytes of one element. F4 and F6 types are not whole bytes and not supported. */
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  F8_E4M3FNUZ: 1,
  F8_E5M2FNUZ: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
  C64: 8,
};

/** Bytes of one element of a safetensors dtype, undefined for one that the reader does not know. */
export const elementBytes = (dtype: string): number | undefined =>
  Object.hasOwn(ELEMENT_BYTES, dtype) ? ELEMENT_BYTES[dtype] : undefined;

/**
 * Opens a file and checks its whole header; the data is only read when asked for.
 * @throws UserError that names the file, the tensor and the rule it breaks.
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await openRegular(path);
  // Nothing is lost where closing what was only read is refused.
  const close = (): Promise<void> => handle.close().catch(() => {});
  try {
    const { size } = await refusing(path, "read", () => handle.stat());
    const header = await readHeader(handle, path, size);
    const dataBegin = LENGTH_BYTES + header.length;
    const { tensors, metadata } = parseHeader(strictJsonOf(header, path), path, dataBegin);
    checkLayout(tensors, path, dataBegin, size);
    return {
      path,
      tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])),
      metadata,
      read: (entry, target, offset) => readExactly(handle, path, target, entry.begin + offset),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function readHeader(handle: FileHandle, path: string, size: number): Promise<Uint8Array> {
  if (size < LENGTH_BYTES) throw new UserError(`${path}: ${size} bytes are too few for a safetensors file`);
  const length = Buffer.alloc(LENGTH_BYTES);
  await readExactly(handle, path, length, 0);
  // The first words of what Git leaves where large files were not fetched.
  if (length.toString("latin1") === "version ")
    throw new UserError(`${path} is a Git LFS pointer, not the weights`, "run git lfs pull in its folder");
  const n = length.readBigUInt64LE();
  if (n > MAX_HEADER) throw new UserError(`${path}: the header length ${n} is above the limit of ${MAX_HEADER} bytes`);
  if (LENGTH_BYTES + Number(n) > size)
    throw new UserError(`${path}: the file is cut off: a header of ${n} bytes in a file of ${size} bytes`);
  const header = new Uint8Array(Number(n));
  await readExactly(handle, path, header, LENGTH_BYTES);
  if (header[0] !== 0x7b) throw new UserError(`${path}: the header does not begin with "{"`);
  return header;
}

interface Header {
  readonly tensors: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

function parseHeader(json: unknown, path: string, dataBegin: number): Header {
  const { __metadata__: said, ...tensors } = json as Record<string, unknown>;
  // MLX writes null where there is none, and the reference reader takes it.
  const metadata = said ?? {};
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== "string"))
    throw new UserError(`${path}: "__metadata__" must map strings to strings`);
  return {
    metadata: metadata as Record<string, string>,
    tensors: Object.entries(tensors).map(([name, info]) => entryOf(name, info, path, dataBegin)),
  };
}

function entryOf(name: string, info: unknown, path: string, dataBegin: number): SafetensorsEntry {
  const fail = (text: string): never => {
    throw new UserError(`${path}: tensor ${JSON.stringify(name)} ${text}`);
  };
  if (!isRecord(info)) return fail("must have an object with dtype, shape and data_offsets");
  const { dtype, shape, data_offsets: offsets } = info;
  if (typeof dtype !== "string") return fail("has no dtype");
  const width = elementBytes(dtype) ?? fail(`has dtype ${dtype}, which is not supported`);
  if (!Array.isArray(shape) || !shape.every(isCount)) return fail("has a shape that is not a list of whole numbers");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount))
    return fail("has data_offsets that are not a pair of whole numbers");
  const [begin, end] = offsets as [number, number];
  if (end < begin) return fail(`has data_offsets [${begin},${end}] that end before they begin`);
  const bytes = (shape as Shape).reduce((product, n) => product * n, width);
  if (!Number.isSafeInteger(bytes)) return fail(`has shape [${shape.join(",")}], whose size is beyond all bounds`);
  if (end - begin !== bytes) return fail(`has ${end - begin} bytes, but ${dtype} [${shape.join(",")}] needs ${bytes}`);
  return { name, dtype, shape: shape as Shape, begin: dataBegin + begin, bytes };
}

/** The tensors fill the rest of the file without a hole, an overlap or a byte too many. */
function checkLayout(tensors: readonly SafetensorsEntry[], path: string, dataBegin: number, size: number): void {
  let end = dataBegin;
  for (const tensor of [...tensors].sort((a, b) => a.begin - b.begin || a.bytes - b.bytes)) {
    const name = JSON.stringify(tensor.name);
    if (tensor.begin < end)
      throw new UserError(`${path}: tensor ${name} overlaps the one before it by ${end - tensor.begin} bytes`);
    if (tensor.begin > end)
      throw new UserError(`${path}: there is a hole of ${tensor.begin - end} bytes before tensor ${name}`);
    end += tensor.bytes;
  }
  if (end > size)
    throw new UserError(`${path}: the file is cut off: its header describes ${end} bytes and it has ${size}`);
  if (end < size) throw new UserError(`${path}: the last tensor ends at byte ${end}, but the file has ${size} bytes`);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
