/** Reading safetensors headers and data, and files that are refused. */
import { open } from "node:fs/promises";
import { expect, test } from "vitest";
import { openSafetensors } from "../../src/weights/safetensors/file.ts";
import { refusal, safetensorsBytes, testFile, testFolder } from "../support/weights/weights-files.ts";

const opened = async (bytes: Uint8Array) => {
  const file = await openSafetensors(await testFile("m.safetensors", bytes));
  await file.close();
  return file;
};
const refused = async (bytes: Uint8Array) =>
  refusal(async () => openSafetensors(await testFile("m.safetensors", bytes)));
const header = (fields: Record<string, unknown>, data = new Uint8Array()) =>
  safetensorsBytes(JSON.stringify(fields), data);
const bytes = (n: number) => new Uint8Array(n);
const f16 = (begin: number, end: number, shape = [(end - begin) / 2]) => ({
  dtype: "F16",
  shape,
  data_offsets: [begin, end],
});

test("tensors in any order, a scalar, an empty one, padding, metadata", async () => {
  const text = JSON.stringify({
    b: f16(2, 8, [3, 1]),
    __metadata__: { format: "pt" },
    a: { dtype: "BF16", shape: [], data_offsets: [0, 2] },
    empty: { dtype: "F32", shape: [4, 0], data_offsets: [2, 2] },
  });
  const file = await opened(safetensorsBytes(`${text}   `, bytes(8)));
  expect([...file.tensors.values()].map(({ name, dtype, shape, bytes }) => [name, dtype, shape, bytes])).toEqual([
    ["b", "F16", [3, 1], 6],
    ["a", "BF16", [], 2],
    ["empty", "F32", [4, 0], 0],
  ]);
  expect(file.metadata).toEqual({ format: "pt" });
});

test("metadata that is null, as MLX writes it where there is none", async () => {
  const file = await opened(header({ __metadata__: null, a: f16(0, 2) }, bytes(2)));
  expect([[...file.tensors.keys()], file.metadata]).toEqual([["a"], {}]);
});

test("data at an odd offset is read where it is", async () => {
  const text = `${JSON.stringify({ a: { dtype: "U8", shape: [1], data_offsets: [0, 1] }, b: f16(1, 5) })} `;
  const odd = text.length % 2 === 0 ? text : `${text} `;
  const file = await openSafetensors(
    await testFile("m.safetensors", safetensorsBytes(odd, Uint8Array.of(9, 1, 2, 3, 4))),
  );
  const target = new Uint8Array(3);
  await file.read(file.tensors.get("b")!, target, 1);
  await file.close();
  expect([...target]).toEqual([2, 3, 4]);
});

test("a file of more than 4 GB", async () => {
  const big = 5 * 2 ** 30;
  const text = JSON.stringify({ a: f16(0, big), b: f16(big, big + 4) });
  const path = await testFile("m.safetensors", safetensorsBytes(text));
  const handle = await open(path, "r+");
  // A hole in the file system, not in the format: 5 GB of zeros that take no space.
  await handle.write(Uint8Array.of(7, 8, 9, 10), 0, 4, 8 + text.length + big);
  await handle.close();
  const file = await openSafetensors(path);
  const target = new Uint8Array(2);
  await file.read(file.tensors.get("b")!, target, 2);
  await file.close();
  expect([...target]).toEqual([9, 10]);
});

test("a file that became shorter after it was opened", async () => {
  const path = await testFile("m.safetensors", header({ a: f16(0, 8) }, bytes(8)));
  const file = await openSafetensors(path);
  const handle = await open(path, "r+");
  await handle.truncate(60);
  await handle.close();
  expect(await refusal(() => file.read(file.tensors.get("a")!, bytes(8), 0))).toBe(
    "m.safetensors: the file ends before byte 70",
  );
  await file.close();
});

