/** Elements of a checkpoint to fp16: bf16 and fp32 rounded to nearest, ties to even, fp16 as it is; losses counted. */
import { fp16Bits, fp16Value, roundFp16 } from "../../dsl/number.ts";
import type { Slab } from "./slab.ts";

/** Element types of a checkpoint, by their safetensors names. */
export type SourceDType = "BF16" | "F16" | "F32";

/** What a run of elements lost on the way. Indices count from the first element of the run. */
export interface Losses {
  /** Elements that fp16 cannot hold exactly, and the largest difference. */
  rounded: number;
  worstError: number;
  /** NaN and infinities: they pass through. */
  nonFinite: number;
  firstNonFinite: number;
  /** The first finite element that fp16 would make infinite, or −1. */
  overflow: number;
}

/** Nothing lost so far; it is added to in place. */
export const newLosses = (): Losses => ({ rounded: 0, worstError: 0, nonFinite: 0, firstNonFinite: -1, overflow: -1 });

/**
 * Converts elements [begin, end) in a slab to fp16 bit patterns in the same place; those before them are converted already. Typed
 * arrays are little-endian on the machines that Node runs on, as safetensors and weight.bin are.
 */
export type Converter = (slab: Slab, begin: number, end: number, tally: Losses) => void;

/** Bytes of one element. */
export const sourceBytes: Readonly<Record<SourceDType, number>> = { BF16: 2, F16: 2, F32: 4 };

/** Whether elements of this safetensors type can be converted; the others are refused by name. */
export const isSourceDType = (dtype: string): dtype is SourceDType => Object.hasOwn(sourceBytes, dtype);

/** The value of a source element's bit pattern. */
export const sourceValue: Readonly<Record<SourceDType, (bits: number) => number>> = {
  BF16: (bits) => fp32Value(bits << 16),
  F16: fp16Value,
  F32: fp32Value,
};

const scratch = new DataView(new ArrayBuffer(4));

function fp32Value(bits: number): number {
  scratch.setInt32(0, bits);
  return scratch.getFloat32(0);
}

/**
 * The converter of a source type; with a factor, of the elements times that, as doubles, rounded once. Keep it: the table behind it
 * takes milliseconds to fill.
 */
export function makeConverter(dtype: SourceDType, factor = 1): Converter {
  if (factor !== 1) return dtype === "F32" ? makeScaledFp32(factor) : makeScaled(dtype, factor);
  return { BF16: makeBf16, F16: () => convertFp16, F32: makeFp32 }[dtype]();
}

/** The bit pattern of the fp16 nearest to an fp32 bit pattern, ties to even; NaN becomes 0x7e00. */
export function fp16OfFp32(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= OVERFLOW) return magnitude > INFINITE ? 0x7e00 : sign | 0x7c00;
  if (magnitude >= LEAST_NORMAL) {
    const rebased = magnitude - (112 << 23);
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  // fp16's subnormals: multiples of 2^-24. A carry out of them gives the least normal number, as it should.
  const shift = 126 - (magnitude >>> 23);
  if (shift > 24) return sign;
  const significand = (magnitude & 0x7fffff) | 0x800000;
  return sign | ((significand + (1 << (shift - 1)) - 1 + ((significand >>> shift) & 1)) >>> shift);
}

/** As fp32 bit patterns: infinity; 65520, from where fp16 rounds to infinity; 2^-14, fp16's least normal number. */
const INFINITE = 0x7f800000;
const OVERFLOW = 0x477ff000;
const LEAST_NORMAL = 0x38800000;

/** Set in a table entry whose conversion loses something, above the 16 bits of the result. */
const LOSSY = 0x10000;
/** Elements that the fast code for bf16 takes at a time. */
const GROUP = 8;
/** The same of fp32. */
const FP32_GROUP = 4;

