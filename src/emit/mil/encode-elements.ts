/** Elements to bytes as the file format stores them: little-endian, sub-byte types packed from the lowest bit up. */
import { fp16Bits } from "../../dsl/number.ts";
import { storedBits, storedBytes } from "./element-size.ts";
import type { MilDType } from "./records.ts";

/**
 * The stored bytes of elements that are already values of `dtype`.
 * @throws RangeError for strings and for the 8-bit floats, which graphc does not write.
 */
export function encodeElements(dtype: MilDType, data: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(storedBytes(dtype, data.length));
  const write = storedBits(dtype) < 8 ? packedWriter(dtype, bytes) : elementWriter(dtype, new DataView(bytes.buffer));
  for (let i = 0; i < data.length; i++) write(i, data[i]!);
  return bytes;
}

type ElementWriter = (i: number, x: number) => void;

function elementWriter(dtype: MilDType, view: DataView): ElementWriter {
  switch (dtype) {
    case "fp16":
      return (i, x) => view.setUint16(2 * i, fp16Bits(x), true);
    case "bf16":
      return (i, x) => view.setUint16(2 * i, bf16Bits(x), true);
    case "fp32":
      return (i, x) => view.setFloat32(4 * i, x, true);
    case "int32":
    case "uint32":
      return (i, x) => view.setUint32(4 * i, x, true);
    case "int16":
    case "uint16":
      return (i, x) => view.setUint16(2 * i, x, true);
    case "int8":
    case "uint8":
    case "bool":
      return (i, x) => view.setUint8(i, x);
    default:
      throw new RangeError(`graphc does not write ${dtype} elements`);
  }
}

const narrowing = new DataView(new ArrayBuffer(4));

/** bf16 is the upper half of an fp32. */
function bf16Bits(x: number): number {
  narrowing.setFloat32(0, x);
  return narrowing.getUint16(0);
}

/** Element 0 in the lowest bits of byte 0; 3- and 6-bit elements run across byte borders. */
function packedWriter(dtype: MilDType, bytes: Uint8Array): ElementWriter {
  const bits = storedBits(dtype);
  return (i, x) => {
    const raw = x & (2 ** bits - 1);
    const [byte, shift] = [(i * bits) >> 3, (i * bits) & 7];
    bytes[byte]! |= raw << shift;
    if (shift + bits > 8) bytes[byte + 1]! |= raw >> (8 - shift);
  };
}
