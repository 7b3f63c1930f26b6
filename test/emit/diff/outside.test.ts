/** Bytes of a weight file that no weight is made of: header, records, gaps, blobs of nobody. Each of them counts. */
import { expect, test } from "vitest";
import { judge } from "../../support/diff/judge.ts";
import { subjects } from "../../support/diff/subjects.ts";

test("every byte of a weight file is looked at", async () => {
  const tiny = (await subjects()).find(({ name }) => name === "tiny")!;
  const counts = { refused: 0, reported: 0, same: 0, spelling: 0 };
  const size = tiny.weights!.length;
  for (let at = 0; at < size; at++) {
    const weights = Uint8Array.from(tiny.weights!);
    weights[at]! ^= 1;
    const { outcome, wrong } = judge(tiny, { ...tiny, weights });
    expect([at, wrong]).toEqual([at, undefined]);
    counts[outcome] += 1;
  }
  expect(counts).toEqual({ refused: expect.any(Number), reported: size - counts.refused, same: 0, spelling: 0 });
  expect(Math.min(counts.refused, counts.reported)).toBeGreaterThan(10);
});

test("so is a byte behind the last weight", async () => {
  const tiny = (await subjects()).find(({ name }) => name === "tiny")!;
  const weights = Buffer.concat([tiny.weights!, Buffer.of(0)]);
  expect(judge(tiny, { ...tiny, weights })).toEqual({ outcome: "reported" });
});
