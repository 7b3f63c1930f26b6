/** GGUF files that break a rule: one sentence that names it, and never more memory than the file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ENCODINGS } from "../../../src/weights/gguf/encodings.ts";
import { openGguf } from "../../../src/weights/gguf/file.ts";
import { folderOf } from "../../support/cli.ts";
import { ggufBytes, listOf, type RawInfo, string, text, u32, u64, whole } from "../../support/gguf/gguf-files.ts";

const zeros = (n: number) => new Uint8Array(n);
const tensor = (over: Partial<RawInfo> = {}): RawInfo => ({ name: "a", dims: [4], type: 0, data: zeros(16), ...over });

async function refusal(bytes: Uint8Array): Promise<string> {
  const path = join(folderOf({}), "m.gguf");
  writeFileSync(path, bytes);
  const error = await openGguf(path).then(
    (file) => file.close(),
    (error: Error) => error,
  );
  expect(error?.name).toBe("UserError");
  return error!.message.replace(path, "m.gguf");
}

/** The bytes with others in place of the last occurrence of a text. */
function withBytes(bytes: Buffer, text: string, other: readonly number[]): Buffer {
  const changed = Buffer.from(bytes);
  changed.set(other, bytes.lastIndexOf(text));
  return changed;
}

/** The bytes of a file of one tensor named "a" of one axis, with another offset. */
function withOffset(bytes: Buffer, offset: bigint): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeBigUInt64LE(offset, bytes.lastIndexOf("a") + 1 + 4 + 8 + 4);
  return changed;
}

const good = ggufBytes({ metadata: [["general.architecture", string("phi3")]], tensors: [tensor()] });

test("the file without a fault is read", async () => {
  const path = join(folderOf({ "m.gguf": good }), "m.gguf");
  const file = await openGguf(path);
  expect([...file.tensors.keys()]).toEqual(["a"]);
  expect(file.metadata.get("general.architecture")).toBe("phi3");
  await file.close();
});