test.each<[sentence: string, bytes: Uint8Array]>([
  ["m.safetensors: 7 bytes are too few for a safetensors file", bytes(7)],
  [
    "m.safetensors: the header length 18446744073709551615 is above the limit of 100000000 bytes",
    new Uint8Array(20).fill(255),
  ],
  [
    "m.safetensors: the header length 100000001 is above the limit of 100000000 bytes",
    Uint8Array.of(0x01, 0xe1, 0xf5, 0x05, 0, 0, 0, 0, 0x7b),
  ],
  [
    "m.safetensors: the file is cut off: a header of 100 bytes in a file of 10 bytes",
    Uint8Array.of(100, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d),
  ],
  ['m.safetensors: the header does not begin with "{"', safetensorsBytes(" {}")],
  ['m.safetensors: the header does not begin with "{"', safetensorsBytes("")],
  [
    "m.safetensors: not valid UTF-8",
    safetensorsBytes(Buffer.concat([Buffer.from('{"'), Uint8Array.of(0xff), Buffer.from('":1}')])),
  ],
  ['m.safetensors: the key "a" is given twice', safetensorsBytes('{"a":1,"b":{"c":2},"a":3}')],
  ['m.safetensors: the key "a\\"b" is given twice', safetensorsBytes('{"a\\"b":1,"a\\u0022b" :3}')],
  [
    'm.safetensors: the key "dtype" is given twice',
    safetensorsBytes('{"a":{"dtype":"F16","shape":[],"dtype":"F32","data_offsets":[0,2]}}', bytes(2)),
  ],
  ['m.safetensors: "__metadata__" must map strings to strings', header({ __metadata__: { epoch: 3 } })],
  ['m.safetensors: "__metadata__" must map strings to strings', header({ __metadata__: ["a"] })],
  ['m.safetensors: tensor "a" must have an object with dtype, shape and data_offsets', header({ a: [] })],
  ['m.safetensors: tensor "a" has no dtype', header({ a: { shape: [], data_offsets: [0, 2] } })],
  [
    'm.safetensors: tensor "a" has dtype F6_E2M3, which is not supported',
    header({ a: { ...f16(0, 2), dtype: "F6_E2M3" } }, bytes(2)),
  ],
  [
    'm.safetensors: tensor "a" has dtype toString, which is not supported',
    header({ a: { ...f16(0, 2), dtype: "toString" } }, bytes(2)),
  ],
  [
    'm.safetensors: tensor "a" has a shape that is not a list of whole numbers',
    header({ a: { ...f16(0, 2), shape: [-1] } }, bytes(2)),
  ],
  [
    'm.safetensors: tensor "a" has data_offsets that are not a pair of whole numbers',
    header({ a: { ...f16(0, 2), data_offsets: [0, 1, 2] } }, bytes(2)),
  ],
  [
    'm.safetensors: tensor "a" has data_offsets [4,2] that end before they begin',
    header({ a: { ...f16(0, 2), data_offsets: [4, 2] } }, bytes(4)),
  ],
  [
    'm.safetensors: tensor "a" has shape [4294967296,4294967296], whose size is beyond all bounds',
    header({ a: f16(0, 2, [2 ** 32, 2 ** 32]) }, bytes(2)),
  ],
  ['m.safetensors: tensor "a" has 6 bytes, but F16 [2,2] needs 8', header({ a: f16(0, 6, [2, 2]) }, bytes(6))],
  ['m.safetensors: there is a hole of 2 bytes before tensor "b"', header({ a: f16(0, 2), b: f16(4, 6) }, bytes(6))],
  ['m.safetensors: there is a hole of 2 bytes before tensor "a"', header({ a: f16(2, 4) }, bytes(4))],
  ['m.safetensors: tensor "b" overlaps the one before it by 2 bytes', header({ b: f16(2, 6), a: f16(0, 4) }, bytes(6))],
  [
    "m.safetensors: the file is cut off: its header describes 66 bytes and it has 64",
    header({ a: f16(0, 4) }, bytes(2)),
  ],
  ["m.safetensors: the last tensor ends at byte 66, but the file has 67 bytes", header({ a: f16(0, 4) }, bytes(5))],
])("refused: %s", async (sentence, file) => {
  expect(await refused(file)).toBe(sentence);
});

test("broken JSON is refused with the parser's reason", async () => {
  expect(await refused(safetensorsBytes('{"a":'))).toMatch(/^m\.safetensors: not valid JSON: /);
});

test("a missing file and a folder are refused", async () => {
  const folder = await testFolder();
  expect(await refusal(() => openSafetensors(`${folder}/none`))).toBe(
    "cannot read none: there is no such file or folder",
  );
  expect(await refusal(() => openSafetensors(`${folder}/`))).toBe("cannot read : it is a folder, not a file");
});
