/** Hashing a stream, beside the writing or not. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { streamHash } from "../../src/files/hash.ts";

test.each([1, 1 << 30])(
  "a stream of %i announced bytes hashes as the whole does, though its pieces are reused",
  async (total) => {
    const hash = streamHash(total);
    const whole = createHash("sha256");
    const piece = new Uint8Array(100_000);
    for (let n = 0; n < 200; n++) {
      const used = piece.subarray(0, 1 + ((n * 7919) % piece.length)).fill(n);
      whole.update(used);
      await hash.update(used);
      piece.fill(255);
    }
    expect(await hash.digest()).toBe(whole.digest("hex"));
    await hash.close();
  },
);

test("a stream that nobody finishes can be closed", async () => {
  const hash = streamHash(1 << 30);
  await hash.update(new Uint8Array(10));
  await hash.close();
});
