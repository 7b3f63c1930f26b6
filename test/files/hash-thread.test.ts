/** One thread for a stream and, after it, for stretches of a file. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { streamHash } from "../../src/files/hash.ts";
import { hashRanges } from "../../src/files/hash-ranges.ts";
import { startHashThread } from "../../src/files/hash-thread.ts";
import { folder } from "../support/emit.ts";

const LARGE = 1 << 30;
const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const bytes = Uint8Array.from({ length: 9_000_000 }, (_, k) => (k * 7919) >>> 5);

async function streamed(thread: ReturnType<typeof startHashThread>, piece: Uint8Array): Promise<string> {
  const hash = streamHash(LARGE, thread);
  await hash.update(piece);
  const digest = await hash.digest();
  await hash.close();
  return digest;
}

test("a thread hashes streams one after the other, then stretches of a file, and closing those does not end it", async () => {
  const path = join(folder(), "file");
  writeFileSync(path, bytes);
  const thread = startHashThread();
  expect(await streamed(thread, bytes)).toBe(digestOf(bytes));
  expect(await streamed(thread, bytes.subarray(5))).toBe(digestOf(bytes.subarray(5)));
  const range = { begin: 1_000, bytes: 5_000_000 };
  for (const [file, digest] of [
    [`${path}s`, undefined],
    [path, digestOf(bytes.subarray(1_000, 5_001_000))],
  ] as const) {
    const hashes = hashRanges(file, [range], thread);
    await hashes.settled;
    expect(hashes.of(range)).toBe(digest);
    await hashes.close();
  }
  expect(await streamed(thread, bytes.subarray(7))).toBe(digestOf(bytes.subarray(7)));
  await thread.close();
});

test("a stream of no pieces has the digest of nothing", async () => {
  const hash = streamHash(LARGE);
  expect(await hash.digest()).toBe(digestOf(new Uint8Array()));
  await hash.close();
});

test("a stream that was given up has no part in the next, nor is its digest taken for that one's", async () => {
  const thread = startHashThread();
  const given = streamHash(LARGE, thread);
  await given.update(bytes);
  // Nobody waits for it.
  given.digest().catch(() => {});
  await given.close();
  expect(await streamed(thread, bytes.subarray(7))).toBe(digestOf(bytes.subarray(7)));
  await thread.close();
});
