/** The cheapest division of a histogram: against every division where there are few, against a plain table of sums where there are many. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fp16Bits, fp16Value, roundFp16 } from "../../../src/dsl/number.ts";
import { paletteMaker } from "../../../src/weights/quantise/palette/group.ts";
import { bestDivision, type Sums } from "../../../src/weights/quantise/palette/partition.ts";

interface Counted {
  readonly value: number;
  readonly count: number;
}

/** What one fp16 number costs for all of these values. */
function costOf(values: readonly Counted[]): number {
  const count = values.reduce((sum, one) => sum + one.count, 0);
  const c = roundFp16(values.reduce((sum, one) => sum + one.count * one.value, 0) / count);
  return values.reduce((sum, one) => sum + one.count * (one.value - c) ** 2, 0);
}

const sumsOf = (values: readonly Counted[]): Sums => {
  const along = (of: (one: Counted) => number): Float64Array => {
    const sums = new Float64Array(values.length + 1);
    values.forEach((one, i) => {
      sums[i + 1] = sums[i]! + of(one);
    });
    return sums;
  };
  return {
    size: values.length,
    counts: along(({ count }) => count),
    firsts: along(({ count, value }) => count * value),
    seconds: along(({ count, value }) => count * value * value),
  };
};

const costOfEnds = (values: readonly Counted[], ends: ArrayLike<number>): number =>
  Array.from(ends).reduce((sum, end, i) => sum + costOf(values.slice(i === 0 ? 0 : ends[i - 1]!, end)), 0);

/** The least cost of k runs or fewer, by trying all. */
function bruteForce(values: readonly Counted[], k: number): number {
  if (k === 1) return costOf(values);
  const firsts = values.map((_, i) => i + 1);
  return Math.min(
    ...firsts.map(
      (end) => costOf(values.slice(0, end)) + (end < values.length ? bruteForce(values.slice(end), k - 1) : 0),
    ),
  );
}

const finite = fc.integer({ min: 0, max: 0xffff }).filter((bits) => (bits & 0x7c00) !== 0x7c00);
/** Of every size, of one, below the normal numbers, and neighbours. */
const pattern = fc.oneof(
  finite,
  fc.integer({ min: 0, max: 20 }),
  fc.integer({ min: 0x8000, max: 0x8014 }),
  fc.integer({ min: 0x3c00, max: 0x3c10 }),
);
const histogram = (most: number) =>
  fc
    .array(fc.tuple(pattern, fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: most })
    .map((pairs) => new Map(pairs.map(([bits, count]) => [fp16Value(bits) + 0, count])))
    .map((counts) => [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => a.value - b.value));

/** Sums of squares lose what rounding takes of the largest. */
const slack = (values: readonly Counted[]): number =>
  1e-14 * values.reduce((sum, { value, count }) => sum + count * value * value, 0);

