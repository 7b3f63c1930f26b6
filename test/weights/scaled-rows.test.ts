/** Weights of which some rows have a factor: against the definition, whatever the dtype, the chunk and the part that is read. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fp16Bits, roundFp16 } from "../../src/dsl/number.ts";
import type { RowScale } from "../../src/dsl/weight-source.ts";
import { newLosses, type SourceDType, sourceBytes, sourceValue } from "../../src/weights/convert/convert.ts";
import type { CheckpointSource, ReadableTensor } from "../../src/weights/convert/rectangle.ts";
import { openWorkshop, streamFp16 } from "../../src/weights/convert/stream.ts";
import { random } from "../support/weights/weights-random.ts";

const [ROWS, COLUMNS] = [12, 5];

/** A matrix of numbers that the dtype holds. */
function stored(dtype: SourceDType, seed: number) {
  const { next } = random(seed);
  const bits = Array.from({ length: ROWS * COLUMNS }, () => {
    const value = (next() - 0.5) * 2 ** (next() * 24 - 16);
    const word = new Uint32Array(Float32Array.of(value).buffer)[0]!;
    return dtype === "F32" ? word : dtype === "BF16" ? word >>> 16 : fp16Bits(roundFp16(value));
  });
  const bytes = new Uint8Array((dtype === "F32" ? Uint32Array.from(bits) : Uint16Array.from(bits)).buffer);
  const tensor: ReadableTensor = {
    name: "w",
    where: "memory",
    dtype,
    shape: [ROWS, COLUMNS],
    read: async (target, offset) => target.set(bytes.subarray(offset, offset + target.length)),
  };
  return { tensor, values: bits.map(sourceValue[dtype]) };
}

async function streamed(tensor: ReadableTensor, source: CheckpointSource, shape: readonly number[], chunk: number) {
  const pieces: number[] = [];
  const tally = newLosses();
  for await (const piece of streamFp16(tensor, { source, type: { dtype: "fp16", shape } }, tally, openWorkshop(chunk)))
    pieces.push(...new Uint16Array(piece.slice().buffer));
  return { pieces, tally };
}

const scales = fc.record({
  factor: fc.constantFrom(1.1902380714238083, 0.5, -3),
  period: fc.integer({ min: 1, max: 6 }),
  count: fc.integer({ min: 0, max: 6 }),
  below: fc.integer({ min: 0, max: ROWS + 2 }),
});

describe("rows with a factor", () => {
  test.each(["BF16", "F16", "F32"] as const)(
    "of %s are rounded once, and all others are what they were",
    async (dtype) => {
      const cuts = fc.tuple(fc.integer({ min: 0, max: ROWS - 1 }), fc.integer({ min: 1, max: ROWS }), fc.boolean());
      await fc.assert(
        fc.asyncProperty(
          scales,
          cuts,
          fc.integer({ min: 1, max: 70 }),
          fc.nat(),
          async (scaled, [a, n, turned], chunk, seed) => {
            const { tensor, values } = stored(dtype, seed);
            const rows = [a, Math.min(a + n, ROWS)] as const;
            const height = rows[1] - rows[0];
            const part: CheckpointSource = {
              from: "checkpoint",
              tensor: "w",
              rows,
              scaled,
              ...(turned ? { transform: "transpose" } : {}),
            };
            const { pieces } = await streamed(tensor, part, turned ? [COLUMNS, height] : [height, COLUMNS], chunk);
            const at = (row: number, column: number) => values[row * COLUMNS + column]! * factorOf(scaled, row);
            const wanted = Array.from({ length: height * COLUMNS }, (_, k) =>
              turned
                ? at(rows[0] + (k % height), Math.floor(k / height))
                : at(rows[0] + Math.floor(k / COLUMNS), k % COLUMNS),
            );
            expect(pieces).toEqual(wanted.map((x) => fp16Bits(roundFp16(x))));
          },
        ),
      );
    },
  );

  test("count what was lost of the product", async () => {
    const { tensor, values } = stored("BF16", 3);
    const scaled = { factor: 1.1902380714238083, period: 4, count: 3, below: 8 };
    const { tally } = await streamed(tensor, { from: "checkpoint", tensor: "w", scaled }, [ROWS, COLUMNS], 7);
    const exact = values.map((x, k) => x * factorOf(scaled, Math.floor(k / COLUMNS)));
    const lost = exact.filter((x) => roundFp16(x) !== x);
    expect(tally.rounded).toBe(lost.length);
    expect(tally.worstError).toBe(Math.max(...lost.map((x) => Math.abs(x - roundFp16(x)))));
  });

  test("that fp16 cannot hold are told with the factor", async () => {
    const { tensor } = stored("F32", 1);
    const large: ReadableTensor = {
      ...tensor,
      read: async (target) =>
        new Float32Array(target.buffer, target.byteOffset, target.length / sourceBytes.F32).fill(
          40000,
        ) as unknown as undefined,
    };
    const source: CheckpointSource = {
      from: "checkpoint",
      tensor: "w",
      scaled: { factor: 2, period: 4, count: 1, below: 12 },
    };
    await expect(streamed(large, source, [ROWS, COLUMNS], 100)).rejects.toThrow(/has 40000 times 2 at \[0,0\]/);
  });
});

const factorOf = ({ factor, period, count, below }: RowScale, row: number) =>
  row < below && row % period < count ? factor : 1;
