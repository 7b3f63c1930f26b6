/**
 * Bytes of models as protobufjs reads them: whatever is done to them, both take the same ones and read the same values, but for
 * classes that we refuse on purpose. `wire.long.test.ts` has more of it.
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { subjects } from "../../support/diff/subjects.ts";
import { fuzzWire } from "../../support/wire/fuzz.ts";
import { judgeWire } from "../../support/wire/judge.ts";
import { KINDS } from "../../support/wire/mutate.ts";

test("a share of every kind of change", async () => {
  const { counts, kinds, wrong } = await fuzzWire(800, 5);
  expect(wrong).toEqual([]);
  expect([...kinds.keys()].sort()).toEqual([...KINDS].sort());
  expect(Math.min(counts.get("read")!, counts.get("refused")!, counts.get("unknown field")!)).toBeGreaterThan(50);
});

test("models as they were written are read by both", async () => {
  for (const { name, bytes } of await subjects()) expect([name, judgeWire(bytes)]).toEqual([name, { outcome: "read" }]);
});

const { Varint, LengthDelimited, StartGroup, EndGroup } = WireType;
const VERSION = 1;
const DESCRIPTION = 2;
const PROGRAM = 502;
/** Fields of the messages below them: `ModelDescription.input`, `Program.version`, `FeatureDescription.name`, … */
const FIRST = 1;
const [TYPE, METADATA, USER_DEFINED, MULTI_ARRAY] = [3, 100, 100, 5] as const;

type Fill = (writer: BinaryWriter) => BinaryWriter;
const bytesOf = (fill: Fill): Uint8Array => fill(new BinaryWriter()).finish();
const number =
  (no: number, ...bytes: readonly number[]): Fill =>
  (w) =>
    w.tag(no, Varint).raw(Uint8Array.from(bytes));
const part =
  (no: number, ...fills: readonly Fill[]): Fill =>
  (w) =>
    w.tag(no, LengthDelimited).bytes(bytesOf((inner) => fills.reduce((x, fill) => fill(x), inner)));
const raw =
  (no: number, ...bytes: readonly number[]): Fill =>
  (w) =>
    w.tag(no, LengthDelimited).bytes(Uint8Array.from(bytes));
const all =
  (...fills: readonly Fill[]): Fill =>
  (w) =>
    fills.reduce((x, fill) => fill(x), w);
const metadata = (...fills: readonly Fill[]) => part(DESCRIPTION, part(METADATA, ...fills));
const array = (...fills: readonly Fill[]) => part(DESCRIPTION, part(FIRST, part(TYPE, part(MULTI_ARRAY, ...fills))));
const text =
  (no: number, value: string): Fill =>
  (w) =>
    w.tag(no, LengthDelimited).string(value);
/** ListType.type of ValueType of … */
const types = (depth: number): Fill => {
  const list = (inner: Fill): Fill => part(2, part(1, inner));
  const inside = Array.from({ length: depth }).reduce<Fill>((inner) => list(inner), part(1));
  return part(PROGRAM, part(4, text(1, "a"), part(2, part(2, inside))));
};

/** Value.type.tensorType.attributes, whose entries hold values: the entries count as messages. */
const values = (depth: number): Fill => {
  const attributes = (inner: Fill): Fill => part(2, part(1, part(4, text(1, "a"), part(2, inner))));
  return part(PROGRAM, part(4, text(1, "a"), part(2, Array.from({ length: depth }).reduce<Fill>(attributes, all()))));
};

