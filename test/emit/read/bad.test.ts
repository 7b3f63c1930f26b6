/** Packages that are not what they should be: one clear sentence each. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { graph } from "../../../src/dsl/graph.ts";
import { linear } from "../../../src/dsl/ops/index.ts";
import { input, weight } from "../../../src/dsl/tensor.ts";
import { sentenceOf } from "../../../src/dsl/user-error.ts";
import type { Program } from "../../../src/emit/mil/gen/MIL_pb.js";
import { ModelSchema } from "../../../src/emit/mil/gen/Model_pb.js";
import { overlapRefuser } from "../../../src/emit/read/blobs/blob-spans.ts";
import { graphOf, readPackage } from "../../../src/emit/read/read.ts";
import { writePackage } from "../../../src/emit/write/package.ts";
import { generatedStore } from "../../../src/weights/generated.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-bad-"));
afterAll(() => rmSync(folder, { recursive: true }));

const good = join(folder, "good.mlpackage");
const bad = join(folder, "bad.mlpackage");
const MODEL = "Data/com.apple.CoreML/model.mlmodel";
const WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin";

beforeAll(async () => {
  const x = input("x", [4, 6]);
  const y = linear(x, weight("w", [8, 6]), { bias: weight("b", [8]) });
  const shapes = new Map([
    ["w", [8, 6]],
    ["b", [8]],
  ]);
  await writePackage(graph({ name: "g", inputs: [x], outputs: { y } }), generatedStore(shapes), good);
});
beforeEach(() => {
  rmSync(bad, { recursive: true, force: true });
  cpSync(good, bad, { recursive: true });
});

const file = (path: string) => join(bad, path);

/** What reading the package, with everything it refers to, complains of. */
function complaint(path = bad): string {
  try {
    graphOf(readPackage(path));
  } catch (error) {
    expect((error as Error).name).toBe("UserError");
    return sentenceOf(error as Error).replaceAll(folder, "…");
  }
  return "no complaint";
}

const BLOB = '"@model_path/weights/weight.bin"';
/** Where the first blob is referred to: the emitter sorts operands by name. */
const AT = '…/bad.mlpackage: function "main", op';

test("the package itself is good", () => expect(complaint(good)).toBe("no complaint"));

// --- weight.bin --------------------------------------------------------------------------------------------------
test("no weight file", () => {
  rmSync(file(WEIGHTS));
  expect(complaint()).toBe(`${AT} 1 (const "w"): the program refers to the weight file ${BLOB}, which does not exist`);
});

test("truncated weight file", () => {
  truncateSync(file(WEIGHTS), 200);
  const text = "is truncated: its data ends at 224, the file at 200";
  expect(complaint()).toBe(`${AT} 1 (const "w"): the blob at 64 of ${BLOB} ${text}`);
});

test("weight file without a header", () => {
  truncateSync(file(WEIGHTS), 20);
  expect(complaint()).toBe(`${AT} 1 (const "w"): ${BLOB} is truncated: 20 bytes, its header alone has 64`);
});

test("weight file cut before a record", () => {
  truncateSync(file(WEIGHTS), 224);
  expect(complaint()).toBe(`${AT} 2 (const "b"): the blob at 256 of ${BLOB} lies outside the file of 224 bytes`);
});

const damages: readonly (readonly [what: string, edit: (bytes: Buffer) => void, complaint: string])[] = [
  ["storage version", (b) => b.writeUInt32LE(1, 4), `${BLOB} has storage version 1; graphc reads version 2`],
  [
    "sentinel",
    (b) => b.writeUInt32LE(0, 64),
    `the blob at 64 of ${BLOB} has no record there: the sentinel 0xDEADBEEF is missing`,
  ],
  ["unknown dtype", (b) => b.writeUInt32LE(99, 68), `the blob at 64 of ${BLOB} has dtype code 99, which is unknown`],
  ["other dtype", (b) => b.writeUInt32LE(2, 68), `the blob at 64 of ${BLOB} is fp32; the program declares fp16`],
  ["size", (b) => b.writeBigUInt64LE(98n, 72), `the blob at 64 of ${BLOB} has 98 bytes of data; fp16[8,6] takes 96`],
  [
    "unused bits",
    (b) => b.writeBigUInt64LE(4n, 88),
    `the blob at 64 of ${BLOB} declares 4 unused bits; fp16[8,6] leaves 0`,
  ],
  [
    "data past the end",
    (b) => b.writeBigUInt64LE(1n << 40n, 80),
    `the blob at 64 of ${BLOB} is truncated: its data ends at 1099511627872, the file at 336`,
  ],
  [
    "data over the header",
    (b) => b.writeBigUInt64LE(0n, 80),
    `the blob at 64 of ${BLOB} has its data at 0; it belongs at 128, behind the record`,
  ],
];

