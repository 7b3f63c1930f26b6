/**
 * Weights as int8 codes with a scale for each row, made while they stream: symmetric, codes from −127 to 127, never −128. Two arithmetics:
 * that of coremltools' linear_quantize_weights (its optimize package, 9.0), in fp16 with each op rounded, and the nearest codes for the
 * scale max|w| / 127.
 */
import { fp16Bits, fp16Value, roundFp16 } from "../dsl/number.ts";
import { sizeOf } from "../dsl/type.ts";
import { type QuantisedPart, sourceName } from "../dsl/weight-source.ts";
import { GROUP, int8Code, type LoadedRows } from "./int8-fast.ts";
import type { WeightStore } from "./store.ts";

/** What quantising cost one weight. */
export interface QuantisedWeight {
  /** Of its tensors. */
  readonly name: string;
  readonly how: QuantisedPart["how"];
  /** ‖w − s·q‖ / ‖w‖ over all of it, and of its worst row. */
  readonly error: number;
  readonly worstRow: number;
  /** Bytes of codes and scales. */
  readonly bytes: number;
}

/** A store that gives codes and scales too, and tells what they cost. */
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
export function rowScale(how: QuantisedPart["how"], largest: number): number {
  const halves = how === "coremltools" && largest <= DOUBLED;
  const scale = halves ? roundFp16(roundFp16(2 * largest) / (2 * MOST)) : roundFp16(largest / MOST);
  return scale === 0 ? 1 : scale;
}

/** The code of an element: `coremltools` divides in fp16. */
export function codeOf(how: QuantisedPart["how"], value: number, scale: number): number {
  const quotient = how === "coremltools" ? roundFp16(value / scale) : value / scale;
  return Math.max(-MOST, Math.min(MOST, quotient + WHOLE - WHOLE));
}

/** The store with what its weights are in int8; other sources pass through. @throws UserError as it does */
export function quantisingStore(store: WeightStore): QuantisingStore {
  const costs = new Map<string, QuantisedWeight>();
  // Scales that were found with the codes, until they are asked for: the weight is read once.
  const waiting = new Map<string, Uint16Array>();
  return {
    ...store,
    stream(source, type) {
      if (source.from !== "checkpoint" || !source.quantised) return store.stream(source, type);
      const { quantised, ...whole } = source;
      const key = JSON.stringify([whole, quantised.how, quantised.width]);
      const known = quantised.part === "scale" ? waiting.get(key) : undefined;
      if (known) {
        waiting.delete(key);
        return once(new Uint8Array(known.buffer));
      }
      const rows = quantised.part === "scale" ? sizeOf(type.shape) : sizeOf(type.shape) / quantised.width;
      const chunks = store.stream(whole, { dtype: "fp16", shape: [rows, quantised.width] });
      if (quantised.part === "scale") return scales(chunks, quantised);
      return codes(chunks, quantised, ({ cost, scales }) => {
        costs.set(JSON.stringify(whole), { name: sourceName(source), ...cost });
        waiting.set(key, scales);
      });
    },
    quantised: () => [...costs.values()],
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The rows of a stream as fp16 bit patterns, whole: a chunk may end within one. Valid until the next are asked for. */
async function* rowsOf(chunks: AsyncIterable<Uint8Array>, width: number): AsyncGenerator<Uint16Array> {
  let rest = new Uint8Array(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % (2 * width));
    // Patterns begin at even addresses, and a Buffer may be anywhere.
    const even = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
    if (whole > 0) yield new Uint16Array(even.buffer, even.byteOffset, whole / 2);
    rest = new Uint8Array(bytes.subarray(whole));
  }
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

async function* scales(chunks: AsyncIterable<Uint8Array>, { how, width }: QuantisedPart): AsyncGenerator<Uint8Array> {
  for await (const bits of rowsOf(chunks, width)) {
    const count = bits.length / width;
    const result = new Uint16Array(count);
    for (let row = 0; row < count; row++)
      result[row] = fp16Bits(rowScale(how, largestOf(bits, row * width, (row + 1) * width)));
    yield new Uint8Array(result.buffer);
  }
}

type Cost = Omit<QuantisedWeight, "name">;

/** What is known once all codes of a weight were given. */
interface Quantised {
  readonly cost: Cost;
  /** fp16 bits, one a row. */
  readonly scales: Uint16Array;
}

async function* codes(
  chunks: AsyncIterable<Uint8Array>,
  { how, width }: QuantisedPart,
  tell: (quantised: Quantised) => void,
): AsyncGenerator<Uint8Array> {
  let [squares, errors, worst, bytes] = [0, 0, 0, 0];
  const load = int8Code();
  const outs = [growing(), growing()];
  let turn = 0;
  const found: number[] = [];
  for await (const bits of rowsOf(chunks, width)) {
    const loaded = load(bits);
    for (let begin = 0; begin < bits.length; begin += width) {
      const { scale, square, error } = quantiseRow(bits, loaded, { how, begin, end: begin + width });
      found.push(fp16Bits(scale));
      squares += square;
      errors += error;
      worst = Math.max(worst, square === 0 ? 0 : Math.sqrt(error / square));
      bytes += width + 2;
    }
    // The consumer may hold the last ones still, while the next are loaded.
    const out = outs[turn++ % 2]!.of(bits.length);
    out.set(loaded.codes);
    yield new Uint8Array(out.buffer, 0, bits.length);
  }
  const cost = { how, error: squares === 0 ? 0 : Math.sqrt(errors / squares), worstRow: worst, bytes };
  tell({ cost, scales: Uint16Array.from(found) });
}

/** Room that is made anew only where more is asked for than before: new memory costs as much as filling it. */
function growing() {
  let room = new Int8Array(0);
  return {
    of(count: number): Int8Array {
      if (room.length < count) room = new Int8Array(count);
      return room.subarray(0, count);
    },
  };
}

interface Row {
  readonly how: QuantisedPart["how"];
  readonly begin: number;
  readonly end: number;
}

/** Quantises a row where it is loaded; returns its scale and the sums of its squares and of its squared errors. */
function quantiseRow(bits: Uint16Array, loaded: LoadedRows, { how, begin, end }: Row) {
  const groups = begin + Math.floor((end - begin) / GROUP) * GROUP;
  const most = VALUES[loaded.largest(begin, groups - begin)]!;
  const scale = rowScale(how, Math.max(most, largestOf(bits, groups, end)));
  // The fast code has one arithmetic, and takes finite numbers.
  const fast = how === "nearest" && Number.isFinite(scale) ? groups : begin;
  let [square, error] = fast > begin ? loaded.quantise(begin, fast - begin, scale) : [0, 0];
  for (let i = fast; i < end; i++) {
    const value = VALUES[bits[i]!]!;
    const code = codeOf(how, value, scale);
    loaded.codes[i] = code;
    square += value * value;
    error += (value - code * scale) ** 2;
  }
  return { scale, square, error };
}
