/** What a file may ask of the reader: nesting, numbers of messages, lengths of names and of what lies in weight files, all of them bounded. */
import { mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { MANIFEST_PATH, MODEL_PATH, manifestOf, WEIGHTS_PATH } from "../../../src/emit/mil/manifest.ts";
import type { MilOperation, MilValue } from "../../../src/emit/mil/records.ts";
import { decodeModel } from "../../../src/emit/read/decode/decode.ts";
import { encodeModel } from "../../../src/emit/write/encode.ts";
import { graphc } from "../../support/cli.ts";
import { constOperation, literal, operation, program, tensorType, X } from "../../support/read.ts";
import { varint } from "../../support/wire/tree.ts";

const folder = mkdtempSync(join(tmpdir(), "graphc-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A field with a length, and what it holds. */
const part = (no: number, inside: Uint8Array): Buffer =>
  Buffer.concat([varint(no * 8 + 2), varint(inside.length), inside]);
const text = (no: number, value: string): Buffer => part(no, Buffer.from(value));

/** A model whose one function has this block. */
function modelWith(block: Uint8Array): Buffer {
  const spare = part(3, Buffer.concat([text(1, "CoreML8"), part(2, block)]));
  const fn = part(2, Buffer.concat([text(1, "main"), part(2, Buffer.concat([text(2, "CoreML8"), spare]))]));
  return Buffer.concat([Buffer.of(8, 9), part(502, Buffer.concat([Buffer.of(8, 1), fn]))]);
}

/** A block with an op with a block, and so on: every head says how much is left, so that nothing is copied twice. */
function nested(depth: number): Buffer {
  const heads: Buffer[] = [];
  let size = 0;
  for (let n = 0; n < depth; n++) {
    const inner = Buffer.concat([text(1, "cond"), varint(4 * 8 + 2), varint(size)]);
    size += inner.length;
    const head = Buffer.concat([varint(3 * 8 + 2), varint(size), inner]);
    size += head.length - inner.length;
    heads.push(head);
  }
  return Buffer.concat(heads.reverse());
}

const NOTHING = { main: { inputs: [], outputs: [], states: [] } };

describe("model.mlmodel", () => {
  test.each([
    [100_000, "the model is nested more than 100 messages deep, which is as deep as protobuf reads"],
    [60, "the model is nested more than 100 messages deep, which is as deep as protobuf reads"],
  ])("%i blocks in one another", (depth, sentence) => {
    expect(() => decodeModel(modelWith(nested(depth)))).toThrow(sentence);
  });

  test("40 blocks in one another are read", () => {
    expect(decodeModel(modelWith(nested(40))).functions[0]!.operations).toHaveLength(1);
  });

  test("more messages than 4 million", () => {
    const ops = Buffer.alloc(2 * (2 ** 22 + 1), Buffer.of(3 * 8 + 2, 0));
    expect(() => decodeModel(modelWith(ops))).toThrow("the model has more than 4194304 messages (ops, values, types)");
  });

  test("more numbers in lists than 4 million", () => {
    // Of ArrayFeatureType.shape.
    const input = part(1, part(3, part(5, part(1, Buffer.alloc(2 ** 22 + 1)))));
    expect(() => decodeModel(part(2, input))).toThrow("the model has more than 4194304 numbers and texts in lists");
  });

  test("a name of 64 KiB and more, and words that are longer", () => {
    const of = (n: number) =>
      encodeModel(program([operation("exp", "y".repeat(n), X, { x: "x" })], { outputs: [] }, NOTHING));
    expect(decodeModel(of(2 ** 16)).functions[0]!.operations[0]!.outputs[0]!.name).toHaveLength(2 ** 16);
    expect(() => decodeModel(of(2 ** 16 + 1))).toThrow("has 65537 bytes; graphc reads names of up to 65536");
    const wordy = { ...program([], {}, NOTHING), metadata: { licence: "y".repeat(2 ** 17) } };
    expect(decodeModel(encodeModel(wordy)).metadata.licence).toHaveLength(2 ** 17);
  });

  test("more functions than 1024", () => {
    const one = program([]).functions[0]!;
    const functions = Array.from({ length: 1025 }, (_, n) => ({ ...one, name: `f${n}` }));
    expect(() => decodeModel(encodeModel({ ...program([]), functions }))).toThrow("the program has 1025 functions");
  });

  test("a long literal takes no more memory than its numbers", () => {
    const bytes = Uint8Array.from({ length: 2 ** 22 }, (_, n) => n & 0x3f);
    const data = { type: tensorType("int8", bytes.length), data: bytes } as unknown as MilValue;
    const [op] = decodeModel(encodeModel(program([constOperation("c", data)], {}, NOTHING))).functions[0]!.operations;
    const read = op!.value as { data: ArrayLike<number> };
    expect(read.data).toBeInstanceOf(Int8Array);
    expect([read.data.length, read.data[70]]).toEqual([2 ** 22, 6]);
  });
});

/** A package with this program, and a weight file of one blob that is a hole but for its record. */
function packageOf(name: string, ops: readonly MilOperation[], blobBytes = 0, code = 14): string {
  const path = join(folder, `${name}.mlpackage`);
  mkdirSync(join(path, WEIGHTS_PATH, ".."), { recursive: true });
  const port = (port: string) => ({ name: port, dtype: "fp16" as const, shape: [2, 3] });
  const main = { inputs: [port("x")], outputs: [port("y")], states: [] };
  writeFileSync(join(path, MODEL_PATH), encodeModel(program(ops, {}, { main })));
  const head = Buffer.alloc(128);
  for (const [at, n] of [
    [0, 1],
    [4, 2],
    [64, 0xdeadbeef],
    [68, code],
  ] as const)
    head.writeUInt32LE(n, at);
  head.writeBigUInt64LE(BigInt(blobBytes), 72);
  head.writeBigUInt64LE(128n, 80);
  writeFileSync(join(path, WEIGHTS_PATH), head);
  truncateSync(join(path, WEIGHTS_PATH), 128 + blobBytes);
  writeFileSync(join(path, MANIFEST_PATH), manifestOf({ model: name, weights: name }));
  return path;
}

describe("a weight file of 5 GB that is a hole", () => {
  const COUNT = 1.25e9;
  const value = { type: tensorType("int32", COUNT), blob: { fileName: "@model_path/weights/weight.bin", offset: 64 } };
  const axis = literal(tensorType("int32"), 0);
  const used: readonly (readonly [string, readonly MilOperation[], string])[] = [
    ["an attribute", [operation("transpose", "y", X, { x: "x", perm: value })], "up to 65536"],
    [
      "a constant",
      [constOperation("c", value), operation("transpose", "y", X, { x: "x", perm: "c" })],
      "up to 16777216",
    ],
    ["positions", [operation("gather", "y", X, { x: "x", indices: value, axis })], "up to 16777216"],
  ];

  test.each(used)("as %s is judged by its type", async (name, ops, most) => {
    const path = packageOf(name.replace(" ", "_"), ops, 4 * COUNT);
    expect(statSync(join(path, WEIGHTS_PATH)).blocks * 512).toBeLessThan(1e6);
    for (const command of [
      ["check", path],
      ["diff", path, path],
      ["run", path, "--positions", "0"],
    ]) {
      const { code, err } = await graphc(command);
      expect({ code, err }).toEqual({
        code: 2,
        err: expect.stringMatching(/^error: [^\n]*holds 1250000000 int32 elements/),
      });
      expect(err).toContain(`graphc takes ${most}`);
    }
  });
});

describe("a program of many ops", () => {
  const chain = (length: number): readonly MilOperation[] =>
    Array.from({ length }, (_, n) =>
      operation("exp", n === length - 1 ? "y" : `v${n}`, X, { x: n === 0 ? "x" : `v${n - 1}` }),
    );

  test("4,000 in a chain are shown, checked and compared", async () => {
    const [path, other] = [packageOf("chain", chain(4_000)), packageOf("other", chain(4_001))];
    expect(await graphc(["inspect", path])).toMatchObject({ code: 0, err: "" });
    expect(await graphc(["check", path])).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringContaining("4001 values"),
    });
    expect(await graphc(["diff", path, path])).toMatchObject({ code: 0, out: "no difference" });
    expect(await graphc(["diff", path, other])).toMatchObject({ code: 1, err: "" });
  });
});
