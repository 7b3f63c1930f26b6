/**
 * The bytes of a message held against its declaration, ahead of what a decoder makes of them: it drops fields that it has
 * no name for and map keys that JavaScript cannot hold, and takes a field for what it is not. Nobody would be told.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { UserError } from "../../dsl/user-error.ts";

/** The fields of each message by number; filled in on the way. */
type Fields = Map<DescMessage, ReadonlyMap<number, DescField>>;

/** @throws UserError that names the first field which the declaration does not have, or has with another wire type */
export function checkWire(message: DescMessage, bytes: Uint8Array): void {
  checkMessage(message, bytes, new Map());
}

function checkMessage(message: DescMessage, bytes: Uint8Array, known: Fields): void {
  const reader = new BinaryReader(bytes);
  const fields = known.get(message) ?? new Map(message.fields.map((field) => [field.number, field]));
  known.set(message, fields);
  while (reader.pos < reader.len) {
    const [no, wire] = reader.tag();
    const field = fields.get(no);
    if (!field || !wiresOf(field).includes(wire)) {
      const how = field ? ` with wire type ${wire}` : "";
      throw new UserError(`a ${message.name} message has the field ${no}${how}, which graphc does not know`);
    }
    if (field.fieldKind === "map") checkEntry(field, reader.bytes(), known);
    else if (field.message) checkMessage(field.message, reader.bytes(), known);
    else reader.skip(wire, no);
  }
}

/** Wire types that the field may have: a list of numbers is written in one piece or one by one. */
function wiresOf(field: DescField): readonly WireType[] {
  if (field.fieldKind === "map" || field.message) return [WireType.LengthDelimited];
  const own = field.fieldKind === "enum" || field.scalar === undefined ? WireType.Varint : scalarWire(field.scalar);
  return field.fieldKind === "list" ? [own, WireType.LengthDelimited] : [own];
}

function scalarWire(type: ScalarType): WireType {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.FLOAT:
      return WireType.Bit32;
    case ScalarType.DOUBLE:
      return WireType.Bit64;
    default:
      return WireType.Varint;
  }
}

/** Keys and texts are strings in every map of the format; a value may be a message. */
function checkEntry(field: DescField & { fieldKind: "map" }, bytes: Uint8Array, known: Fields): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [no, wire] = reader.tag();
    if (no > 2 || wire !== WireType.LengthDelimited)
      throw new UserError(`a key or value of ${field.name} has the field ${no}, which graphc does not know`);
    const part = reader.bytes();
    if (no === 1 && Buffer.from(part).toString() === "__proto__")
      throw new UserError(`"__proto__" is no name; a key of ${field.name} is called so`);
    if (no === 2 && field.message) checkMessage(field.message, part, known);
  }
}
