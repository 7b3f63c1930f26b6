/** A message as its fields stand in the bytes, in their order and unread: what is changed on the wire, and written again. */
import type { DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** A field as it stands: number, wire type, and what follows without its length; of a message that is declared, its fields. */
export interface WireField {
  no: number;
  wire: number;
  /** Of a varint or a fixed number the bytes themselves. */
  payload: Uint8Array;
  children?: WireField[];
  /** Of the declared field: its name, and whether it is a list of numbers in one piece. */
  readonly name: string;
  readonly packed: boolean;
}

const MAP_ENTRY_VALUE = 2;

/** The fields of a well-formed message. */
export function parseTree(message: DescMessage, bytes: Uint8Array): WireField[] {
  const known = new Map(message.fields.map((field) => [field.number, field]));
  return fieldsIn(bytes, (no, wire, payload) => {
    const field = known.get(no);
    const name = `${message.name}.${field?.name ?? no}`;
    const packed = field?.fieldKind === "list" && !field.message && wire === WireType.LengthDelimited;
    const plain: WireField = { no, wire, payload, name, packed: packed && field.scalar !== 9 };
    if (!field || wire !== WireType.LengthDelimited) return plain;
    if (field.fieldKind === "map") return { ...plain, children: entry(field.message, payload, name) };
    return field.message ? { ...plain, children: parseTree(field.message, payload) } : plain;
  });
}

const entry = (value: DescMessage | undefined, bytes: Uint8Array, name: string): WireField[] =>
  fieldsIn(bytes, (no, wire, payload) => ({
    ...{ no, wire, payload, name: `${name}.${no === MAP_ENTRY_VALUE ? "value" : "key"}`, packed: false },
    ...(no === MAP_ENTRY_VALUE && value ? { children: parseTree(value, payload) } : {}),
  }));

function fieldsIn(bytes: Uint8Array, make: (no: number, wire: number, payload: Uint8Array) => WireField): WireField[] {
  const reader = new BinaryReader(bytes);
  const found: WireField[] = [];
  while (reader.pos < reader.len) {
    const [no, wire] = reader.tag();
    found.push(make(no, wire, wire === WireType.LengthDelimited ? reader.bytes() : reader.skip(wire, no)));
  }
  return found;
}

/** The bytes of the fields, lengths as they are now. */
export function writeTree(fields: readonly WireField[]): Uint8Array {
  const parts = fields.map(({ no, wire, payload, children }) => {
    const inside = children ? writeTree(children) : payload;
    const head = varint(no * 8 + wire);
    return wire === WireType.LengthDelimited
      ? Buffer.concat([head, varint(inside.length), inside])
      : Buffer.concat([head, inside]);
  });
  return Buffer.concat(parts);
}

/** A number below 2³² on the wire. */
export const varint = (n: number): Uint8Array => new BinaryWriter().uint32(n).finish();

/** Every field with the list that it is in. */
export function placesIn(fields: WireField[]): { readonly list: WireField[]; readonly index: number }[] {
  return fields.flatMap((field, index) => [{ list: fields, index }, ...placesIn(field.children ?? [])]);
}
