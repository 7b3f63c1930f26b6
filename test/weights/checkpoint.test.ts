/** Checkpoint folders: files and shards, what streaming reports, and folders that lie. */
import { cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fp16Bits } from "../../src/dsl/number.ts";
import { openCheckpoint } from "../../src/weights/hub/checkpoint.ts";
import { type TensorToWrite, writeSafetensors } from "../../src/weights/safetensors/write.ts";
import { bf16Bytes, bitsOfBytes, gather, refusal, testFolder } from "../support/weights/weights-files.ts";

const bf16 = (name: string, numbers: readonly number[], shape = [numbers.length]): TensorToWrite => ({
  name,
  dtype: "BF16",
  shape,
  data: bf16Bytes(numbers),
});

/** A folder with config.json, the given files of tensors, and an index when there are several. */
async function checkpointFolder(files: Readonly<Record<string, readonly TensorToWrite[]>>): Promise<string> {
  const folder = await testFolder();
  await writeFile(join(folder, "config.json"), "{}");
  for (const [file, tensors] of Object.entries(files)) await writeSafetensors(join(folder, file), tensors);
  const map = Object.entries(files).flatMap(([file, tensors]) => tensors.map(({ name }) => [name, file]));
  if (!("model.safetensors" in files)) await writeIndex(folder, Object.fromEntries(map));
  return folder;
}

const writeIndex = (folder: string, weight_map: unknown) =>
  writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map }));

const refused = (folder: string) => refusal(() => openCheckpoint(folder));
const fp16 = (numbers: readonly number[]) => numbers.map(fp16Bits);
const whole = (tensor: string) => ({ from: "checkpoint", tensor }) as const;
const vector = (n: number) => ({ dtype: "fp16", shape: [n] }) as const;

test("a single file: tensors by name, config, what nobody read", async () => {
  const folder = await checkpointFolder({ "model.safetensors": [bf16("a", [1, -2, 0.5]), bf16("b.c", [4])] });
  const checkpoint = await openCheckpoint(folder);
  expect(checkpoint.config).toEqual({});
  expect(checkpoint.unread()).toEqual(["a", "b.c"]);
  expect(bitsOfBytes(await gather(checkpoint.stream(whole("a"), vector(3))))).toEqual(fp16([1, -2, 0.5]));
  expect(checkpoint.unread()).toEqual(["b.c"]);
  expect(checkpoint.unread("a")).toEqual([]);
  expect(await refusal(() => checkpoint.stream(whole("d"), vector(1)))).toBe(': tensor "d" is missing');
  await checkpoint.close();
});

test("shards, one of them in a subfolder and one a link out of the folder, as the Hugging Face cache has them", async () => {
  const folder = await checkpointFolder({ "1.safetensors": [bf16("a", [1])], "2.safetensors": [bf16("b", [2])] });
  const elsewhere = await testFolder();
  await cp(join(folder, "2.safetensors"), join(elsewhere, "blob"));
  await rm(join(folder, "2.safetensors"));
  await symlink(join(elsewhere, "blob"), join(folder, "2.safetensors"));
  await mkdir(join(folder, "sub"));
  await cp(join(folder, "1.safetensors"), join(folder, "sub/1.safetensors"));
  await writeIndex(folder, { a: "sub/1.safetensors", b: "2.safetensors" });
  const checkpoint = await openCheckpoint(folder);
  expect(bitsOfBytes(await gather(checkpoint.stream(whole("b"), vector(1))))).toEqual(fp16([2]));
  expect(bitsOfBytes(await gather(checkpoint.stream(whole("a"), vector(1))))).toEqual(fp16([1]));
  await checkpoint.close();
});

test("what rounding cost and what is not finite is reported once, however often it is streamed", async () => {
  const small = 3 * 2 ** -25;
  const numbers = [1, small, Number.NaN, Infinity];
  const folder = await checkpointFolder({ "model.safetensors": [bf16("a", numbers, [2, 2]), bf16("b", [-Infinity])] });
  const checkpoint = await openCheckpoint(folder);
  expect(checkpoint.report()).toEqual({ rounded: 0, worstError: 0, nonFinite: [] });
  const rows = [
    [1, 2],
    [0, 1],
    [0, 1],
  ] as const;
  for (const range of rows)
    await gather(checkpoint.stream({ ...whole("a"), rows: range }, { dtype: "fp16", shape: [1, 2] }));
  expect(bitsOfBytes(await gather(checkpoint.stream(whole("b"), vector(1))))).toEqual([0xfc00]);
  expect(checkpoint.report()).toEqual({
    rounded: 1,
    worstError: 2 ** -25,
    nonFinite: [
      { tensor: "a", index: 2, count: 2 },
      { tensor: "b", index: 0, count: 1 },
    ],
  });
  await checkpoint.close();
});

test("an overflow, a wrong shape and a dtype that is not supported", async () => {
  const folder = await checkpointFolder({
    "model.safetensors": [bf16("big", [1, 2 ** 17]), { name: "i", dtype: "I8", shape: [1], data: Uint8Array.of(1) }],
  });
  const checkpoint = await openCheckpoint(folder);
  const stream = (name: string, n: number) => refusal(() => gather(checkpoint.stream(whole(name), vector(n))));
  expect(await stream("big", 2)).toBe(
    'model.safetensors: tensor "big" has 131072 at [1], which fp16 cannot hold (its largest number is 65504)',
  );
  expect(await stream("big", 3)).toBe(
    'model.safetensors: tensor "big" [2] gives a weight of shape [2], but the graph wants fp16[3]',
  );
  expect(await stream("i", 1)).toBe(
    'model.safetensors: tensor "i" has dtype I8, which is not supported; convert it to BF16',
  );
  await checkpoint.close();
});

