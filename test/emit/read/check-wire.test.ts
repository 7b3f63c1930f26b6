/** Fields that a decoder drops or takes for something else are refused: of every message, every field, every wire type. */
import type { DescMessage } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { ModelSchema } from "../../../src/emit/mil/gen/Model_pb.js";
import { checkWire } from "../../../src/emit/read/decode/check-wire.ts";
import { decodeModel } from "../../../src/emit/read/decode/decode.ts";
import { subjects } from "../../support/diff/subjects.ts";

/** The message and all that it may hold. */
function messagesIn(message: DescMessage, found = new Set<DescMessage>()): ReadonlySet<DescMessage> {
  if (found.has(message)) return found;
  found.add(message);
  for (const field of message.fields) if (field.message) messagesIn(field.message, found);
  return found;
}

const messages = [...messagesIn(ModelSchema)];
const WIRES = [WireType.Varint, WireType.Bit64, WireType.LengthDelimited, WireType.Bit32] as const;

/** A field of that number with nothing in it. */
function fieldOf(no: number, wire: (typeof WIRES)[number]): Uint8Array {
  const writer = new BinaryWriter().tag(no, wire);
  if (wire === WireType.Bit64) return writer.double(0).finish();
  return (wire === WireType.Bit32 ? writer.float(0) : writer.uint32(0)).finish();
}

const taken = (message: DescMessage, bytes: Uint8Array): boolean => {
  try {
    return checkWire(message, bytes) === undefined;
  } catch (error) {
    expect(error).toMatchObject({ name: "UserError", message: expect.stringContaining("which graphc does not know") });
    return false;
  }
};

describe.each(messages.map((message) => [message.name, message] as const))("%s", (_, message) => {
  test("an unknown field is refused", () => {
    for (const wire of WIRES) expect(taken(message, fieldOf(5000, wire))).toBe(false);
  });

  test("every field is taken with one wire type; a list of numbers with two", () => {
    for (const field of message.fields) {
      const wires = WIRES.filter((wire) => taken(message, fieldOf(field.number, wire)));
      const isNumbers =
        field.fieldKind === "list" && !field.message && !wires.every((w) => w === WireType.LengthDelimited);
      expect([field.name, wires.length]).toEqual([field.name, isNumbers ? 2 : 1]);
    }
  });
});

test("a key that JavaScript cannot hold is refused, wherever a map is", () => {
  const entry = new BinaryWriter().tag(1, WireType.LengthDelimited).string("__proto__").finish();
  let maps = 0;
  for (const message of messages) {
    for (const field of message.fields.filter(({ fieldKind }) => fieldKind === "map")) {
      const bytes = new BinaryWriter().tag(field.number, WireType.LengthDelimited).bytes(entry).finish();
      expect(() => checkWire(message, bytes)).toThrow(`"__proto__" is no name; a key of ${field.name} is called so`);
      maps += 1;
    }
  }
  expect(maps).toBeGreaterThan(5);
});

test("a model with such a field is refused, and every model that graphc writes is taken", async () => {
  const all = await subjects();
  for (const { bytes } of all) expect(taken(ModelSchema, bytes)).toBe(true);
  const bad = Buffer.concat([all[0]!.bytes, fieldOf(77, WireType.Varint)]);
  expect(() => decodeModel(bad)).toThrow("a Model message has the field 77, which graphc does not know");
});

test("a message that runs beyond the one around it is refused", () => {
  const inner = new BinaryWriter().tag(1, WireType.LengthDelimited).uint32(9).finish();
  const bytes = new BinaryWriter()
    .tag(2, WireType.LengthDelimited)
    .bytes(inner)
    .tag(1, WireType.Varint)
    .uint32(9)
    .finish();
  expect(() => checkWire(ModelSchema, bytes)).toThrow("premature EOF");
});
