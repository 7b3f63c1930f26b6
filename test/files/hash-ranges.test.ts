/** Hashing stretches of a file by a second thread. */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hashRanges } from "../../src/files/hash-ranges.ts";
import { folder } from "../support/emit.ts";

const bytes = Uint8Array.from({ length: 3_000_000 }, (_, k) => (k * 7919) >>> 3);

test("each stretch has the digest of its bytes, the empty one and those that overlap too", async () => {
  const path = join(folder(), "file");
  writeFileSync(path, bytes);
  const ranges = [
    { begin: 64, bytes: 2_500_000 },
    { begin: 100, bytes: 0 },
    { begin: 2_000_000, bytes: 1_000_000 },
  ];
  const hashes = hashRanges(path, ranges);
  await hashes.settled;
  for (const range of ranges)
    expect(hashes.of(range)).toBe(
      createHash("sha256")
        .update(bytes.subarray(range.begin, range.begin + range.bytes))
        .digest("hex"),
    );
  expect(hashes.of({ begin: 64, bytes: 2_500_001 })).toBeUndefined();
  await hashes.close();
});

test("a stretch beyond the end, or a file that is not there, gives no digest and no error", async () => {
  const path = join(folder(), "file");
  writeFileSync(path, bytes);
  for (const [file, begin] of [
    [path, 2_999_999],
    [`${path}s`, 0],
  ] as const) {
    const hashes = hashRanges(file, [{ begin, bytes: 2 }]);
    await hashes.settled;
    expect(hashes.of({ begin, bytes: 2 })).toBeUndefined();
    await hashes.close();
  }
});