test.each(damages)("record with a wrong %s", (_, edit, expected) => {
  const bytes = readFileSync(file(WEIGHTS));
  edit(bytes);
  writeFileSync(file(WEIGHTS), bytes);
  expect(complaint()).toBe(`${AT} 1 (const "w"): ${expected}`);
});

const offsets = [
  [128, `has no record there: the sentinel 0xDEADBEEF is missing`],
  [72, "has a bad offset: records lie at multiples of 64"],
  [0, "has a bad offset: records lie at multiples of 64"],
  [4096, "lies outside the file of 336 bytes"],
  [256, "has 16 bytes of data; fp16[8,6] takes 96"],
] as const;

test.each(offsets)("a reference to offset %i", (offset, expected) => {
  editModel((program) => {
    const { value } = program.functions.main!.blockSpecializations.CoreML8!.operations[0]!.attributes.val!;
    if (value.case === "blobFileValue") value.value.offset = BigInt(offset);
  });
  expect(complaint()).toBe(`${AT} 1 (const "w"): the blob at ${offset} of ${BLOB} ${expected}`);
});

test.each(["../../weight.bin", "@model_path/../../../weight.bin", "/etc/passwd"])("a weight file at %s", (name) => {
  editModel((program) => {
    const { value } = program.functions.main!.blockSpecializations.CoreML8!.operations[0]!.attributes.val!;
    if (value.case === "blobFileValue") value.value.fileName = name;
  });
  expect(complaint()).toBe(`${AT} 1 (const "w"): the weight file "${name}" is not below @model_path`);
});

function editModel(edit: (program: Program) => void): void {
  const model = fromBinary(ModelSchema, readFileSync(file(MODEL)));
  if (model.Type.case === "mlProgram") edit(model.Type.value);
  writeFileSync(file(MODEL), toBinary(ModelSchema, model));
}

// --- model.mlmodel -----------------------------------------------------------------------------------------------
test("a path that does not exist", () => {
  expect(complaint(join(folder, "nothing.mlpackage"))).toBe("…/nothing.mlpackage does not exist");
});

test("a model cut short", () => {
  truncateSync(file(MODEL), 100);
  expect(complaint()).toMatch(/^…\/bad.mlpackage: this is not a Core ML model: /);
});

test("an empty model", () => {
  truncateSync(file(MODEL), 0);
  expect(complaint()).toBe("…/bad.mlpackage: this is not a Core ML model with an ML Program in it");
});

test("a text file", () => {
  writeFileSync(join(folder, "text.txt"), "hello, this is a text and no model\n");
  expect(complaint(join(folder, "text.txt"))).toMatch(/^…\/text.txt: this is not a Core ML model/);
});

test.each([
  [500, "neural network"],
  [202, "pipeline"],
])("a model of kind %i", (field, kind) => {
  // An empty message under the field of that kind, after specificationVersion 4.
  const tag = [(((field << 3) | 2) & 0x7f) | 0x80, (field << 3) >> 7];
  writeFileSync(file(MODEL), Uint8Array.from([0x08, 4, ...tag, 0]));
  const text = `this is a ${kind}; graphc reads ML Programs; convert it with convert_to="mlprogram"`;
  expect(complaint()).toBe(`…/bad.mlpackage: ${text}`);
});

test("a bare model file is read with the weights beside it", () => {
  expect(complaint(file(MODEL))).toBe("no complaint");
  rmSync(file(WEIGHTS));
  expect(complaint(file(MODEL))).toContain("which does not exist");
});

// --- Manifest.json -----------------------------------------------------------------------------------------------
type Json = { [key: string]: unknown };
type Items = { [id: string]: Json };
const itemsOf = (manifest: Json) => manifest.itemInfoEntries as Items;

