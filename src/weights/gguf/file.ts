/** An open GGUF file: its header checked against its size, its tensors read by position. */
import type { FileHandle } from "node:fs/promises";
import { UserError } from "../../dsl/user-error.ts";
import { refusing } from "../../files/files.ts";
import { openRegular, readExactly } from "../../files/regular.ts";
import { isBlockCode } from "../convert/blocks-code.ts";
import type { ReadableTensor } from "../convert/rectangle.ts";
import { cursorOver, NeedsMore } from "./cursor.ts";
import type { Encoding } from "./encodings.ts";
import { type GgufHeader, type GgufTensor, readHeader } from "./header.ts";

/** The header of the file, and its tensors as a store reads them. */
export interface GgufFile extends Pick<GgufHeader, "metadata" | "tensors"> {
  readonly path: string;
  /** The tensor for reading: quantised ones are fp32 numbers, each rounded once from the exact product of its parts. */
  readable(tensor: GgufTensor): ReadableTensor;
  close(): Promise<void>;
}

/** Bytes that are read at first; most headers are tokens, some megabytes of them. */
const FIRST = 1 << 20;
/** No header is longer: a vocabulary of a million words with its merges takes a tenth of it. */
const LONGEST_HEADER = 1 << 28;

/**
 * Opens a file and checks its whole header.
 * @throws UserError that names the file and the rule it breaks
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const handle = await openRegular(path);
  // Nothing is lost where closing what was only read is refused.
  const close = (): Promise<void> => handle.close().catch(() => {});
  try {
    const { size } = await refusing(path, "read", () => handle.stat());
    const header = await headerOf(handle, path, size);
    if (header.end > size)
      throw new UserError(`${path}: the file is cut off: its header describes ${header.end} bytes and it has ${size}`);
    if (size > header.paddedEnd)
      throw new UserError(`${path}: the last tensor ends at byte ${header.end}, but the file has ${size} bytes`);
    return {
      path,
      metadata: header.metadata,
      tensors: header.tensors,
      readable: (tensor) => readableOf(handle, path, tensor),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How long a header is, it does not say: ever larger beginnings of the file are tried. */
async function headerOf(handle: FileHandle, path: string, size: number): Promise<GgufHeader> {
  for (let length = FIRST; ; length *= 4) {
    if (length > LONGEST_HEADER) throw new UserError(`${path}: its header is longer than ${LONGEST_HEADER} bytes`);
    const bytes = new Uint8Array(Math.min(length, size));
    await readExactly(handle, path, bytes, 0);
    try {
      return readHeader(cursorOver(bytes, size, path), path);
    } catch (error) {
      if (!(error instanceof NeedsMore)) throw error;
    }
  }
}

function readableOf(handle: FileHandle, path: string, { name, shape, encoding, begin }: GgufTensor): ReadableTensor {
  const from = (target: Uint8Array, offset: number) => readExactly(handle, path, target, begin + offset);
  if (encoding.kind === "plain") return { name, where: path, dtype: encoding.dtype, shape, read: from };
  const read = (target: Uint8Array, offset: number) => readBlocks(from, encoding, target, offset);
  const { name: code, elements, bytes } = encoding;
  const packed = isBlockCode(code) ? { code, elements, bytes, read: from } : undefined;
  return { name, where: path, dtype: "F32", shape, read, packed };
}

type Read = (target: Uint8Array, offset: number) => Promise<void>;

/** Fills `target` with fp32 numbers from byte `offset` of them on: the blocks that hold them are read and dequantised. */
async function readBlocks(
  from: Read,
  { elements, bytes, dequantise }: Extract<Encoding, { kind: "blocks" }>,
  target: Uint8Array,
  offset: number,
): Promise<void> {
  const [first, end] = [offset / 4, (offset + target.length) / 4];
  const firstBlock = Math.floor(first / elements);
  const endBlock = Math.ceil(end / elements);
  // Not a new Uint8Array: filling it with zeros first takes as long as reading.
  const stored = Buffer.allocUnsafeSlow((endBlock - firstBlock) * bytes);
  await from(stored, firstBlock * bytes);
  // Whole blocks go where they are wanted at once.
  const isWhole = first === firstBlock * elements && end === endBlock * elements && target.byteOffset % 4 === 0;
  const numbers = isWhole
    ? new Float32Array(target.buffer, target.byteOffset, end - first)
    : new Float32Array((endBlock - firstBlock) * elements);
  for (let n = 0; n < endBlock - firstBlock; n++) dequantise(stored, n * bytes, numbers, n * elements);
  if (isWhole) return;
  const wanted = numbers.subarray(first - firstBlock * elements, end - firstBlock * elements);
  target.set(new Uint8Array(wanted.buffer, wanted.byteOffset, wanted.byteLength));
}
