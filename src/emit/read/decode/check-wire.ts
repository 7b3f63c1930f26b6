/**
 * The bytes of a message held against its declaration, ahead of what a decoder makes of them. A decoder takes a field for what it is
 * not, reads beyond the end of a list, and drops what it has no name for; nobody would be told.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { UserError } from "../../../dsl/user-error.ts";
import { type Cursor, lengthAt, malformed, skipGroup, tagAt, varintAt } from "./wire-bytes.ts";

/** Messages within messages that protobuf reads by default (`CodedInputStream::GetDefaultRecursionLimit`), and Core ML with it. */
const DEEPEST = 100;

/**
 * Messages and members of lists that a model may have in all, since each takes far more memory than bytes of the file. 4 million
 * messages are some 250,000 ops; more numbers than that belong in a weight file, and packed as bytes they do not count.
 */
const [MOST_MESSAGES, MOST_MEMBERS] = [2 ** 22, 2 ** 22];

/** What a walk over the bytes knows. */
interface Walk {
  readonly bytes: Uint8Array;
  messages: number;
  members: number;
  /** The fields of each message by number; filled in on the way. */
  readonly fields: Map<DescMessage, ReadonlyMap<number, DescField>>;
  /** What is said of the first field that the declaration does not have. */
  stranger?: string;
}

/**
 * What to say of the first field that the declaration does not have; undefined where there is none. A decoder keeps such a field
 * aside, so that a better sentence may be found for it.
 * @throws UserError when the bytes are no message, are nested too deeply, or hold a field with another wire type
 */
export function checkWire(message: DescMessage, bytes: Uint8Array): string | undefined {
  const walk: Walk = { bytes, messages: 0, members: 0, fields: new Map() };
  checkMessage(message, { pos: 0, end: bytes.length }, 1, walk);
  return walk.stranger;
}

function checkMessage(message: DescMessage, at: Cursor, depth: number, walk: Walk): void {
  if (depth > DEEPEST)
    throw new UserError(`the model is nested more than ${DEEPEST} messages deep, which is as deep as protobuf reads`);
  walk.messages += 1;
  if (walk.messages > MOST_MESSAGES)
    throw new UserError(
      `the model has more than ${MOST_MESSAGES} messages (ops, values, types); graphc reads up to as many`,
    );
  const fields = walk.fields.get(message) ?? new Map(message.fields.map((field) => [field.number, field]));
  walk.fields.set(message, fields);
  while (at.pos < at.end) {
    const { no, wire } = tagAt(walk.bytes, at);
    const field = fields.get(no);
    if (!field) {
      walk.stranger ??= `a ${message.name} message has the field ${no}, which graphc does not know`;
      skip(no, wire, at, depth, walk);
    } else {
      if (!wiresOf(field).includes(wire))
        throw new UserError(
          `a ${message.name} message has the field ${no} with wire type ${wire}, which graphc does not know`,
        );
      checkField(field, wire, at, depth, walk);
    }
  }
}

function checkField(field: DescField, wire: WireType, at: Cursor, depth: number, walk: Walk): void {
  if (field.fieldKind === "list" && !field.message) countMember(1, walk);
  if (field.fieldKind === "map") checkEntry(field, partAt(at, walk), depth + 1, walk);
  else if (field.message) checkMessage(field.message, partAt(at, walk), depth + 1, walk);
  else if (field.fieldKind === "list" && wire === WireType.LengthDelimited && ownWire(field) !== wire)
    checkPacked(field, partAt(at, walk), walk);
  else if (isText(field)) checkText(partAt(at, walk), field, walk);
  else skip(field.number, wire, at, depth, walk);
}

const isText = (field: DescField): boolean =>
  (field.fieldKind === "scalar" || field.fieldKind === "list") && field.scalar === ScalarType.STRING;

/** Bytes of a name: of values, functions, ops, files. Words for people, and the texts of a literal, may be longer. */
const MOST_IN_NAME = 2 ** 16;
const isProse = (field: DescField): boolean =>
  ["Metadata", "RepeatedStrings"].includes(field.parent.name) || ["docString", "shortDescription"].includes(field.name);

