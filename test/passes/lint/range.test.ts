/** Ranges of elements as they are stored, against the numbers that the patterns stand for. */
import { expect, test } from "vitest";
import { fp16Value } from "../../../src/dsl/number.ts";
import { rangeOf, rangeOfElements } from "../../../src/passes/lint/range.ts";

const PATTERNS = Uint16Array.from({ length: 65536 }, (_, k) => k);
const asNumbers = (bits: Uint16Array) => rangeOf(Float64Array.from(bits, fp16Value));

test("each fp16 pattern alone, and beside each of the special ones, has the range of its value", () => {
  const special = [0, 0x8000, 0x7c00, 0xfc00, 0x7c01, 0xfc01, 0x7fff, 0xffff, 0x7bff, 0xfbff, 0x3c00];
  for (const x of PATTERNS) {
    expect(rangeOfElements("fp16", Uint16Array.of(x))).toEqual(asNumbers(Uint16Array.of(x)));
    const pair = Uint16Array.of(special[x % special.length]!, x);
    const [found, wanted] = [rangeOfElements("fp16", pair), asNumbers(pair)];
    // Of the two zeros either may be told.
    expect([found.min + 0, found.max + 0, found.nan]).toEqual([wanted.min + 0, wanted.max + 0, wanted.nan]);
  }
});

test("no element has a range without numbers", () => {
  expect(rangeOfElements("fp16", new Uint16Array(0))).toEqual({ min: Infinity, max: -Infinity, nan: false });
});