test.each<readonly [sentence: string | RegExp, bytes: Uint8Array]>([
  ['m.gguf is no GGUF file: it does not begin with "GGUF"', ggufBytes({ magic: "GGML" })],
  ...[0, 1, 2, 4, 0x04000000].map(
    (version) =>
      [`m.gguf is a GGUF file of version ${version}; graphc reads version 3`, ggufBytes({ version })] as const,
  ),
  ...[1, 2, 3].map(
    (version) =>
      [
        "m.gguf is a big-endian GGUF file, which graphc does not read",
        ggufBytes({ version: version * 0x1000000 }),
      ] as const,
  ),
  ["m.gguf: the file is cut off at byte 3, in its header", good.subarray(0, 3)],
  [/^m\.gguf: the file is cut off: its header describes \d+ bytes and it has \d+$/, good.subarray(0, good.length - 17)],
  [/^m\.gguf: the last tensor ends at byte \d+, but the file has \d+ bytes$/, Buffer.concat([good, zeros(1)])],
  [
    /^m\.gguf: its number of tensors is 1000000, more than \d+ bytes to the end of the file can hold$/,
    ggufBytes({ counts: [1_000_000n, 0n] }),
  ],
  [
    /^m\.gguf: its number of metadata values is 18446744073709551615, which is beyond all bounds$/,
    ggufBytes({ counts: [0n, 2n ** 64n - 1n] }),
  ],
  ["m.gguf: metadata value 0 has an empty key", ggufBytes({ metadata: [["", whole(1)]] })],
  [
    'm.gguf: the key "a" is given twice',
    ggufBytes({
      metadata: [
        ["a", whole(1)],
        ["a", whole(1)],
      ],
    }),
  ],
  ['m.gguf: the value of "a" has the unknown type 13', ggufBytes({ metadata: [["a", [13, u32(0)]]] })],
  [
    'm.gguf: the value of "a" is 2 where a truth value is 0 or 1',
    ggufBytes({ metadata: [["a", [7, Uint8Array.of(2)]]] }),
  ],
  [
    'm.gguf: the value of "a" is not UTF-8',
    ggufBytes({ metadata: [["a", [8, Buffer.concat([u64(1), Uint8Array.of(0xff)])]]] }),
  ],
  [
    'm.gguf: the value of "a" is 3 where a truth value is 0 or 1',
    ggufBytes({ metadata: [["a", listOf(7, 3, Uint8Array.of(0, 1, 3))]] }),
  ],
  ['m.gguf: the value of "a" has the unknown type 13', ggufBytes({ metadata: [["a", listOf(13, 0)]] })],
  [
    "m.gguf: the key of metadata value 0 is not UTF-8",
    withBytes(ggufBytes({ metadata: [["a", whole(1)]] }), "a", [0xc3]),
  ],
  ["m.gguf: the name of a tensor is not UTF-8", withBytes(ggufBytes({ tensors: [tensor()] }), "a", [0xc3])],
  ['m.gguf: the value of "a" is an array of arrays', ggufBytes({ metadata: [["a", listOf(9, 0)]] })],
  [
    /^m\.gguf: the length of the value of "a" is \d+, more than \d+ bytes to the end of the file can hold$/,
    ggufBytes({ metadata: [["a", listOf(8, 2 ** 40)]] }),
  ],
  [
    /^m\.gguf: the file is cut off at byte \d+, in the value of "a"$/,
    ggufBytes({ metadata: [["a", listOf(12, 9, zeros(8))]] }),
  ],
  ...[0, 1, 4, 12, 24, 33, 2 ** 32 - 1].map(
    (alignment) =>
      [
        `m.gguf: "general.alignment" is ${alignment}; it must be a power of two from 8 on`,
        ggufBytes({ metadata: [["general.alignment", whole(alignment)]] }),
      ] as const,
  ),
  ...(
    [
      ["x", string("x")],
      ["true", [7, Uint8Array.of(1)]],
      ["8,16", listOf(4, 2, u32(8), u32(16))],
      ["4294967296", [10, u64(2 ** 32)]],
    ] as const
  ).map(
    ([shown, value]) =>
      [
        `m.gguf: "general.alignment" is ${shown}; it must be a power of two from 8 on`,
        ggufBytes({ metadata: [["general.alignment", value]] }),
      ] as const,
  ),
  ["m.gguf is one of 2 parts of a model", ggufBytes({ metadata: [["split.count", whole(2)]] })],
  [
    `m.gguf: tensor "${"n".repeat(64)}" has a name of more than 63 bytes`,
    ggufBytes({ tensors: [tensor({ name: "n".repeat(64) })] }),
  ],
  ['m.gguf: tensor "a" has 5 axes; 1 to 4 are allowed', ggufBytes({ tensors: [tensor({ dims: [1, 1, 1, 1, 4] })] })],
  ['m.gguf: tensor "a" has 0 axes; 1 to 4 are allowed', ggufBytes({ tensors: [tensor({ dims: [] })] })],
  ['m.gguf: tensor "a" has no elements', ggufBytes({ tensors: [tensor({ dims: [0], data: zeros(0) })] })],
  [
    'm.gguf: tensor "a" has shape [4503599627370496,4503599627370496], whose size is beyond all bounds',
    ggufBytes({ tensors: [tensor({ dims: [2 ** 52, 2 ** 52] })] }),
  ],
  ...(
    [
      [4, "Q4_2"],
      [5, "Q4_3"],
      [31, "Q4_0_4_4"],
      [32, "Q4_0_4_8"],
      [33, "Q4_0_8_8"],
      [36, "IQ4_NL_4_4"],
      [37, "IQ4_NL_4_8"],
      [38, "IQ4_NL_8_8"],
    ] as const
  ).map(
    ([type, name]) =>
      [
        `m.gguf: tensor "a" has the retired type ${type} (${name}), which graphc does not read`,
        ggufBytes({ tensors: [tensor({ type })] }),
      ] as const,
  ),
  [
    'm.gguf: tensor "a" has the type IQ4_XS, which graphc does not read',
    ggufBytes({ tensors: [tensor({ type: 23 })] }),
  ],
  [
    'm.gguf: tensor "a" has the unknown type 99, which graphc does not read',
    ggufBytes({ tensors: [tensor({ type: 99 })] }),
  ],
  ...[...ENCODINGS].flatMap(([type, encoding]) =>
    encoding.kind === "plain"
      ? []
      : [encoding.elements - 1, encoding.elements + 16, encoding.elements / 2].map(
          (row) =>
            [
              `m.gguf: tensor "a" has rows of ${row} elements, which are no whole blocks of ${encoding.name} (${encoding.elements})`,
              // As many elements as whole blocks have.
              ggufBytes({
                tensors: [tensor({ type, dims: [row, 2 * encoding.elements], data: zeros(2 * row * encoding.bytes) })],
              }),
            ] as const,
        ),
  ),
  // A hole, one in the place of another, one inside another, one off the alignment, one behind the end.
  ...[64, 0, 16, 33, 2 ** 40].map(
    (offset) =>
      [
        `m.gguf: tensor "b" begins at offset ${offset}; the one before it ends, padded, at 32`,
        ggufBytes({ tensors: [tensor(), tensor({ name: "b", offset })] }),
      ] as const,
  ),
  ...[32, 2 ** 40].map(
    (offset) =>
      [
        `m.gguf: tensor "a" begins at offset ${offset}; the one before it ends, padded, at 0`,
        ggufBytes({ tensors: [tensor({ offset })] }),
      ] as const,
  ),
  [
    "m.gguf: the offset of a is 18446744073709551615, which is beyond all bounds",
    withOffset(ggufBytes({ tensors: [tensor()] }), 2n ** 64n - 1n),
  ],
  [
    'm.gguf: a size of tensor "a" is 9223372036854775808, which is beyond all bounds',
    ggufBytes({ tensors: [tensor({ dims: [2n ** 63n] })] }),
  ],
  [
    /^m\.gguf: the file is cut off: its header describes 4398046511\d+ bytes and it has \d+$/,
    ggufBytes({ tensors: [tensor({ dims: [2 ** 40] })] }),
  ],
  // Tensors in an order that is not that of their data.
  [
    'm.gguf: tensor "a" begins at offset 32; the one before it ends, padded, at 0',
    ggufBytes({ tensors: [tensor({ offset: 32 }), tensor({ name: "b", offset: 0 })] }),
  ],
  ['m.gguf: tensor "a" is there twice', ggufBytes({ tensors: [tensor(), tensor()] })],
])("%s", async (sentence, bytes) => {
  const told = await refusal(bytes);
  if (typeof sentence === "string") expect(told).toBe(sentence);
  else expect(told).toMatch(sentence);
});