/** One case of each thing that the format says; the outcome is that of both, or the class in which we alone refuse. */
const cases: readonly (readonly [what: string, bytes: Fill, outcome: string])[] = [
  ["the last of two numbers", all(number(VERSION, 8), number(VERSION, 9)), "read"],
  ["messages that are merged", all(metadata(text(1, "a")), metadata(text(2, "b"))), "read"],
  ["the last member of a oneof", array(number(41, 5), (w) => w.tag(61, WireType.Bit64).double(1)), "read"],
  ["members of a oneof that are merged", all(part(PROGRAM, number(1, 1)), part(PROGRAM, text(3, "x"))), "read"],
  ["a key of a map twice", metadata(...["1", "2"].map((x) => part(USER_DEFINED, text(1, "k"), text(2, x)))), "read"],
  ["an entry of a map without a value", metadata(part(USER_DEFINED, text(1, "k"))), "read"],
  ["an entry of a map without a key", metadata(part(USER_DEFINED, text(2, "v"))), "read"],
  [
    "an entry with its value twice",
    metadata(part(USER_DEFINED, text(2, "v"), text(2, "w"))),
    "map entry with a key or value twice",
  ],
  ["a key __proto__", metadata(part(USER_DEFINED, text(1, "__proto__"))), "__proto__ as a key"],
  ["a number cut short", (w) => w.tag(VERSION, Varint).raw(Uint8Array.of(0x80)), "refused"],
  ["an over-long number", number(VERSION, 0x89, 0x80, 0x80, 0), "read"],
  ["a number of ten bytes", number(VERSION, ...Array<number>(9).fill(0xff), 1), "read"],
  ["a number of eleven bytes", number(VERSION, ...Array<number>(10).fill(0x80), 0), "refused"],
  ["the smallest 64-bit number", array(raw(1, ...Array<number>(9).fill(0x80), 1)), "read"],
  ["the largest 64-bit number", array(raw(1, ...Array<number>(8).fill(0xff), 0x7f)), "read"],
  ["a text that is not UTF-8", metadata(raw(1, 0xff)), "refused"],
  ["half of a pair of surrogates", metadata(raw(1, 0xed, 0xa0, 0x80)), "refused"],
  ["a text with a byte order mark", metadata(raw(1, 0xef, 0xbb, 0xbf, 0x61)), "text with a byte order mark"],
  ["a group", (w) => w.tag(7, StartGroup).tag(7, EndGroup), "unknown field"],
  ["a group that does not end", (w) => w.tag(7, StartGroup), "refused"],
  ["a group that ends as another", (w) => w.tag(7, StartGroup).tag(8, EndGroup), "refused"],
  ["the end of a group", (w) => w.tag(7, EndGroup), "refused"],
  ["field number 0", (w) => w.raw(Uint8Array.of(0, 1)), "refused"],
  ["wire type 6", (w) => w.raw(Uint8Array.of(0x0e, 1)), "refused"],
  ["a tag of six bytes", (w) => w.raw(Uint8Array.of(0x88, 0x80, 0x80, 0x80, 0x80, 0, 1)), "refused"],
  ["a length of six bytes", (w) => w.raw(Uint8Array.of(0x12, 0x80, 0x80, 0x80, 0x80, 0x80, 0)), "refused"],
  ["a list in one piece", array(raw(1, 4, 8)), "read"],
  ["a list in two pieces and a number", array(raw(1, 4), raw(1, 8), number(1, 9)), "read"],
  ["a list that ends inside a number", array(raw(1, 4, 0x80)), "refused"],
  // A decoder that reads on beyond the list finds its way again behind the next field.
  ["floats that end two bytes into the next field", tensor(part(1, raw(1, 1, 2, 3, 4, 5, 6)), part(2)), "refused"],
  ["floats of a length that is no multiple of 4", floats(1, 2, 3, 4, 5), "refused"],
  ["floats", floats(0, 0, 0x80, 0x3f), "read"],
  ["another wire type", (w) => w.tag(VERSION, LengthDelimited).bytes(Uint8Array.of(9)), "unknown field"],
  ["an unknown field", number(77, 1), "unknown field"],
  ["an unknown field of an entry", metadata(part(USER_DEFINED, number(3, 1))), "unknown field of a map entry"],
  ["40 types within one another", types(40), "read"],
  ["60 types within one another", types(60), "refused"],
  ["20 values in the types of one another", values(20), "read"],
  ["28 values in the types of one another", values(28), "nested deeper than 100"],
];

/** Of a literal in the attributes of the program. */
function floats(...bytes: readonly number[]): Fill {
  return tensor(part(1, raw(1, ...bytes)));
}

/** A literal with these members. */
function tensor(...members: readonly Fill[]): Fill {
  return part(PROGRAM, part(4, text(1, "a"), part(2, part(3, part(1, ...members)))));
}

test.each(cases)("%s", (_, fill, outcome) => {
  expect(judgeWire(bytesOf(fill))).toEqual({ outcome });
});
