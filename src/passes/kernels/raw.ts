/** Tensor contents as they are stored: fp16 as bit patterns, 2 bytes an element; NDArray (doubles) and back. */
import { fp16Bits } from "../../dsl/number.ts";
import type { DType, TensorType } from "../../dsl/type.ts";
import type { NDArray } from "../interpret/array.ts";
import type { Arithmetic } from "./arithmetic.ts";
import { HALF } from "./code/runtime.ts";

/** Contents as they are stored: fp16 as bits in a Uint16Array. */
export type Elements = Uint16Array | Float32Array | Float64Array | Int32Array | Int16Array | Int8Array | Uint8Array;

/**
 * A tensor with contents, row-major. Floats are stored by their dtype (fp16 as bits in a Uint16Array, fp32 in a
 * Float32Array) or as doubles (Float64Array); an NDArray is a RawArray.
 */
export interface RawArray extends TensorType {
  readonly data: Elements;
}

/** How elements are held in memory. */
export interface TypedStore {
  /** Bytes of an element. */
  readonly bytes: number;
  view(buffer: ArrayBufferLike, offset: number, length: number): Elements;
}

const store = <E extends Elements>(type: {
  new (buffer: ArrayBufferLike, offset: number, length: number): E;
  readonly BYTES_PER_ELEMENT: number;
}): TypedStore => ({
  bytes: type.BYTES_PER_ELEMENT,
  view: (buffer, offset, length) => new type(buffer, offset, length),
});

const STORES: Readonly<Record<DType, TypedStore>> = {
  fp16: store(Uint16Array),
  fp32: store(Float32Array),
  int32: store(Int32Array),
  int16: store(Int16Array),
  uint16: store(Uint16Array),
  int8: store(Int8Array),
  uint8: store(Uint8Array),
  int4: store(Int8Array),
  uint4: store(Uint8Array),
  uint1: store(Uint8Array),
  uint2: store(Uint8Array),
  uint3: store(Uint8Array),
  uint6: store(Uint8Array),
  bool: store(Uint8Array),
};

/** How elements of a dtype are held while a graph runs in a precision. Types below 8 bits take a byte. */
export const storeOf = (dtype: DType, precision: Arithmetic): TypedStore =>
  precision === "fp64" && (dtype === "fp16" || dtype === "fp32") ? store(Float64Array) : STORES[dtype];

/** Copies contents between forms: fp16 bits to doubles or back, or as they are. */
export function copyElements(dtype: DType, from: Elements, to: Elements): void {
  const bits = (x: Elements) => dtype === "fp16" && x instanceof Uint16Array;
  if (bits(from) === bits(to)) to.set(from);
  else if (bits(from)) for (let i = 0; i < from.length; i++) to[i] = HALF[from[i]!]!;
  else for (let i = 0; i < from.length; i++) to[i] = fp16Bits(from[i]!);
}

/** Whether no element is an infinity or NaN. */
export function allFinite({ dtype, data }: RawArray): boolean {
  if (dtype === "fp16" && data instanceof Uint16Array) return !data.some((bits) => (bits & 0x7c00) === 0x7c00);
  return !data.some((x) => !Number.isFinite(x));
}

/** The same contents as doubles. */
export function toNDArray({ dtype, shape, data }: RawArray): NDArray {
  const values = new Float64Array(data.length);
  copyElements(dtype, data, values);
  return { dtype, shape, data: values };
}

/** The same contents as they are stored. */
export function toRaw({ dtype, shape, data }: NDArray): RawArray {
  const { bytes, view } = storeOf(dtype, "fp16");
  const stored = view(new ArrayBuffer(bytes * data.length), 0, data.length);
  copyElements(dtype, data, stored);
  return { dtype, shape, data: stored };
}
