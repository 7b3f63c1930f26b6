/** What a rule may ask of the contents of a constant: their least and largest number, and whether one is NaN. */
import { fp16Value } from "../../dsl/number.ts";
import { bitsOf, type DType } from "../../dsl/type.ts";
import { type Elements, storeOf } from "../kernels/raw.ts";

/** Over all elements but NaN; of no element at all, min is ∞ and max is −∞. Infinities count as numbers, and −0 as 0. */
export interface Range {
  readonly min: number;
  readonly max: number;
  readonly nan: boolean;
}

const EMPTY: Range = { min: Infinity, max: -Infinity, nan: false };

/** Elements as numbers. */
export function rangeOf(numbers: ArrayLike<number>): Range {
  let { min, max, nan } = EMPTY;
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]!;
    if (x < min) min = x;
    if (x > max) max = x;
    nan ||= Number.isNaN(x);
  }
  // −0 + 0 is 0.
  return { min: min + 0, max: max + 0, nan };
}

/** Elements as they are stored: fp16 as bit patterns. */
export const rangeOfElements = (dtype: DType, data: Elements): Range =>
  dtype === "fp16" && data instanceof Uint16Array ? rangeOfHalves(data) : rangeOf(data);

/** The places of the infinities in the order of values; beyond them are NaNs. */
const [LOWEST, HIGHEST] = [0xffff - 0xfc00, 0x7c00 + 0x8000];

/** fp16 bit patterns in the order of their values: the sign turns the order of what is below 0. */
function rangeOfHalves(bits: Uint16Array): Range {
  const { least, most } = placesOf(bits);
  const nan = least < LOWEST || most > HIGHEST;
  const numbers = nan ? placesOf(bits.filter((x) => (x & 0x7fff) <= 0x7c00)) : { least, most };
  const valueAt = (place: number) => fp16Value(place < 0x8000 ? 0xffff - place : place - 0x8000) + 0;
  if (numbers.least > numbers.most) return { ...EMPTY, nan };
  return { min: valueAt(numbers.least), max: valueAt(numbers.most), nan };
}

/** Without a branch that depends on the elements, of which there may be hundreds of millions. */
function placesOf(bits: Uint16Array): { readonly least: number; readonly most: number } {
  let [least, most] = [0xffff, 0];
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i]!;
    const place = x ^ (0x8000 | (-(x >>> 15) & 0x7fff));
    if (place < least) least = place;
    if (place > most) most = place;
  }
  return { least, most };
}

/**
 * A weight that comes in chunks of whole elements, encoded as in weight.bin; nothing is kept but the range. Undefined for elements
 * below a byte, of which no rule asks: they are unpacked by a constexpr op, whose result has a range of its own.
 */
export async function rangeOfStream(dtype: DType, chunks: AsyncIterable<Uint8Array>): Promise<Range | undefined> {
  if (bitsOf(dtype) < 8) return undefined;
  const { bytes, view } = storeOf(dtype, "fp16");
  let range = EMPTY;
  for await (const chunk of chunks) {
    const { buffer, byteOffset } = chunk.byteOffset % bytes === 0 ? chunk : chunk.slice();
    range = joined(range, rangeOfElements(dtype, view(buffer, byteOffset, chunk.length / bytes)));
  }
  return range;
}

const joined = (a: Range, b: Range): Range => ({
  min: Math.min(a.min, b.min),
  max: Math.max(a.max, b.max),
  nan: a.nan || b.nan,
});