/** bf16: groups that fp16 holds by the fast code, all others by a table of the 65,536 bit patterns. */
function makeBf16(): Converter {
  const table = new Int32Array(0x10000);
  for (let bits = 0; bits < table.length; bits++) {
    const value = sourceValue.BF16(bits);
    // bf16 has 8 significant bits and fp16 has 11: only its range and its smallest step, 2^-24, can be in the way.
    const exact = Number.isInteger(value * 2 ** 24) && Math.abs(value) < 65520;
    table[bits] = fp16OfFp32(bits << 16) | (exact ? 0 : LOSSY);
  }
  return (slab, begin, end, tally) => {
    const elements = new Uint16Array(slab.buffer, 0, end);
    const whole = end - ((end - begin) % GROUP);
    for (let i = begin; i < end; ) {
      i = slab.convertBf16(i, whole, tally);
      for (const next = Math.min(i + GROUP, end); i < next; i++) {
        const bits = elements[i]!;
        const entry = table[bits]!;
        if (entry >= LOSSY) tallyLoss(tally, i, sourceValue.BF16(bits), fp16Value(entry & 0xffff));
        elements[i] = entry;
      }
    }
  };
}

const convertFp16: Converter = ({ buffer }, begin, end, tally) => {
  const elements = new Uint16Array(buffer, 0, end);
  for (let i = begin; i < end; i++) if ((elements[i]! & 0x7c00) === 0x7c00) tallyLoss(tally, i, Number.NaN, Number.NaN);
};

/** Sixteen bits times a factor: every pattern has its result in a table. */
function makeScaled(dtype: "BF16" | "F16", factor: number): Converter {
  const values = Float64Array.from({ length: 0x10000 }, (_, bits) => sourceValue[dtype](bits) * factor);
  const results = Uint16Array.from(values, (x) => fp16Bits(roundFp16(x)));
  // Infinite or NaN where more than an amount is lost.
  const lost = values.map((x, bits) => Math.abs(x - fp16Value(results[bits]!)));
  return ({ buffer }, begin, end, tally) => {
    const elements = new Uint16Array(buffer, 0, end);
    let [rounded, worst] = [0, 0];
    for (let i = begin; i < end; i++) {
      const bits = elements[i]!;
      const loss = lost[bits]!;
      if (loss < Infinity) {
        if (loss > 0) rounded++;
        if (loss > worst) worst = loss;
      } else tallyLoss(tally, i, values[bits]!, fp16Value(results[bits]!));
      elements[i] = results[bits]!;
    }
    tally.rounded += rounded;
    tally.worstError = Math.max(tally.worstError, worst);
  };
}

/** fp32 times a factor, as a double. */
const makeScaledFp32 =
  (factor: number): Converter =>
  ({ buffer }, begin, end, tally) => {
    const floats = new Float32Array(buffer, 0, end);
    const results = new Uint16Array(buffer, 0, end);
    for (let i = begin; i < end; i++) {
      const value = floats[i]! * factor;
      const result = fp16Bits(roundFp16(value));
      const rounded = fp16Value(result);
      if (value !== rounded) tallyLoss(tally, i, value, rounded);
      results[i] = result;
    }
  };

/** fp32: groups that fp16 holds by the fast code, the others one by one. */
function makeFp32(): Converter {
  return (slab, begin, end, tally) => {
    const patterns = new Int32Array(slab.buffer, 0, end);
    const results = new Uint16Array(slab.buffer, 0, end);
    const whole = end - ((end - begin) % FP32_GROUP);
    for (let i = begin; i < end; ) {
      i = slab.convertFp32(i, whole, tally);
      for (const next = Math.min(i + FP32_GROUP, end); i < next; i++) {
        const bits = patterns[i]!;
        const result = fp16OfFp32(bits);
        const [value, rounded] = [sourceValue.F32(bits), fp16Value(result)];
        if (value !== rounded || !Number.isFinite(value)) tallyLoss(tally, i, value, rounded);
        results[i] = result;
      }
    }
  };
}

function tallyLoss(tally: Losses, index: number, value: number, rounded: number): void {
  if (!Number.isFinite(value)) {
    if (tally.nonFinite === 0) tally.firstNonFinite = index;
    tally.nonFinite += 1;
  } else if (!Number.isFinite(rounded)) {
    if (tally.overflow < 0) tally.overflow = index;
  } else {
    tally.rounded += 1;
    tally.worstError = Math.max(tally.worstError, Math.abs(value - rounded));
  }
}
