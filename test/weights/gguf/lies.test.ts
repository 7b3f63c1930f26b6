/** GGUF files cut at every byte, and counts and lengths of theirs that are not those of what follows. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openGguf } from "../../../src/weights/gguf/file.ts";
import { folderOf } from "../../support/cli.ts";
import { ggufBytes, listOf, string, text, u32, u64, whole } from "../../support/gguf/gguf-files.ts";

/** A function of a file's bytes: what is said of it, undefined where nothing is. */
function reader(): (bytes: Uint8Array) => Promise<string | undefined> {
  const path = join(folderOf({}), "m.gguf");
  return async (bytes) => {
    writeFileSync(path, bytes);
    try {
      await (await openGguf(path)).close();
      return undefined;
    } catch (error) {
      expect((error as Error).name, String((error as Error).stack)).toBe("UserError");
      return (error as Error).message.replace(path, "m.gguf");
    }
  };
}

const found = (form: RegExp, message = ""): readonly (string | undefined)[] => form.exec(message)?.slice(1) ?? [];

const tensors = ["one", "two"].map((name) => ({ name, dims: [3, 2], type: 0, data: new Uint8Array(24).fill(7) }));
const metadata = [
  ["text", string("some words that are longer than all that is asked for of the values behind them")],
  ["size", [10, u64(5)]],
  ["numbers", listOf(4, 3, u32(1), u32(2), u32(3))],
  ["words", listOf(8, 2, text("a"), text("bc"))],
] as const;
const whole3 = ggufBytes({ metadata, tensors });
/** Of the last tensor the padding may be left out. */
const PADDING = 8;

/** What is said of a file's beginnings, the lengths aside. */
async function toldOfCuts(bytes: Uint8Array, end: number): Promise<readonly string[]> {
  const refusal = reader();
  const told = new Set<string>();
  for (let length = 0; length < end; length++) {
    const message = await refusal(bytes.subarray(0, length));
    const [size, what] = found(/^m\.gguf: the file is cut off at byte (\d+), in (.+)$/, message);
    const [has] = found(/^m\.gguf: the file is cut off: its header describes \d+ bytes and it has (\d+)$/, message);
    const [lies, left] = found(
      /^m\.gguf: (.*) is \d+, more than (\d+) bytes to the end of the file can hold$/,
      message,
    );
    expect(size ?? has ?? left, `${length}: ${message}`).toBeDefined();
    if (left === undefined) expect(Number(size ?? has)).toBe(length);
    told.add(what ?? (has === undefined ? `${lies}, too large` : "the data"));
  }
  return [...told];
}

const lengthOf = (what: string) => [`the length of ${what}`, what];

test("a file that is cut anywhere is refused, and says in what it is cut", async () => {
  const header = ggufBytes({ metadata });
  const told = [
    ...(await toldOfCuts(whole3, whole3.length - PADDING)),
    // Without tensors, so that their number is not what is told first.
    ...(await toldOfCuts(header, header.indexOf("bc") + 2)),
  ];
  expect([...new Set(told)].toSorted()).toEqual(
    [
      "its header",
      ...["its number of tensors", "its number of metadata values"].flatMap((count) => [count, `${count}, too large`]),
      ...[1, 2, 3].flatMap((n) => lengthOf(`the key of metadata value ${n}`)),
      'the value of "text"',
      'the value of "size"',
      ...["numbers", "words"].flatMap((key) => [
        ...lengthOf(`the value of "${key}"`),
        `the length of the value of "${key}", too large`,
      ]),
      ...lengthOf("the name of a tensor"),
      ...["one", "two"].flatMap((name) => [`a size of tensor "${name}"`, `the offset of ${name}`]),
      "the data",
    ].toSorted(),
  );
});

test("the padding behind the last tensor may be there or not", async () => {
  const refusal = reader();
  for (let length = whole3.length - PADDING; length <= whole3.length; length++)
    expect(await refusal(whole3.subarray(0, length)), String(length)).toBeUndefined();
});

/** Where a number is; by how much it may lie, where the file would be as good with some others. */
interface Lie {
  readonly what: string;
  readonly at: number;
  readonly by?: readonly bigint[];
}
const fields: readonly Lie[] = [
  { what: "number of tensors", at: 8 },
  { what: "number of metadata values", at: 16 },
  { what: "length of a key", at: 24 },
  { what: "length of a text", at: whole3.indexOf("some words") - 8 },
  { what: "length of a list of numbers", at: whole3.indexOf("numbers") + 7 + 4 + 4 },
  { what: "length of a list of texts", at: whole3.indexOf("words", whole3.indexOf("numbers")) + 5 + 4 + 4 },
  { what: "length of a text of a list", at: whole3.indexOf("bc") - 8 },
  { what: "length of a name", at: whole3.indexOf("two") - 8 },
  // Up to 4 the tensor ends in the same padding.
  { what: "size of an axis", at: whole3.indexOf("two") + 3 + 4, by: [-3n, 2n] },
  { what: "offset", at: whole3.indexOf("two") + 3 + 4 + 16 + 4 },
];

test.each(fields)("a $what that lies is refused", async ({ at, by = [-1n, 1n, 2n] }) => {
  const refusal = reader();
  const right = whole3.readBigUInt64LE(at);
  const large = [2n ** 16n, 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
  for (const wrong of [...by.map((n) => right + n), ...large]) {
    if (wrong < 0n) continue;
    const bytes = Buffer.from(whole3);
    bytes.writeBigUInt64LE(wrong, at);
    expect(await refusal(bytes), String(wrong)).toBeDefined();
  }
});

test("a number of axes or a type that lies is refused", async () => {
  const refusal = reader();
  const at = whole3.indexOf("two") + 3;
  for (const [place, wrongs] of [
    [at, [0, 3, 4, 5, 2 ** 32 - 1]],
    [at + 4 + 16, [2, 8, 12, 4, 41, 99, 2 ** 32 - 1]],
  ] as const)
    for (const wrong of wrongs) {
      const bytes = Buffer.from(whole3);
      bytes.writeUInt32LE(wrong, place);
      expect(await refusal(bytes), `${wrong} at ${place}`).toBeDefined();
    }
});

test("a value of another type than it has is refused, or is read as what it says", async () => {
  const refusal = reader();
  const at = whole3.indexOf("size") + 4;
  for (let type = 0; type < 14; type++) {
    const bytes = Buffer.from(whole3);
    bytes.writeUInt32LE(type, at);
    // As many bytes as the right one has.
    const isAsWide = [10, 11, 12].includes(type);
    expect((await refusal(bytes)) === undefined, String(type)).toBe(isAsWide);
  }
});

test("alignments that are powers of two are read", async () => {
  const refusal = reader();
  for (const alignment of [8, 16, 64, 4096])
    expect(
      await refusal(ggufBytes({ alignment, metadata: [["general.alignment", whole(alignment)]], tensors })),
    ).toBeUndefined();
});