describe("the best division", () => {
  test("costs no more than any other, whatever the values", () => {
    fc.assert(
      fc.property(histogram(9), fc.integer({ min: 1, max: 6 }), (values, k) => {
        const ends = bestDivision(sumsOf(values), k);
        expect(ends.length).toBe(Math.min(k, values.length));
        expect(ends.at(-1)).toBe(values.length);
        expect([...ends]).toEqual([...new Set(ends)].sort((a, b) => a - b));
        expect(costOfEnds(values, ends)).toBeLessThanOrEqual(bruteForce(values, k) + slack(values));
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    ["even", 60, (i: number) => ({ value: i, count: 1 })],
    ["the same on both sides", 61, (i: number) => ({ value: i - 30, count: 31 - Math.abs(i - 30) })],
    ["in clumps of equal ones", 64, (i: number) => ({ value: 100 * (i >> 2) + (i & 3), count: 1 })],
  ])("has k runs where many cost the same: values that are %s", (_, size, of) => {
    const values = Array.from({ length: size }, (__, i) => of(i));
    for (let k = 1; k <= size; k++) {
      const ends = bestDivision(sumsOf(values), k);
      expect(ends).toHaveLength(k);
      expect(costOfEnds(values, ends)).toBeCloseTo(plainTable(values, k), 6);
    }
  });

  test("is that of a plain table for a histogram that is first looked at coarsely", () => {
    let seed = 5;
    const random = (): number => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    const values = Array.from({ length: 5000 }, (_, i) => ({
      value: fp16Value(0x3000 + i),
      count: 1 + Math.round(300 * random()),
    }));
    for (const k of [5, 16])
      expect(costOfEnds(values, bestDivision(sumsOf(values), k)) / plainTable(values, k)).toBeCloseTo(1, 9);
  });
});

/** The least cost of k runs, run by run; the best beginning moves up with the end, so that halves of the ends are looked at apart. */
function plainTable(values: readonly Counted[], k: number): number {
  const { counts, firsts, seconds, size } = sumsOf(values);
  const between = (sums: Float64Array, a: number, b: number) => sums[b]! - sums[a]!;
  const cost = (a: number, b: number): number => {
    const [n, first] = [between(counts, a, b), between(firsts, a, b)];
    const c = roundFp16(first / n);
    return between(seconds, a, b) - c * (2 * first - c * n);
  };
  let best = Float64Array.from({ length: size + 1 }, (_, end) => (end === 0 ? Number.POSITIVE_INFINITY : cost(0, end)));
  for (let runs = 2; runs <= k; runs++) {
    const next = new Float64Array(size + 1).fill(Number.POSITIVE_INFINITY);
    const fill = (ends: readonly [number, number], begins: readonly [number, number]): void => {
      if (ends[0] > ends[1]) return;
      const middle = (ends[0] + ends[1]) >> 1;
      let from = begins[0];
      for (let begin = begins[0]; begin <= Math.min(begins[1], middle - 1); begin++) {
        const whole = best[begin]! + cost(begin, middle);
        if (whole < next[middle]!) [next[middle], from] = [whole, begin];
      }
      fill([ends[0], middle - 1], [begins[0], from]);
      fill([middle + 1, ends[1]], [from, begins[1]]);
    };
    fill([runs, size], [runs - 1, size]);
    best = next;
  }
  return best[size]!;
}

const group = fc.array(fc.oneof(pattern, fc.constantFrom(0x8000, 0, 0x7e00, 0x7c00, 0xfc00)), {
  minLength: 1,
  maxLength: 60,
});

describe("a palette", () => {
  test("gives each value the nearest entry of a rising table, and no entry that costs more than the best", () => {
    fc.assert(
      fc.property(group, (bits) => {
        const { table, indices, errors } = paletteMaker(4)(Uint16Array.from(bits));
        const entries = [...table].map(fp16Value);
        expect(entries).toEqual(entries.toSorted((a, b) => a - b));
        expect(table).toHaveLength(4);
        for (const one of bits) {
          const value = fp16Value(one);
          if (!Number.isFinite(value)) continue;
          const nearest = Math.min(...entries.map((x) => Math.abs(x - value)));
          expect(Math.abs(entries[indices[one]!]! - value)).toBe(nearest);
          expect(errors[one]).toBe(nearest ** 2);
        }
      }),
    );
  });

  test("of few values loses none of them, and repeats the last", () => {
    const make = paletteMaker(16);
    expect(make(Uint16Array.of(0, 0x8000, 0, 0)).table).toEqual(new Uint16Array(16));
    const of = (...values: readonly number[]) => [...make(Uint16Array.from(values, fp16Bits)).table].map(fp16Value);
    expect(of(2, 2, 2)).toEqual(new Array(16).fill(2));
    expect(of(3, -65504, 2 ** -24, 65504)).toEqual([-65504, 2 ** -24, 3, ...new Array(13).fill(65504)]);
  });

  test("of nothing but what is not finite is there, and of no use", () => {
    expect(paletteMaker(16)(Uint16Array.of(0x7e00, 0x7c00)).table).toEqual(new Uint16Array(16));
  });

  test("does not depend on what was made before", () => {
    fc.assert(
      fc.property(group, group, (before, bits) => {
        const make = paletteMaker(16);
        make(Uint16Array.from(before));
        const { table } = make(Uint16Array.from(bits));
        expect(table).toEqual(paletteMaker(16)(Uint16Array.from(bits)).table);
      }),
    );
  });
});
