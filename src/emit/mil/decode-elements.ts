/** Elements from the bytes in which the file format stores them: little-endian, sub-byte types packed from the lowest bit up. */
import { fp16Value, integerRange } from "../../dsl/number.ts";
import { bitsOf, type DType } from "../../dsl/type.ts";
import type { MilDType } from "./records.ts";

/**
 * The first `count` elements of the bytes as numbers. 64-bit integers beyond 2⁵³ come out as the nearest double.
 * @throws RangeError for a type whose elements graphc does not interpret (fp8, string).
 */
export function decodeElements(dtype: MilDType, bytes: Uint8Array, count: number): Float64Array {
  return filled(new Float64Array(count), dtype, bytes);
}

/** The same numbers in no more than 4 bytes each: literals may be long. 64-bit types are as in `decodeElements`. */
export function decodeNarrow(dtype: MilDType, bytes: Uint8Array, count: number): ArrayLike<number> {
  switch (dtype) {
    case "fp16":
    case "bf16":
    case "fp32":
      return filled(new Float32Array(count), dtype, bytes);
    case "int32":
      return filled(new Int32Array(count), dtype, bytes);
    case "uint32":
      return filled(new Uint32Array(count), dtype, bytes);
    case "int8":
    case "int4":
      return filled(new Int8Array(count), dtype, bytes);
    case "uint8":
    case "uint6":
    case "uint4":
    case "uint3":
    case "uint2":
    case "uint1":
      return filled(new Uint8Array(count), dtype, bytes);
    default:
      return decodeElements(dtype, bytes, count);
  }
}

function filled<A extends { [i: number]: number; readonly length: number }>(
  elements: A,
  dtype: MilDType,
  bytes: Uint8Array,
): A {
  const read = elementReader(dtype, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  for (let i = 0; i < elements.length; i++) elements[i] = read(i);
  return elements;
}

function elementReader(dtype: MilDType, view: DataView): (i: number) => number {
  switch (dtype) {
    case "fp16":
      return (i) => fp16Value(view.getUint16(2 * i, true));
    case "bf16":
      return (i) => bf16Value(view.getUint16(2 * i, true));
    case "fp32":
      return (i) => view.getFloat32(4 * i, true);
    case "fp64":
      return (i) => view.getFloat64(8 * i, true);
    case "int32":
      return (i) => view.getInt32(4 * i, true);
    case "uint32":
      return (i) => view.getUint32(4 * i, true);
    case "int64":
      return (i) => Number(view.getBigInt64(8 * i, true));
    case "uint64":
      return (i) => Number(view.getBigUint64(8 * i, true));
    case "int16":
      return (i) => view.getInt16(2 * i, true);
    case "uint16":
      return (i) => view.getUint16(2 * i, true);
    case "int8":
      return (i) => view.getInt8(i);
    case "uint8":
    case "bool":
      return (i) => view.getUint8(i);
    case "string":
    case "fp8e4m3fn":
    case "fp8e5m2":
      throw new RangeError(`graphc does not interpret ${dtype} elements`);
    default:
      return packedReader(dtype, view);
  }
}

const widening = new DataView(new ArrayBuffer(4));

/** bf16 is the upper half of an fp32. */
function bf16Value(bits: number): number {
  widening.setUint32(0, bits << 16);
  return widening.getFloat32(0);
}

/** Elements of fewer than 8 bits; 3- and 6-bit ones run across byte borders. */
function packedReader(dtype: DType, view: DataView): (i: number) => number {
  const bits = bitsOf(dtype);
  const signed = integerRange(dtype)[0] < 0;
  return (i) => {
    const [byte, shift] = [(i * bits) >> 3, (i * bits) & 7];
    const next = byte + 1 < view.byteLength ? view.getUint8(byte + 1) : 0;
    const raw = (((next << 8) | view.getUint8(byte)) >> shift) & (2 ** bits - 1);
    return signed && raw >= 2 ** (bits - 1) ? raw - 2 ** bits : raw;
  };
}