test("folders that are no checkpoint", async () => {
  const folder = await testFolder();
  expect(await refused(join(folder, "none"))).toBe("cannot read none: there is no such file or folder");
  await writeFile(join(folder, "config.json"), '{"a": 1, "a": 2}');
  expect(await refused(folder)).toBe('config.json: the key "a" is given twice');
  await writeFile(join(folder, "config.json"), "{}");
  expect(await refused(folder)).toBe(
    ": holds neither model.safetensors nor model.safetensors.index.json; is it a checkpoint folder?",
  );
  await writeIndex(folder, {});
  await writeSafetensors(join(folder, "model.safetensors"), []);
  expect(await refused(folder)).toBe(
    ": holds model.safetensors, and model.safetensors.index.json names other files; remove what is stale",
  );
});

test.each([
  ["model.Q4_K_M.gguf", "holds model.Q4_K_M.gguf, a GGUF file; give that file"],
  ["phi.mlpackage", "holds phi.mlpackage, a Core ML model; give that, not its folder"],
  [
    "adapter_config.json",
    "holds an adapter without its base model; merge it into the base model (peft: merge_and_unload) and save that",
  ],
  [
    "pytorch_model-00001-of-00002.bin",
    "holds pytorch_model-00001-of-00002.bin, a pickle, which runs code when it is read; load it with transformers and save it with save_pretrained, which writes safetensors",
  ],
  [
    "weights.00.npz",
    "holds weights.00.npz, whose tensors have other names; give the checkpoint in Hugging Face's layout",
  ],
])("a folder with %s alone is told what it is", async (file, sentence) => {
  const folder = await testFolder();
  await writeFile(join(folder, file), "");
  expect(await refused(folder)).toBe(`: ${sentence}`);
  await writeFile(join(folder, "config.json"), "{}");
  expect(await refused(folder)).toBe(`: ${sentence}`);
});

test("an index that names the one file is none too many", async () => {
  const folder = await checkpointFolder({ "model.safetensors": [bf16("a", [1])] });
  await writeIndex(folder, { a: "model.safetensors" });
  const checkpoint = await openCheckpoint(folder);
  expect([...checkpoint.tensors.keys()]).toEqual(["a"]);
  await checkpoint.close();
});

test("what Git leaves where large files were not fetched", async () => {
  const folder = await testFolder();
  await writeFile(join(folder, "config.json"), "{}");
  await writeFile(
    join(folder, "model.safetensors"),
    "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
  );
  expect(await refused(folder)).toBe(
    "model.safetensors is a Git LFS pointer, not the weights; run git lfs pull in its folder",
  );
});

test("scales that no packed weights stand beside are tensors like any other", async () => {
  const checkpoint = await openCheckpoint(await checkpointFolder({ "model.safetensors": [bf16("w.scales", [1])] }));
  expect([...checkpoint.tensors.keys()]).toEqual(["w.scales"]);
  await checkpoint.close();
});

test("names of a base model are given their first part, those of the head are not", async () => {
  const names = ["embed_tokens.weight", "layers.0.input_layernorm.weight", "lm_head.weight"];
  const folder = await checkpointFolder({ "model.safetensors": names.map((name) => bf16(name, [1])) });
  const checkpoint = await openCheckpoint(folder);
  const full = ["model.embed_tokens.weight", "model.layers.0.input_layernorm.weight", "lm_head.weight"];
  expect([...checkpoint.tensors].map(([key, { name }]) => [key, name])).toEqual(full.map((name) => [name, name]));
  expect(checkpoint.notes).toEqual([expect.stringContaining('tensor names lack "model."')]);
  await gather(checkpoint.stream(whole("model.embed_tokens.weight"), vector(1)));
  await checkpoint.close();
});

test("indices that lie", async () => {
  const folder = await checkpointFolder({ "1.safetensors": [bf16("a", [1])], "2.safetensors": [bf16("b", [2])] });
  const index = "model.safetensors.index.json";
  const with_ = async (map: unknown) => {
    await writeIndex(folder, map);
    return refused(folder);
  };
  expect(await with_({ a: "1.safetensors", b: "3.safetensors" })).toBe(
    `${index}: names the file "3.safetensors", which is missing in `,
  );
  for (const outside of ["../1.safetensors", "/etc/passwd", "sub/../../x", "..\\x", "C:\\x"])
    expect(await with_({ a: outside })).toBe(
      `${index}: names the file ${JSON.stringify(outside)}, which is outside the checkpoint folder`,
    );
  expect(await with_({ a: "2.safetensors", b: "2.safetensors" })).toBe(
    `${index}: says that tensor "a" is in 2.safetensors, which does not hold it`,
  );
  expect(await with_({ a: 1 })).toBe(`${index}: the file of tensor "a" must be a string`);
  expect(await with_(undefined)).toBe(`${index}: "weight_map" is missing; it must map tensor names to files`);
  await writeFile(join(folder, index), "null");
  expect(await refused(folder)).toBe(`${index}: "weight_map" is missing; it must map tensor names to files`);
});

test("a tensor that the index does not mention", async () => {
  const folder = await checkpointFolder({ "1.safetensors": [bf16("a", [1]), bf16("b", [2])] });
  await writeIndex(folder, { a: "1.safetensors" });
  expect(await refused(folder)).toBe(
    'model.safetensors.index.json: does not say that tensor "b" is in 1.safetensors, which holds it',
  );
});

test("a lying shard is refused when the checkpoint is opened", async () => {
  const folder = await checkpointFolder({ "1.safetensors": [bf16("a", [1])], "2.safetensors": [bf16("b", [2])] });
  await writeFile(join(folder, "2.safetensors"), "short");
  expect(await refused(folder)).toBe("2.safetensors: 5 bytes are too few for a safetensors file");
});
