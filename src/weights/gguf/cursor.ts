/** Little-endian values of a GGUF header, one after another; every length is held against what is left of the file. */
import { UserError } from "../../dsl/user-error.ts";

/** More bytes are needed than were read so far, though the file has them. */
export class NeedsMore extends Error {}

/** Reads forward from the beginning of a file. */
export interface Cursor {
  readonly at: number;
  /** A number of so many bytes, by the getter of DataView that reads it. */
  u8(): number;
  u32(): number;
  /** @throws UserError when it is beyond what a double counts exactly */
  u64(what: string): number;
  /** Any fixed-width value; 64-bit ones that a double cannot hold are refused. */
  scalar(type: ScalarType, what: string): number | boolean;
  /** So many values of a fixed width, as they are in the file: no more memory than there. */
  scalars(type: ScalarType, count: number, what: string): Scalars;
  /** A string with its length before it. @throws UserError when it is not UTF-8 */
  string(what: string): string;
  /** Refuses a count of things of at least `least` bytes each that cannot be in what is left of the file. */
  count(what: string, least: number): number;
}

/** Fixed-width value types of the format, by number; 7 is a truth value in a byte. */
const SCALARS = {
  0: Uint8Array,
  1: Int8Array,
  2: Uint16Array,
  3: Int16Array,
  4: Uint32Array,
  5: Int32Array,
  6: Float32Array,
  7: Uint8Array,
  10: BigUint64Array,
  11: BigInt64Array,
  12: Float64Array,
} as const;
const TRUTH = 7;
/** Number of one of them. */
export type ScalarType = keyof typeof SCALARS;
/** Values of one of them. */
export type Scalars = InstanceType<(typeof SCALARS)[ScalarType]>;

/** Whether a value type has a fixed width; strings (8) and arrays (9) have none. */
export const isScalar = (type: number): type is ScalarType => Object.hasOwn(SCALARS, type);

/**
 * A cursor over the first bytes of a file of `size` bytes.
 * @throws NeedsMore from its methods when the bytes end before the file does, UserError when the file ends
 */
export function cursorOver(bytes: Uint8Array, size: number, path: string): Cursor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = 0;
  const take = (n: number, what: string): number => {
    if (at + n > size) throw new UserError(`${path}: the file is cut off at byte ${size}, in ${what}`);
    if (at + n > bytes.length) throw new NeedsMore();
    at += n;
    return at - n;
  };
  const whole = (n: bigint, what: string): number => {
    if (n > Number.MAX_SAFE_INTEGER || n < Number.MIN_SAFE_INTEGER)
      throw new UserError(`${path}: ${what} is ${n}, which is beyond all bounds`);
    return Number(n);
  };
  const cursor: Cursor = {
    get at() {
      return at;
    },
    u8: () => view.getUint8(take(1, "its header")),
    u32: () => view.getUint32(take(4, "its header"), true),
    u64: (what) => whole(view.getBigUint64(take(8, what), true), what),
    scalar(type, what) {
      const from = take(SCALARS[type].BYTES_PER_ELEMENT, what);
      return scalarAt(view, from, type, (n) => whole(n, what), `${path}: ${what}`);
    },
    scalars(type, count, what) {
      const from = take(count * SCALARS[type].BYTES_PER_ELEMENT, what);
      // A copy, since the bytes of an array begin anywhere.
      const copy = bytes.slice(from, at);
      if (type === TRUTH) for (const byte of copy) truthOf(byte, `${path}: ${what}`);
      return new SCALARS[type](copy.buffer);
    },
    string(what) {
      const length = cursor.u64(`the length of ${what}`);
      const from = take(length, what);
      try {
        return text.decode(bytes.subarray(from, from + length));
      } catch {
        throw new UserError(`${path}: ${what} is not UTF-8`);
      }
    },
    count(what, least) {
      const n = cursor.u64(what);
      if (n * least > size - at)
        throw new UserError(`${path}: ${what} is ${n}, more than ${size - at} bytes to the end of the file can hold`);
      return n;
    },
  };
  return cursor;
}

function truthOf(byte: number, where: string): boolean {
  if (byte > 1) throw new UserError(`${where} is ${byte} where a truth value is 0 or 1`);
  return byte === 1;
}

function scalarAt(
  view: DataView,
  at: number,
  type: ScalarType,
  whole: (n: bigint) => number,
  where: string,
): number | boolean {
  switch (type) {
    case 0:
      return view.getUint8(at);
    case 1:
      return view.getInt8(at);
    case 2:
      return view.getUint16(at, true);
    case 3:
      return view.getInt16(at, true);
    case 4:
      return view.getUint32(at, true);
    case 5:
      return view.getInt32(at, true);
    case 6:
      return view.getFloat32(at, true);
    case TRUTH:
      return truthOf(view.getUint8(at), where);
    case 10:
      return whole(view.getBigUint64(at, true));
    case 11:
      return whole(view.getBigInt64(at, true));
    case 12:
      return view.getFloat64(at, true);
  }
}
