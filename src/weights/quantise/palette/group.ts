/** A group of rows by a table: which fp16 numbers the table holds, and which of them each value of the group becomes. */
import { fp16Bits, fp16Values } from "../../../dsl/number.ts";
import { once } from "../../../dsl/once.ts";
import { bestDivision, entryOf, type Sums } from "./partition.ts";

/** The finite bit patterns of fp16 by value, from the lowest up; −0 is told with +0. */
const rising = once(() =>
  Uint16Array.from({ length: 2 * 0x7c00 - 1 }, (_, i) => (i < 0x7bff ? 0xfbff - i : i - 0x7bff)),
);
const NEGATIVE_ZERO = 0x8000;

/** What is known of a group, by bit pattern, for those that are in it; NaN and the infinities have index 0 and no error. */
export interface Palette {
  /** fp16 bit patterns, in rising order of their values; where the group has fewer values the last one is repeated. */
  readonly table: Uint16Array;
  readonly indices: Uint8Array;
  /** Squares of what they are off by. */
  readonly errors: Float64Array;
}

/** A function that makes palettes of so many entries; the arrays of a palette are overwritten by the next. */
export function paletteMaker(entries: number): (group: Uint16Array) => Palette {
  const histogram = new Uint32Array(0x10000);
  const palette = {
    table: new Uint16Array(entries),
    indices: new Uint8Array(0x10000),
    errors: new Float64Array(0x10000),
  };
  return (group) => {
    histogram.fill(0);
    for (let i = 0; i < group.length; i++) histogram[group[i]!]!++;
    histogram[0]! += histogram[NEGATIVE_ZERO]!;
    const patterns = rising().filter((bits) => histogram[bits]! > 0);
    const sums = sumsOf(patterns, histogram);
    fill(palette, patterns, tableOf(sums, entries));
    return palette;
  };
}

/** They count from the first value that is not negative: where values are dense their sums are small, and so is what rounding takes. */
function sumsOf(patterns: Uint16Array, histogram: Uint32Array): Sums {
  const size = patterns.length;
  const [counts, firsts, seconds] = [0, 0, 0].map(() => new Float64Array(size + 1)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const values = fp16Values();
  const middle = patterns.findIndex((bits) => bits < NEGATIVE_ZERO);
  const zero = middle < 0 ? size : middle;
  const step = (to: number, from: number, i: number, sign: number): void => {
    const [count, value] = [sign * histogram[patterns[i]!]!, values[patterns[i]!]!];
    counts[to] = counts[from]! + count;
    firsts[to] = firsts[from]! + count * value;
    seconds[to] = seconds[from]! + count * value * value;
  };
  for (let i = zero; i < size; i++) step(i + 1, i, i, 1);
  for (let i = zero - 1; i >= 0; i--) step(i, i + 1, i, -1);
  return { size, counts, firsts, seconds };
}

/** The entries that cost least, fewer where there are no more values. */
function tableOf(sums: Sums, entries: number): readonly number[] {
  const ends = [...bestDivision(sums, entries)];
  return ends.map((end, i) => entryOf(sums, i === 0 ? 0 : ends[i - 1]!, end));
}

/** Each value goes to the entry that is nearest, to the lower of two. */
function fill(
  {
    table,
    indices,
    errors,
  }: { readonly table: Uint16Array; readonly indices: Uint8Array; readonly errors: Float64Array },
  patterns: Uint16Array,
  entries: readonly number[],
): void {
  const values = fp16Values();
  const last = entries.length - 1;
  for (let k = 0; k < table.length; k++) table[k] = last < 0 ? 0 : fp16Bits(entries[Math.min(k, last)]!);
  let k = 0;
  for (const bits of patterns) {
    const value = values[bits]!;
    while (k < last && Math.abs(value - entries[k + 1]!) < Math.abs(value - entries[k]!)) k++;
    indices[bits] = k;
    errors[bits] = (value - entries[k]!) ** 2;
  }
  indices[NEGATIVE_ZERO] = indices[0]!;
  errors[NEGATIVE_ZERO] = errors[0]!;
}
