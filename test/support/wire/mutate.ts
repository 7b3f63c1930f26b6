/** Changes of a message on the wire: each kind that the format has an opinion on, at a random field, and plain damage of bytes. */
import { WireType } from "@bufbuild/protobuf/wire";
import { ModelSchema } from "../../../src/emit/mil/gen/Model_pb.js";
import type { Random } from "../ops/draw.ts";
import { parseTree, placesIn, varint, type WireField, writeTree } from "./tree.ts";

/** What was done, and the bytes after it. */
export interface Mutated {
  readonly what: string;
  readonly bytes: Uint8Array;
}

interface Chance {
  readonly random: Random;
  int(n: number): number;
  pick<X>(list: readonly X[]): X;
}

type Place = ReturnType<typeof placesIn>[number];
type Change = (place: Place, chance: Chance, places: readonly Place[]) => void;

const isText = ({ wire, children, packed }: WireField) => wire === WireType.LengthDelimited && !children && !packed;
const at = ({ list, index }: Place): WireField => list[index]!;
const longer = (bytes: Uint8Array, by: number): Uint8Array => {
  const last = bytes.length - 1;
  const zeros = Array.from({ length: by }, (_, n) => (n === by - 1 ? 0 : 0x80));
  return Uint8Array.from([...bytes.subarray(0, last), bytes[last]! | 0x80, ...zeros]);
};
const loose = (no: number, wire: number, payload: Uint8Array): WireField => ({
  no,
  wire,
  payload,
  name: "",
  packed: false,
});

/** The kinds of change by name; each says for which fields it is. */
const CHANGES: Readonly<Record<string, { readonly of: (field: WireField) => boolean; readonly change: Change }>> = {
  "another wire type": {
    of: () => true,
    change: (place, { pick }) => {
      const field = at(place);
      const wire = pick([0, 1, 2, 5].filter((x) => x !== field.wire));
      const payload = { 0: varint(7), 1: new Uint8Array(8), 2: Uint8Array.from([1]), 5: new Uint8Array(4) }[wire]!;
      place.list[place.index] = loose(field.no, wire, payload);
    },
  },
  "a field again": {
    of: () => true,
    change: ({ list, index }, { int }) => void list.splice(int(list.length + 1), 0, structuredClone(list[index]!)),
  },
  "a part of a message again": {
    of: ({ children }) => children !== undefined && children.length > 0,
    change: ({ list, index }, { pick }) => {
      const field = structuredClone(list[index]!);
      list.push({ ...field, children: [pick(field.children!)] });
    },
  },
  "another message of the kind": {
    of: ({ children }) => children !== undefined,
    change: (place, { pick }, places) => {
      const same = places.filter((other) => at(other).name === at(place).name);
      place.list.push(structuredClone(at(pick(same))));
    },
  },
  "a field is gone": { of: () => true, change: ({ list, index }) => void list.splice(index, 1) },
  "fields change places": {
    of: () => true,
    change: ({ list, index }, { int }) => void list.splice(int(list.length), 0, ...list.splice(index, 1)),
  },
  "an over-long number": {
    of: ({ wire }) => wire === WireType.Varint,
    change: (place, { int }) => Object.assign(at(place), { payload: longer(at(place).payload, 1 + int(12)) }),
  },
  "a number of 64 bits": {
    of: ({ wire }) => wire === WireType.Varint,
    change: (place, { int }) => {
      const bytes = Array.from({ length: 9 }, () => 0x80 | int(128));
      Object.assign(at(place), { payload: Uint8Array.from([...bytes, int(4)]) });
    },
  },
  "a number that does not end": {
    of: ({ wire }) => wire === WireType.Varint,
    change: (place) => Object.assign(at(place), { payload: Uint8Array.from([0x80]) }),
  },
  "a text that is not UTF-8": {
    of: isText,
    change: (place, { pick }) => {
      const bad = pick([
        [0xff],
        [0xc3],
        [0xed, 0xa0, 0x80],
        [0xc0, 0x80],
        [0xf5, 0x80, 0x80, 0x80],
        [0xef, 0xbb, 0xbf],
      ]);
      Object.assign(at(place), { payload: Uint8Array.from([...bad, ...at(place).payload]) });
    },
  },
  "another text": {
    of: isText,
    change: (place, { pick }) => {
      const text = pick(["", "__proto__", "constructor", "0", "é", "\0", "a\nb", "\u001b[2J", "toString"]);
      Object.assign(at(place), { payload: Buffer.from(text) });
    },
  },
  "a list cut": {
    of: ({ packed, payload }) => packed && payload.length > 0,
    change: (place, { int }) => {
      const { payload } = at(place);
      Object.assign(at(place), { payload: payload.subarray(0, int(payload.length)) });
    },
  },
  "a list with more": {
    of: ({ packed }) => packed,
    change: (place, { int }) => {
      const more = Array.from({ length: 1 + int(9) }, () => int(256));
      Object.assign(at(place), { payload: Uint8Array.from([...at(place).payload, ...more]) });
    },
  },
  "a list one by one": {
    of: ({ packed, payload }) => packed && payload.every((x) => x < 0x80),
    change: (place) => {
      const { no, payload } = at(place);
      place.list.splice(place.index, 1, ...Array.from(payload, (x) => loose(no, 0, Uint8Array.from([x]))));
    },
  },
  "a group": {
    of: () => true,
    change: ({ list, index }, { pick }) => {
      const no = pick([list[index]!.no, 99]);
      const inside = pick([
        [],
        [loose(1, 0, varint(5))],
        [loose(3, 3, varint(0)).wire === 3 ? loose(3, 3, new Uint8Array()) : loose(1, 0, varint(1))],
      ]);
      list.splice(
        index,
        0,
        loose(no, 3, new Uint8Array()),
        ...inside,
        loose(pick([no, no, no + 1]), 4, new Uint8Array()),
      );
    },
  },
  "an unknown field": {
    of: () => true,
    change: ({ list, index }, { pick, int }) =>
      void list.splice(index, 0, loose(pick([77, 5000, 2 ** 29 - 1]), 0, varint(int(300)))),
  },
  "field number 0": { of: () => true, change: ({ list, index }) => void list.splice(index, 0, loose(0, 0, varint(1))) },
  "an end of a group": {
    of: () => true,
    change: ({ list, index }) => void list.splice(index, 0, loose(list[index]!.no, 4, new Uint8Array())),
  },
  "a wire type that is none": {
    of: () => true,
    change: ({ list, index }, { pick }) => void list.splice(index, 0, loose(list[index]!.no, pick([6, 7]), varint(1))),
  },
  "a message within its like": {
    of: ({ children }) => children !== undefined,
    change: (place, { int }) => {
      const { no } = at(place);
      const deep = Array.from({ length: int(130) }).reduce<WireField>(
        (inner) => ({ ...loose(no, 2, new Uint8Array()), children: [inner] }),
        loose(no, 2, new Uint8Array()),
      );
      at(place).children!.push(deep);
    },
  },
};

