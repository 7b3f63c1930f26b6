/**
 * Weights in fewer bits, made while they stream. As int8 codes with a scale for each row: symmetric, codes from −127 to 127, never −128. Two arithmetics:
 * that of coremltools' linear_quantize_weights (its optimize package, 9.0), in fp16 with each op rounded, and the nearest codes for the
 * scale max|w| / 127. As indices into tables of fp16 numbers: ./palette.
 */
import { fp16Bits, fp16Value, roundFp16 } from "../dsl/number.ts";
import { sizeOf } from "../dsl/type.ts";
import { type Int8Part, type QuantisedPart, sourceName } from "../dsl/weight-source.ts";
import { entriesOf, palettes } from "./palette/palettes.ts";
import { costTally, type QuantiseCost } from "./quantise-cost.ts";
import type { WeightStore } from "./store.ts";
import { wholeRows } from "./whole-rows.ts";

/** What quantising cost one weight. */
export interface QuantisedWeight extends QuantiseCost {
  /** Of its tensors. */
  readonly name: string;
  readonly how: QuantisedPart["how"];
  /** Of all of it, as it is where nothing is quantised. */
  readonly elements: number;
}

/** A store that gives the parts of quantised weights too, and tells what they cost. */
export interface QuantisingStore extends WeightStore {
  quantised(): readonly QuantisedWeight[];
}

const MOST = 127;
/** Below it max + max is finite in fp16. */
const DOUBLED = 32752;
/** Adding and taking it away rounds a double to the nearest whole number, halves to even. */
const WHOLE = 1.5 * 2 ** 52;
const VALUES = Float64Array.from({ length: 0x10000 }, (_, bits) => fp16Value(bits));

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

/** The store with what its weights are in fewer bits; other sources pass through. @throws UserError as it does */
export function quantisingStore(store: WeightStore): QuantisingStore {
  const costs = new Map<string, QuantisedWeight>();
  const tables = palettes();
  return {
    ...store,
    stream(source, type) {
      if (source.from !== "checkpoint" || !source.quantised) return store.stream(source, type);
      const { quantised, ...whole } = source;
      const { how, width } = quantised;
      const rows = rowsOf(quantised, sizeOf(type.shape));
      const chunks = store.stream(whole, { dtype: "fp16", shape: [rows, width] });
      const tell = (cost: QuantiseCost) =>
        void costs.set(JSON.stringify(whole), { name: sourceName(source), how, elements: rows * width, ...cost });
      if ("rows" in quantised) return tables.stream(JSON.stringify([whole, how]), chunks, quantised, tell);
      return quantised.part === "scale" ? scales(chunks, quantised) : codes(chunks, quantised, tell);
    },
    quantised: () => [...costs.values()],
  };
}

/** Rows of the weight that a part of so many elements is of. */
function rowsOf(part: QuantisedPart, elements: number): number {
  if (part.part === "scale") return elements;
  return "rows" in part && part.part === "lut" ? (elements / entriesOf(part.how)) * part.rows : elements / part.width;
}

/** The largest magnitude of the elements; NaN where one is none, as a comparison of patterns finds both. */
function largestOf(bits: Uint16Array, begin: number, end: number): number {
  let largest = 0;
  for (let i = begin; i < end; i++) {
    const magnitude = bits[i]! & 0x7fff;
    if (magnitude > largest) largest = magnitude;
  }
  return VALUES[largest]!;
}

async function* scales(chunks: AsyncIterable<Uint8Array>, { how, width }: Int8Part): AsyncGenerator<Uint8Array> {
  for await (const bits of wholeRows(chunks, width)) {
    const count = bits.length / width;
    const result = new Uint16Array(count);
    for (let row = 0; row < count; row++)
      result[row] = fp16Bits(rowScale(how, largestOf(bits, row * width, (row + 1) * width)));
    yield new Uint8Array(result.buffer);
  }
}

async function* codes(
  chunks: AsyncIterable<Uint8Array>,
  { how, width }: Int8Part,
  tell: (cost: QuantiseCost) => void,
): AsyncGenerator<Uint8Array> {
  const tally = costTally();
  let rows = 0;
  for await (const bits of wholeRows(chunks, width)) {
    const result = new Int8Array(bits.length);
    for (let begin = 0; begin < bits.length; begin += width, rows++)
      tally.row(...quantiseRow(bits, result, { how, begin, end: begin + width }));
    yield new Uint8Array(result.buffer);
  }
  tell(tally.cost(rows * (width + 2)));
}

interface Row {
  readonly how: Int8Part["how"];
  readonly begin: number;
  readonly end: number;
}

/** Writes a row's codes; returns the sums of its squares and of its squared errors. */
function quantiseRow(bits: Uint16Array, result: Int8Array, { how, begin, end }: Row): readonly [number, number] {
  const scale = rowScale(how, largestOf(bits, begin, end));
  let [squares, errors] = [0, 0];
  for (let i = begin; i < end; i++) {
    const value = VALUES[bits[i]!]!;
    const code = codeOf(how, value, scale);
    result[i] = code;
    squares += value * value;
    errors += (value - code * scale) ** 2;
  }
  return [squares, errors];
}
