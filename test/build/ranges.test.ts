/** Divisions cover all, once, in order, within the budget; what cannot be divided is refused. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { headsOf, type LayerRange, shardsOf, shardsWithin } from "../../src/build/ranges.ts";

const covers = (ranges: readonly LayerRange[], all: number) => {
  let end = 0;
  for (const range of ranges) {
    expect(range.begin).toBe(end);
    expect(range.end).toBeGreaterThan(range.begin);
    end = range.end;
  }
  expect(end).toBe(all);
};

describe("shards", () => {
  test("of given counts", () => {
    expect(shardsOf([20, 4, 6, 2], 32)).toEqual([
      { begin: 0, end: 20 },
      { begin: 20, end: 24 },
      { begin: 24, end: 30 },
      { begin: 30, end: 32 },
    ]);
    for (const counts of [[20, 4, 6], [20, 4, 6, 3], [], [0, 32], [32.5, -0.5], [33]])
      expect(() => shardsOf(counts, 32)).toThrow(/layer/);
  });

  test("within a budget: no shard above it, and no fewer would do", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 9, max: 40 }), (bytes, budget) => {
        const ranges = shardsWithin(budget, bytes);
        covers(ranges, bytes.length);
        const sumOf = ({ begin, end }: LayerRange) => bytes.slice(begin, end).reduce((sum, n) => sum + n, 0);
        expect(Math.max(...ranges.map(sumOf))).toBeLessThanOrEqual(budget);
        expect(ranges.length).toBe(fewest(budget, bytes));
      }),
    );
  });

  test("of equal counts where the layers divide so", () => {
    expect(shardsWithin(9, Array(8).fill(1)).length).toBe(1);
    expect(shardsWithin(7, Array(8).fill(1))).toEqual(shardsOf([4, 4], 8));
    // Four and four would be 8 and 4.
    expect(shardsWithin(7, [3, 3, 1, 1, 1, 1, 1, 1])).toEqual(shardsOf([3, 5], 8));
  });

  test("of a layer that is larger than the budget are refused by its number", () => {
    expect(() => shardsWithin(4, [4, 5, 4])).toThrow("layer 1 has 5 bytes of weights, more than --shard-bytes 4");
  });
});

/** By trying every division. */
function fewest(budget: number, bytes: readonly number[]): number {
  const best = [0];
  for (let end = 1; end <= bytes.length; end++) {
    let [least, sum] = [Infinity, 0];
    for (let begin = end - 1; begin >= 0; begin--) {
      sum += bytes[begin]!;
      if (sum <= budget) least = Math.min(least, best[begin]! + 1);
    }
    best.push(least);
  }
  return best[bytes.length]!;
}

describe("heads", () => {
  test("of the vocabulary of Phi-4-mini are those of its exporter", () => {
    expect(headsOf(4, 200064).map(({ begin, end }) => [begin, end])).toEqual([
      [0, 50016],
      [50016, 100032],
      [100032, 150048],
      [150048, 200064],
    ]);
  });

  test("cover every vocabulary, or are refused", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 60 }), (vocab, count) => {
        let ranges: readonly LayerRange[];
        try {
          ranges = headsOf(count, vocab);
        } catch (error) {
          expect(String(error)).toContain(`cannot be divided into ${count} heads`);
          expect(Math.ceil(vocab / count) * (count - 1)).toBeGreaterThanOrEqual(vocab);
          return;
        }
        expect(ranges.length).toBe(count);
        covers(ranges, vocab);
      }),
    );
    for (const count of [0, -1, 1.5]) expect(() => headsOf(count, 10)).toThrow("cannot be divided");
  });
});