test("numbers of every type are read, lists of them too", async () => {
  const bytes = ggufBytes({
    metadata: [
      ["u8", [0, Uint8Array.of(255)]],
      ["i8", [1, Uint8Array.of(255)]],
      ["u16", [2, new Uint8Array(Uint16Array.of(65535).buffer)]],
      ["i16", [3, new Uint8Array(Int16Array.of(-2).buffer)]],
      ["u32", whole(2 ** 32 - 1)],
      ["i32", [5, new Uint8Array(Int32Array.of(-3).buffer)]],
      ["f32", [6, new Uint8Array(Float32Array.of(0.1).buffer)]],
      ["bool", [7, Uint8Array.of(1)]],
      ["u64", [10, u64(2 ** 52)]],
      ["i64", [11, new Uint8Array(BigInt64Array.of(-4n).buffer)]],
      ["f64", [12, new Uint8Array(Float64Array.of(0.1).buffer)]],
      ["words", listOf(8, 2, text("a"), text(""))],
      ["numbers", listOf(3, 2, new Uint8Array(Int16Array.of(-1, 7).buffer))],
    ],
  });
  const file = await openGguf(join(folderOf({ "m.gguf": bytes }), "m.gguf"));
  expect(Object.fromEntries(file.metadata)).toEqual({
    u8: 255,
    i8: -1,
    u16: 65535,
    i16: -2,
    u32: 2 ** 32 - 1,
    i32: -3,
    f32: Math.fround(0.1),
    bool: true,
    u64: 2 ** 52,
    i64: -4,
    f64: 0.1,
    words: ["a", ""],
    numbers: Int16Array.of(-1, 7),
  });
  await file.close();
});
