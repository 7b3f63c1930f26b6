/** The wire format of protobuf below its fields: tags, varints, lengths and groups, each of them within its bounds. */
import { WireType } from "@bufbuild/protobuf/wire";
import { UserError } from "../../../dsl/user-error.ts";

/** A place in the bytes, moved on by what is read, and the end of the message around it. */
export interface Cursor {
  pos: number;
  readonly end: number;
}

/** The error for bytes that are no message. */
export const malformed = (what: string, { pos }: Cursor): UserError =>
  new UserError(`this is not a Core ML model: ${what} (byte ${pos})`);

const [TAG_BYTES, LENGTH_BYTES, VARINT_BYTES] = [5, 5, 10] as const;
/** protobuf takes no message, and hence no field, of 2 GiB or more. */
const LONGEST = 2 ** 31 - 1;

/** Number and wire type of a field. @throws UserError for numbers that no field has */
export function tagAt(bytes: Uint8Array, at: Cursor): { readonly no: number; readonly wire: WireType } {
  const tag = smallVarint(bytes, at, TAG_BYTES, 2 ** 32 - 1, "a tag");
  const [no, wire] = [Math.floor(tag / 8), tag % 8];
  if (no === 0) throw malformed("a field has the number 0", at);
  if (wire > WireType.Bit32) throw malformed(`a field has the wire type ${wire}`, at);
  return { no, wire };
}

/** The length of what follows, all of which is there. @throws UserError */
export function lengthAt(bytes: Uint8Array, at: Cursor): number {
  const length = smallVarint(bytes, at, LENGTH_BYTES, LONGEST, "a length");
  if (length > at.end - at.pos) throw malformed("premature EOF: a field is longer than the message around it", at);
  return length;
}

/** Goes past a number; what it is does not matter. @throws UserError when it does not end, or has more than 10 bytes */
export function varintAt(bytes: Uint8Array, at: Cursor): void {
  for (let n = 0; n < VARINT_BYTES; n++) if (byteAt(bytes, at) < 0x80) return;
  throw malformed(`a number has more than ${VARINT_BYTES} bytes`, at);
}

/** Goes past a group, whose start has been read. @throws UserError when it does not end, or holds more than `depth` others */
export function skipGroup(bytes: Uint8Array, no: number, at: Cursor, depth: number): void {
  const open = [no];
  while (open.length > 0) {
    const { no: inner, wire } = tagAt(bytes, at);
    if (wire === WireType.StartGroup) open.push(inner);
    else if (wire === WireType.EndGroup) {
      if (open.pop() !== inner) throw malformed("a group ends that has not begun", at);
    } else if (wire === WireType.Varint) varintAt(bytes, at);
    else at.pos += wire === WireType.LengthDelimited ? lengthAt(bytes, at) : wire === WireType.Bit32 ? 4 : 8;
    if (at.pos > at.end || open.length > depth) throw malformed("a group is too long or nested too deeply", at);
  }
}

function byteAt(bytes: Uint8Array, at: Cursor): number {
  if (at.pos >= at.end) throw malformed("premature EOF: the bytes end inside a number", at);
  return bytes[at.pos++]!;
}

function smallVarint(bytes: Uint8Array, at: Cursor, most: number, largest: number, what: string): number {
  let value = 0;
  for (let n = 0; n < most; n++) {
    const byte = byteAt(bytes, at);
    value += (byte & 0x7f) * 2 ** (7 * n);
    if (byte >= 0x80) continue;
    if (value > largest) break;
    return value;
  }
  throw malformed(`${what} is too large`, at);
}
