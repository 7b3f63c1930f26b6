/** The vocabulary that `graphc survey` looks at: every row once, in whichever batches, as columns of a norm's input. */
import { expect, test } from "vitest";
import { vocabulary } from "../../../src/cli/survey/rows.ts";
import { PHI4_MINI } from "../../../src/models/config.ts";
import type { WeightStore } from "../../../src/weights/store.ts";

const [VOCAB, D] = [8, 3];

/** A store in which element c of token t has the bits 16·t + c, in chunks that end within rows. */
const store = {
  async *stream(source: { readonly rows: readonly [number, number] }) {
    const [begin, end] = source.rows;
    const bits = Array.from({ length: (end - begin) * D }, (_, i) => 16 * (begin + Math.floor(i / D)) + (i % D));
    for (let at = 0; at < bits.length; at += 4) yield new Uint8Array(Uint16Array.from(bits.slice(at, at + 4)).buffer);
  },
} as unknown as WeightStore;

test("the rows are those that the first layer is fed", async () => {
  const scaled = vocabulary({ ...PHI4_MINI, vocab: VOCAB, hiddenSize: D, embeddingMultiplier: 2 }, store);
  const rows: number[] = [];
  for await (const { data } of scaled) rows.push(...data);
  // Small numbers are multiples of the smallest one, which their bits count.
  expect(rows).toEqual([0, 1, 2].flatMap((c) => Array.from({ length: VOCAB }, (_, t) => 2 * (16 * t + c))));
});

test.each([0, D, 3 * D, 3 * D + 2, 4 * D, 8 * D, 100 * D])("with %i elements at a time", async (batch) => {
  const seen: number[][] = [];
  for await (const { shape, data } of vocabulary({ ...PHI4_MINI, vocab: VOCAB, hiddenSize: D }, store, batch)) {
    const [, d, rows] = shape;
    expect(rows).toBeLessThanOrEqual(Math.max(1, batch / D));
    for (let row = 0; row < rows; row++) seen.push(Array.from({ length: d }, (_, c) => data[c * rows + row]!));
  }
  expect(seen).toEqual(Array.from({ length: VOCAB }, (_, t) => [16 * t, 16 * t + 1, 16 * t + 2]));
});
