/** Writes a safetensors file laid out as the reference writer does; streamed, and there whole or not at all. */
import type { FileHandle } from "node:fs/promises";
import { sizeOf } from "../../dsl/type.ts";
import { writeWhole } from "../../files/whole.ts";
import type { StoredTensor } from "../../models/config-tensors.ts";
import { elementBytes } from "./file.ts";

/** A tensor by name, safetensors dtype and shape, with its bytes. */
export interface TensorToWrite extends StoredTensor {
  /** Row-major little-endian bytes, at once or in pieces; asked for when the tensor's turn comes. */
  readonly data: Uint8Array | (() => AsyncIterable<Uint8Array>);
}

/**
 * Writes the tensors in the reference order (widest elements first, then by name) under a header padded to 8 bytes.
 * @throws UserError when the file cannot be written. TypeError when the data do not fit the announced shape: our fault.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const ordered = [...tensors].sort((a, b) => widthOf(b) - widthOf(a) || (a.name < b.name ? -1 : 1));
  const header = headerOf(ordered, metadata);
  await writeWhole(path, async (handle) => {
    await writeFully(handle, header);
    for (const tensor of ordered) await writeTensor(handle, tensor);
  });
}

function headerOf(tensors: readonly TensorToWrite[], metadata: Readonly<Record<string, string>>): Uint8Array {
  let end = 0;
  const entries = tensors.map((tensor) => {
    const { name, dtype, shape } = tensor;
    const begin = end;
    end += bytesOf(tensor);
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  if (new Set(tensors.map((tensor) => tensor.name)).size !== tensors.length)
    throw new TypeError("a name is given twice");
  const fields = Object.keys(metadata).length > 0 ? [["__metadata__", metadata] as const, ...entries] : entries;
  // fromEntries would move names that look like array indices to the front.
  const text = `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const json = Buffer.from(text, "utf8");
  const length = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + length, " ");
  header.writeBigUInt64LE(BigInt(length));
  json.copy(header, 8);
  return header;
}

async function writeTensor(handle: FileHandle, tensor: TensorToWrite): Promise<void> {
  const { data } = tensor;
  let written = 0;
  for await (const piece of data instanceof Uint8Array ? [data] : data()) {
    await writeFully(handle, piece);
    written += piece.length;
  }
  if (written !== bytesOf(tensor))
    throw new TypeError(`tensor "${tensor.name}" has ${written} bytes, but its shape needs ${bytesOf(tensor)}`);
}

/** A single write may take less than all. */
async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
}

function widthOf({ name, dtype }: TensorToWrite): number {
  const width = elementBytes(dtype);
  if (width === undefined) throw new TypeError(`tensor "${name}" has dtype ${dtype}, which safetensors does not know`);
  return width;
}

const bytesOf = (tensor: TensorToWrite): number => widthOf(tensor) * sizeOf(tensor.shape);