/** The names of all changes. */
export const KINDS: readonly string[] = [...Object.keys(CHANGES), "bytes"];

/** A change of that kind to a well-formed model; undefined where the model has no field for it. */
export function mutate(bytes: Uint8Array, kind: string, random: Random): Mutated | undefined {
  const int = (n: number) => Math.floor(random() * n);
  const chance: Chance = { random, int, pick: (list) => list[int(list.length)]! };
  if (kind === "bytes") return damage(bytes, chance);
  const { of, change } = CHANGES[kind]!;
  const tree = parseTree(ModelSchema, bytes);
  const places = placesIn(tree);
  const fit = places.filter((place) => of(at(place)));
  if (fit.length === 0) return undefined;
  const place = chance.pick(fit);
  const what = `${kind}, ${at(place).name}`;
  change(place, chance, places);
  return { what, bytes: writeTree(tree) };
}

/** Some bytes changed, gone, doubled or made up, lengths left as they are. */
function damage(bytes: Uint8Array, { int, pick }: Chance): Mutated {
  const list = [...bytes];
  for (let n = 1 + int(3); n > 0; n--) {
    const place = int(list.length);
    const how = pick(["flip", "set", "drop", "double", "insert", "cut"]);
    if (how === "flip") list[place]! ^= 1 << int(8);
    else if (how === "set") list[place] = pick([0, 0x7f, 0x80, 0xff]);
    else if (how === "drop") list.splice(place, 1 + int(4));
    else if (how === "double") list.splice(place, 0, ...list.slice(place, place + 1 + int(20)));
    else if (how === "insert") list.splice(place, 0, int(256));
    else if (int(4) === 0) list.length = place;
  }
  return { what: "bytes", bytes: Uint8Array.from(list) };
}
