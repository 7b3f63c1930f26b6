/**
 * Rows of fp16 as int8 codes with a scale each: symmetric, codes from −127 to 127, never −128. Two arithmetics: that of coremltools'
 * linear_quantize_weights (its optimize package, 9.0), in fp16 with each op rounded, and the nearest codes for the scale max|w| / 127.
 */
import { fp16Bits, fp16Value, fp16Values, roundFp16 } from "../../dsl/number.ts";
import type { Int8Part } from "../../dsl/weight-source.ts";
import { costTally, type QuantiseCost } from "./cost.ts";
import { GROUP, int8Code, type LoadedRows } from "./int8-fast.ts";
import { wholeRows } from "./whole-rows.ts";

const MOST = 127;
/** Below it max + max is finite in fp16. */
const DOUBLED = 32752;
/** Adding and taking it away rounds a double to the nearest whole number, halves to even. */
const WHOLE = 1.5 * 2 ** 52;

/** The scale of a row whose largest magnitude this is. A row of zeros has the scale 1: none is ever 0. */
export function rowScale(how: Int8Part["how"], largest: number): number {
  const halves = how === "coremltools" && largest <= DOUBLED;
  const scale = halves ? roundFp16(roundFp16(2 * largest) / (2 * MOST)) : roundFp16(largest / MOST);
  return scale === 0 ? 1 : scale;
}

/** The code of an element: `coremltools` divides in fp16. */
export function codeOf(how: Int8Part["how"], value: number, scale: number): number {
  const quotient = how === "coremltools" ? roundFp16(value / scale) : value / scale;
  return Math.max(-MOST, Math.min(MOST, quotient + WHOLE - WHOLE));
}

/** The largest magnitude of the elements; NaN where one is none, as a comparison of patterns finds both. */
function largestOf(bits: Uint16Array, begin: number, end: number): number {
  let largest = 0;
  for (let i = begin; i < end; i++) {
    const magnitude = bits[i]! & 0x7fff;
    if (magnitude > largest) largest = magnitude;
  }
  return fp16Value(largest);
}

/** The scales of all rows. */
export async function* scales(chunks: AsyncIterable<Uint8Array>, { how, width }: Int8Part): AsyncGenerator<Uint8Array> {
  for await (const bits of wholeRows(chunks, width)) {
    const count = bits.length / width;
    const result = new Uint16Array(count);
    for (let row = 0; row < count; row++)
      result[row] = fp16Bits(rowScale(how, largestOf(bits, row * width, (row + 1) * width)));
    yield new Uint8Array(result.buffer);
  }
}

/** What is known once all codes of a weight were given. */
export interface CodedWeight {
  readonly cost: QuantiseCost;
  /** fp16 bits, one a row. */
  readonly scales: Uint16Array;
}

/** What the weights of one store share: compiling code for each, in new memory, costs as much as quantising them. */
export interface Int8Workshop {
  readonly load: (bits: Uint16Array) => LoadedRows;
  /** Lends room for the codes of a chunk; it must be given back. */
  take(): Room;
  /** The last one given back is not lent out next: whoever asked for its codes may still be writing them. */
  giveBack(room: Room): void;
}

/** One for one store. */
export function int8Workshop(): Int8Workshop {
  const free: Room[] = [];
  return {
    load: int8Code(),
    take: () => (free.length > 1 ? free.shift()! : growing()),
    giveBack: (room) => void free.push(room),
  };
}

/** The codes of all rows; then what they cost is told, with their scales. */
export async function* codes(
  chunks: AsyncIterable<Uint8Array>,
  { how, width }: Int8Part,
  workshop: Int8Workshop,
  tell: (coded: CodedWeight) => void,
): AsyncGenerator<Uint8Array> {
  const tally = costTally();
  // The consumer may hold the last ones still, while the next are loaded.
  let [next, last] = [workshop.take(), workshop.take()];
  const found: number[] = [];
  try {
    for await (const bits of wholeRows(chunks, width)) {
      const loaded = workshop.load(bits);
      for (let begin = 0; begin < bits.length; begin += width) {
        const { scale, square, error } = quantiseRow(bits, loaded, { how, begin, end: begin + width });
        found.push(fp16Bits(scale));
        tally.row(square, error);
      }
      const out = next.of(bits.length);
      out.set(loaded.codes);
      [next, last] = [last, next];
      yield new Uint8Array(out.buffer, 0, bits.length);
    }
  } finally {
    workshop.giveBack(next);
    workshop.giveBack(last);
  }
  tell({ cost: tally.cost(found.length * (width + 2)), scales: Uint16Array.from(found) });
}

/** Room that is made anew only where more is asked for than before: new memory costs as much as filling it. */
interface Room {
  of(count: number): Int8Array;
}

function growing(): Room {
  let room = new Int8Array(0);
  return {
    of(count: number): Int8Array {
      if (room.length < count) room = new Int8Array(count);
      return room.subarray(0, count);
    },
  };
}

interface Row {
  readonly how: Int8Part["how"];
  readonly begin: number;
  readonly end: number;
}

/** Quantises a row where it is loaded; returns its scale and the sums of its squares and of its squared errors. */
function quantiseRow(bits: Uint16Array, loaded: LoadedRows, { how, begin, end }: Row) {
  const groups = begin + Math.floor((end - begin) / GROUP) * GROUP;
  const most = fp16Value(loaded.largest(begin, groups - begin));
  const scale = rowScale(how, Math.max(most, largestOf(bits, groups, end)));
  // The fast code has one arithmetic, and takes finite numbers.
  const fast = how === "nearest" && Number.isFinite(scale) ? groups : begin;
  let [square, error] = fast > begin ? loaded.quantise(begin, fast - begin, scale) : [0, 0];
  const values = fp16Values();
  for (let i = fast; i < end; i++) {
    const value = values[bits[i]!]!;
    const code = codeOf(how, value, scale);
    loaded.codes[i] = code;
    square += value * value;
    error += (value - code * scale) ** 2;
  }
  return { scale, square, error };
}