/** A decoder would drop a byte order mark. Whether the rest is UTF-8 it tells itself. */
function checkText({ pos, end }: Cursor, field: DescField, { bytes }: Walk): void {
  const { name } = field;
  if (end - pos > MOST_IN_NAME && !isProse(field))
    throw new UserError(`a name (${name}) has ${end - pos} bytes; graphc reads names of up to ${MOST_IN_NAME}`);
  const isMarked = end - pos >= 3 && bytes[pos] === 0xef && bytes[pos + 1] === 0xbb && bytes[pos + 2] === 0xbf;
  if (isMarked) throw new UserError(`a text (${name}) begins with a byte order mark`);
}

/** The bytes of a field with a length, which is behind them then. */
function partAt(at: Cursor, { bytes }: Walk): Cursor {
  const length = lengthAt(bytes, at);
  const begin = at.pos;
  at.pos += length;
  return { pos: begin, end: at.pos };
}

/** Numbers in one piece fill it. */
function checkPacked(field: DescField, part: Cursor, walk: Walk): void {
  const own = ownWire(field);
  const size = own === WireType.Bit32 ? 4 : 8;
  if (own !== WireType.Varint) {
    const length = part.end - part.pos;
    if (length % size !== 0) throw malformed(`a list of ${size} bytes each has ${length} bytes`, part);
    countMember(length / size, walk);
    return;
  }
  while (part.pos < part.end) {
    varintAt(walk.bytes, part);
    countMember(1, walk);
  }
}

function countMember(members: number, walk: Walk): void {
  walk.members += members;
  if (walk.members > MOST_MEMBERS)
    throw new UserError(
      `the model has more than ${MOST_MEMBERS} numbers and texts in lists; graphc reads up to as many`,
      "keep weights in weight.bin",
    );
}

function skip(no: number, wire: WireType, at: Cursor, depth: number, walk: Walk): void {
  if (wire === WireType.Varint) varintAt(walk.bytes, at);
  else if (wire === WireType.LengthDelimited) partAt(at, walk);
  else if (wire === WireType.StartGroup) skipGroup(walk.bytes, no, at, DEEPEST - depth);
  else if (wire === WireType.EndGroup) throw malformed("a group ends that has not begun", at);
  else {
    at.pos += wire === WireType.Bit32 ? 4 : 8;
    if (at.pos > at.end) throw malformed("the bytes end inside a field", at);
  }
}

/** Wire types that the field may have: a list of numbers is written in one piece or one by one. */
function wiresOf(field: DescField): readonly WireType[] {
  const own = ownWire(field);
  return field.fieldKind === "list" ? [own, WireType.LengthDelimited] : [own];
}

/** Of a field, or of one element of a list. */
function ownWire(field: DescField): WireType {
  if (field.fieldKind === "map" || field.message) return WireType.LengthDelimited;
  return field.fieldKind === "enum" || field.scalar === undefined ? WireType.Varint : scalarWire(field.scalar);
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

/**
 * Keys and texts are strings in every map of the format; a value may be a message. Decoders differ on an entry that gives either
 * twice, and none writes it.
 */
function checkEntry(field: DescField & { fieldKind: "map" }, at: Cursor, depth: number, walk: Walk): void {
  const seen = new Set<number>();
  while (at.pos < at.end) {
    const { no, wire } = tagAt(walk.bytes, at);
    if (no > 2 || wire !== WireType.LengthDelimited)
      throw new UserError(`a key or value of ${field.name} has the field ${no}, which graphc does not know`);
    if (seen.has(no)) throw new UserError(`an entry of ${field.name} has its ${no === 1 ? "key" : "value"} twice`);
    seen.add(no);
    const part = partAt(at, walk);
    if (no === 1 || !field.message) checkText(part, field, walk);
    const isBad = no === 1 && Buffer.from(walk.bytes.subarray(part.pos, part.end)).toString() === "__proto__";
    if (isBad) throw new UserError(`"__proto__" is no name; a key of ${field.name} is called so`);
    if (no === 2 && field.message) checkMessage(field.message, part, depth + 1, walk);
  }
}
