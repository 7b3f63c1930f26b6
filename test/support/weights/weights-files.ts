/** Files that the weight tests make: safetensors bytes written by hand, folders that go away again. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { sentenceOf } from "../../../src/dsl/user-error.ts";

/** A folder for one test. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "graphc-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The bytes of a safetensors file with this header, true or not, and this data. */
export function safetensorsBytes(header: string | Uint8Array, data: Uint8Array = new Uint8Array()): Uint8Array {
  const json = typeof header === "string" ? Buffer.from(header) : header;
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

/** Writes a file into a new folder; returns its path. */
export async function testFile(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(await testFolder(), name);
  await writeFile(path, bytes);
  return path;
}

/** bf16 bit patterns of numbers, cut off, as little-endian bytes. */
export function bf16Bytes(numbers: readonly number[]): Uint8Array {
  const words = new Uint32Array(Float32Array.from(numbers).buffer);
  return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
}

/** All pieces of a stream in one. */
export async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(chunk.slice());
  return Buffer.concat(pieces);
}

/** The elements of fp16 bytes as bit patterns. */
export const bitsOfBytes = (bytes: Uint8Array): number[] => [...new Uint16Array(new Uint8Array(bytes).buffer)];

/** What an action is refused with, without the folder in front of it. */
export async function refusal(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if ((error as Error).name !== "UserError") throw error;
    return sentenceOf(error as Error).replaceAll(/\/[^ :]*graphc-test-[^/ :]*\/?/g, "");
  }
  throw new Error("nothing was refused");
}
