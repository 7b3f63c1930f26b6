/** Writing safetensors: the reference writer's layout, and nothing half written. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSafetensors } from "../../src/weights/safetensors/file.ts";
import { writeSafetensors } from "../../src/weights/safetensors/write.ts";
import { refusal, testFolder } from "../support/weights/weights-files.ts";

const tensors = [
  { name: "2", dtype: "F16", shape: [2], data: Uint8Array.of(1, 2, 3, 4) },
  { name: "10", dtype: "F16", shape: [1, 1], data: Uint8Array.of(5, 6) },
  {
    name: "wide",
    dtype: "F32",
    shape: [2],
    async *data() {
      yield Uint8Array.of(7, 8, 9);
      yield Uint8Array.of(10, 11, 12, 13, 14);
    },
  },
  { name: "none", dtype: "U8", shape: [0], data: new Uint8Array() },
];

test("the layout of the reference writer: widest first, then by name, header padded to 8 bytes", async () => {
  const path = join(await testFolder(), "x.safetensors");
  await writeSafetensors(path, tensors, { by: "test" });
  const file = await readFile(path);
  const length = Number(file.readBigUInt64LE());
  expect(length % 8).toBe(0);
  expect(file.toString("utf8", 8, 8 + length).trimEnd()).toBe(
    '{"__metadata__":{"by":"test"},' +
      '"wide":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
      '"10":{"dtype":"F16","shape":[1,1],"data_offsets":[8,10]},' +
      '"2":{"dtype":"F16","shape":[2],"data_offsets":[10,14]},' +
      '"none":{"dtype":"U8","shape":[0],"data_offsets":[14,14]}}',
  );
  expect([...file.subarray(8 + length)]).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 5, 6, 1, 2, 3, 4]);
});

test("what is written can be read", async () => {
  const path = join(await testFolder(), "x.safetensors");
  await writeSafetensors(path, tensors);
  const file = await openSafetensors(path);
  expect(file.metadata).toEqual({});
  const target = new Uint8Array(4);
  await file.read(file.tensors.get("2")!, target, 0);
  expect([...target]).toEqual([1, 2, 3, 4]);
  await file.close();
});

test("data that fail in the middle leave the old file and nothing else", async () => {
  const folder = await testFolder();
  const path = join(folder, "x.safetensors");
  await writeFile(path, "old");
  const failing = {
    name: "a",
    dtype: "U8",
    shape: [2],
    async *data() {
      yield Uint8Array.of(1);
      throw new Error("the source is gone");
    },
  };
  await expect(writeSafetensors(path, [failing])).rejects.toThrow("the source is gone");
  await expect(writeSafetensors(path, [{ ...failing, data: Uint8Array.of(1) }])).rejects.toThrow(
    'tensor "a" has 1 bytes, but its shape needs 2',
  );
  await expect(writeSafetensors(path, [tensors[0]!, tensors[0]!])).rejects.toThrow("a name is given twice");
  expect(await readdir(folder)).toEqual(["x.safetensors"]);
  expect(await readFile(path, "utf8")).toBe("old");
});

test("a place that cannot be written to", async () => {
  const folder = await testFolder();
  expect(await refusal(() => writeSafetensors(join(folder, "none/x.safetensors"), tensors))).toBe(
    "cannot write none/x.safetensors: there is no such file or folder",
  );
  await writeFile(join(folder, "file"), "");
  expect(await refusal(() => writeSafetensors(join(folder, "file/x.safetensors"), tensors))).toBe(
    "cannot write file/x.safetensors: a part of its path is a file, not a folder",
  );
});