const manifests: readonly (readonly [what: string, edit: (manifest: Json) => void, complaint: string])[] = [
  ["no root", (m) => delete m.rootModelIdentifier, "has no rootModelIdentifier"],
  [
    "a root that is no item",
    (m) => Object.assign(m, { rootModelIdentifier: "somebody" }),
    'names "somebody" as its rootModelIdentifier, which is not among its items',
  ],
  [
    "a root that is an object",
    (m) => Object.assign(m, { rootModelIdentifier: {} }),
    "has a rootModelIdentifier that is no text",
  ],
  ["no items", (m) => delete m.itemInfoEntries, "has no itemInfoEntries"],
  [
    "no version",
    (m) => delete m.fileFormatVersion,
    'has fileFormatVersion undefined; it must be three numbers such as "1.0.0"',
  ],
  [
    "a newer version",
    (m) => Object.assign(m, { fileFormatVersion: "1.0.1" }),
    "has fileFormatVersion 1.0.1, newer than 1.0.0",
  ],
  [
    "an odd version",
    (m) => Object.assign(m, { fileFormatVersion: "1.-1.0" }),
    'has fileFormatVersion "1.-1.0"; it must be three numbers such as "1.0.0"',
  ],
  [
    "an item without a name",
    (m) => Object.assign(m, { itemInfoEntries: { one: { path: "a", author: "b", description: "c" } } }),
    'has no "name" for item one',
  ],
  [
    "an item that is not there",
    (m) => Object.assign(itemsOf(m), { one: { path: "a/b", name: "b", author: "a", description: "c" } }),
    "names the item Data/a/b, which does not exist",
  ],
  [
    "an item outside",
    (m) => Object.assign(itemsOf(m), { one: { path: "../..", name: "b", author: "a", description: "c" } }),
    "places item one outside Data/",
  ],
];

test.each(manifests)("a manifest with %s", (_, edit, expected) => {
  const manifest = JSON.parse(readFileSync(file("Manifest.json"), "utf8")) as Json;
  edit(manifest);
  writeFileSync(file("Manifest.json"), JSON.stringify(manifest));
  expect(complaint()).toBe(`…/bad.mlpackage/Manifest.json ${expected}`);
});

test("a manifest that is not JSON", () => {
  writeFileSync(file("Manifest.json"), "{");
  expect(complaint()).toMatch(/^…\/bad.mlpackage\/Manifest.json: not valid JSON: /);
});

test("a manifest with a key twice", () => {
  const text = readFileSync(file("Manifest.json"), "utf8");
  writeFileSync(file("Manifest.json"), text.replace("{", '{ "fileFormatVersion": "1.0.0",'));
  expect(complaint()).toBe('…/bad.mlpackage/Manifest.json: the key "fileFormatVersion" is given twice');
});

test("a manifest that is too long", () => {
  writeFileSync(file("Manifest.json"), " ".repeat(2 ** 20 + 1));
  expect(complaint()).toBe("…/bad.mlpackage/Manifest.json has 1048577 bytes; a manifest has at most 1048576");
});

test.each([MODEL, WEIGHTS, "Manifest.json"])("a pipe in the place of %s", (path) => {
  rmSync(file(path));
  execFileSync("mkfifo", [file(path)]);
  expect(complaint()).toMatch(/it is a pipe, not a file$/);
});

test("a folder in the place of the weight file", () => {
  rmSync(file(WEIGHTS));
  mkdirSync(file(WEIGHTS));
  expect(complaint()).toBe(`${AT} 1 (const "w"): cannot read …/bad.mlpackage/${WEIGHTS}: it is a folder, not a file`);
});

test("a folder without a manifest", () => {
  rmSync(file("Manifest.json"));
  expect(complaint()).toBe("…/bad.mlpackage is not a Core ML package: it has no Manifest.json");
});

test("a root item that is a folder", () => {
  const manifest = JSON.parse(readFileSync(file("Manifest.json"), "utf8")) as Json;
  const [id] = Object.entries(itemsOf(manifest)).find(([, item]) => item.path === "com.apple.CoreML/weights")!;
  writeFileSync(file("Manifest.json"), JSON.stringify({ ...manifest, rootModelIdentifier: id }));
  expect(complaint()).toBe("…/bad.mlpackage: the root item of the manifest is a folder, not a model file");
});

// --- blobs over one another --------------------------------------------------------------------------------------
test("blobs that begin at one place and have other lengths are other weights", () => {
  const bytes = Buffer.concat([readFileSync(file(WEIGHTS)), Buffer.alloc(80, 7)]);
  // The record of "w" refers to the data of "b", and to what is behind it.
  bytes.writeBigUInt64LE(320n, 64 + 16);
  writeFileSync(file(WEIGHTS), bytes);
  const { blobs, model } = readPackage(bad);
  const refs = model.functions[0]!.operations.flatMap(({ value }) => (value && "blob" in value ? [value] : []));
  const hashes = refs.map(({ blob, type }) => blobs.source(blob, type).sha256);
  expect(hashes).toEqual(
    [320 + 96, 320 + 16].map((end) => createHash("sha256").update(bytes.subarray(320, end)).digest("hex")),
  );
});

test("blobs that have more bytes than their file are refused", () => {
  const refuse = overlapRefuser();
  const span = (begin: number, bytes: number) => () => refuse({ file: file(WEIGHTS), begin, bytes }, "weight.bin");
  for (const ok of [span(64, 200), span(64, 200), span(128, 136)]) expect(ok).not.toThrow();
  expect(span(192, 1)).toThrow('blobs of "weight.bin" lie over one another');
});
