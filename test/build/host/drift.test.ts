/** How far two rows of logits are apart: against the definition, and what is no distribution. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { driftOf } from "../../../src/build/host/drift.ts";
import { fp16Bits, roundFp16 } from "../../../src/dsl/number.ts";

const bits = (row: readonly number[]): Uint16Array => Uint16Array.from(row, (x) => fp16Bits(roundFp16(x)));
const row = fc.array(fc.double({ min: -20, max: 20, noNaN: true }).map(roundFp16), { minLength: 5, maxLength: 5 });

/** By the definition; five logits of that size neither overflow nor lose much. */
function klOf(p: readonly number[], q: readonly number[]): number {
  const share = (all: readonly number[], k: number) => Math.exp(all[k]!) / all.reduce((sum, x) => sum + Math.exp(x), 0);
  return p.reduce((sum, _, k) => sum + share(p, k) * Math.log(share(p, k) / share(q, k)), 0);
}

describe("the drift", () => {
  test("is the share of equal argmaxes, and KL in the mean and at worst", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(row, row), { minLength: 1, maxLength: 4 }), (pairs) => {
        const drift = driftOf(
          pairs.map(([p]) => bits(p)),
          pairs.map(([, q]) => bits(q)),
        );
        const kls = pairs.map(([p, q]) => klOf(p, q));
        const first = (all: readonly number[]) => all.indexOf(Math.max(...all));
        expect(drift.positions).toBe(pairs.length);
        expect(drift.same).toBe(pairs.filter(([p, q]) => first(p) === first(q)).length);
        expect(drift.meanKl).toBeCloseTo(kls.reduce((a, b) => a + b) / kls.length, 9);
        expect(drift.worstKl).toBeCloseTo(Math.max(...kls), 9);
        expect(kls[drift.worstAt]).toBeCloseTo(drift.worstKl, 9);
      }),
    );
  });

  test("is 0 of what is the same, also where logits are as large as fp16 holds or −Infinity", () => {
    const rows = [bits([65504, -65504, 3]), bits([1, Number.NEGATIVE_INFINITY, 2])];
    expect(driftOf(rows, rows)).toMatchObject({ positions: 2, same: 2, meanKl: 0, worstKl: 0 });
    expect(driftOf([bits([1, 1])], [bits([1, Number.NEGATIVE_INFINITY])]).worstKl).toBe(Number.POSITIVE_INFINITY);
  });

  test.each<[readonly number[], string]>([
    [[Number.NaN, 1], "the logit of token 0 behind position 0 is NaN"],
    [[1, Number.POSITIVE_INFINITY], "the logit of token 1 behind position 0 is Infinity"],
    [[Number.NEGATIVE_INFINITY], "all logits behind position 0 are −Infinity"],
  ])("of %j is refused", (logits, words) => {
    expect(() => driftOf([bits(logits)], [bits(logits)])).toThrow(words);
  });

  test("of no positions is refused", () => {
    expect(() => driftOf([], [])).toThrow("0 positions");
  });
});
