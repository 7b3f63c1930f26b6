/** The bytes of model.mlmodel: against those of coremltools, and through protobufjs and our reader. */
import { join } from "node:path";
import protobufjs from "protobufjs";
import { describe, expect, test } from "vitest";
import { opTable } from "../../../src/dsl/ops/index.ts";
import { DTYPES } from "../../../src/dsl/type.ts";
import type { MilModel, MilNamed, MilOperation, MilTensorType, MilValue } from "../../../src/emit/mil/records.ts";
import { ARRAY_DATA_TYPE, DATA_TYPE } from "../../../src/emit/mil/wire.ts";
import { decodeModel } from "../../../src/emit/read/decode/decode.ts";
import { encodeModel } from "../../../src/emit/write/encode.ts";
import { lower } from "../../../src/emit/write/lower.ts";
import { exampleOf, randomFrom } from "../../support/ops/examples.ts";
import { ROOT } from "../../support/root.ts";

const tensor = (dtype: MilTensorType["dtype"], ...shape: MilTensorType["shape"]): MilTensorType => ({
  kind: "tensor",
  dtype,
  shape,
});

/** A model of one function with the given inputs and ops. */
const modelOf = (operations: readonly MilOperation[], inputs: readonly MilNamed[] = []): MilModel => ({
  specificationVersion: 9,
  functions: [{ name: "main", opset: "CoreML8", inputs, operations, outputs: ["y"] }],
  interfaces: { main: { inputs: [], outputs: [{ name: "y", dtype: "fp16", shape: [1] }], states: [] } },
  defaultFunction: "main",
  metadata: {},
});

const constant = (name: string, value: MilValue): MilOperation => ({
  type: "const",
  name,
  inputs: {},
  outputs: [{ name, type: value.type }],
  value,
  blocks: [],
});

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => text.replaceAll(" ", "");

/** Bytes seen in files that coremltools wrote. */
describe("the bytes that coremltools writes", () => {
  const encodedConst = (name: string, value: MilValue) => hex(encodeModel(modelOf([constant(name, value)])));

  test("a scalar bool: its type has no dimensions, its value is packed even when false", () => {
    const text = encodedConst("matmul_3_transpose_x_0", { type: tensor("bool"), data: [0] });
    expect(text).toContain(`${Buffer.from("matmul_3_transpose_x_0").toString("hex")}${bytes("12 04 0a 02 08 01")}`);
    expect(text).toContain(bytes("12 04 0a 02 08 01 1a 07 0a 05 1a 03 0a 01 00"));
  });

  test("four int32 zeros", () => {
    expect(encodedConst("pad", { type: tensor("int32", 4), data: [0, 0, 0, 0] })).toContain(
      bytes("12 0c 0a 0a 08 17 10 01 1a 04 0a 02 08 04 1a 0a 0a 08 12 06 0a 04 00 00 00 00"),
    );
  });

  test("fp16 immediates are raw bytes", () => {
    // TensorValue.bytes (7) of `00 3c`.
    expect(encodedConst("one", { type: tensor("fp16"), data: [1] })).toContain(bytes("3a 04 0a 02 00 3c"));
  });

  test("a blob is a file name and the offset of its record", () => {
    const blob = { fileName: "@model_path/weights/weight.bin", offset: 64 };
    const name = Buffer.from(blob.fileName).toString("hex");
    expect(encodedConst("w", { type: tensor("fp16", 24, 8), blob })).toContain(`2a220a1e${name}1040`);
  });

  test("an input with a flexible axis: the empty message is on the wire", () => {
    const input = { name: "x", type: tensor("fp16", 1, 8, undefined, 1) };
    expect(hex(encodeModel(modelOf([], [input])))).toContain(
      bytes("0a 01 78 12 1c 0a 1a 08 0a 10 04 1a 04 0a 02 08 01 1a 04 0a 02 08 08 1a 02 12 00 1a 04 0a 02 08 01"),
    );
  });

  test("the description of that input, by default 4 of 1 to 4", () => {
    const range = [[1, 1], [8, 8], [1, 4], [1, 1]] as const; // biome-ignore format: one line
    const x = { name: "x", dtype: "fp16", shape: [1, 8, 4, 1], range } as const;
    const model = modelOf([]);
    const text = hex(encodeModel({ ...model, interfaces: { main: { ...model.interfaces.main!, inputs: [x] } } }));
    const ranges = "fa 01 18 0a 04 08 01 10 01 0a 04 08 08 10 08 0a 04 08 01 10 04 0a 04 08 01 10 01";
    expect(text).toContain(bytes(`0a 01 78 1a 27 2a 25 0a 04 01 08 04 01 10 90 80 04 ${ranges}`));
  });
});

const PROTO = join(ROOT, "proto");

/** A decoder and encoder that shares nothing with ours but the .proto files. */
function independent() {
  const root = new protobufjs.Root();
  root.resolvePath = (_, target) => join(PROTO, target);
  return root.loadSync("Model.proto", { keepCase: true }).lookupType("CoreML.Specification.Model");
}

describe("our bytes", () => {
  const type = independent();

  test.each([...opTable.keys()])("protobufjs reads those of %s and writes the same", (op) => {
    for (const seed of [1, 2, 3]) {
      const encoded = encodeModel(lower(exampleOf(op, randomFrom(seed)).graph).model);
      expect(hex(type.encode(type.decode(encoded)).finish())).toBe(hex(encoded));
    }
  });

  test.each([...opTable.keys()])("the reader finds the records of %s again", (op) => {
    const { model } = lower(exampleOf(op, randomFrom(7)).graph);
    expect(plain(decodeModel(encodeModel(model)))).toEqual(plain(model));
  });

  test("maps are sorted, so the order in which parameters were given does not matter", () => {
    const x = { name: "x", type: tensor("fp16", 2) };
    const model = (inputs: MilOperation["inputs"]) =>
      modelOf([{ type: "add", name: "y", inputs, outputs: [{ ...x, name: "y" }], blocks: [] }], [x]);
    const [a, b] = [[{ name: "x" }], [{ name: "x" }]];
    expect(hex(encodeModel(model({ y: b, x: a })))).toBe(hex(encodeModel(model({ x: a, y: b }))));
  });

  test("several functions are described one by one", () => {
    const one = modelOf([]);
    const [main] = one.functions;
    const both: MilModel = {
      ...one,
      functions: [
        { ...main!, name: "t1" },
        { ...main!, name: "t4" },
      ],
      interfaces: { t1: one.interfaces.main!, t4: one.interfaces.main! },
      defaultFunction: "t4",
    };
    expect(plain(decodeModel(encodeModel(both)))).toEqual(plain(both));
  });
});

/** Records with every list a plain array, for comparison. */
const plain = (model: MilModel): unknown =>
  JSON.parse(JSON.stringify(model, (_, x) => (ArrayBuffer.isView(x) ? Array.from(x as Float64Array) : x)));

test("every element type has a number on the wire", () => {
  for (const dtype of DTYPES) expect(DATA_TYPE[dtype]).toBeGreaterThan(0);
  const numbers = Object.values(DATA_TYPE);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(ARRAY_DATA_TYPE).toEqual({ fp16: 0x10010, fp32: 0x10020, fp64: 0x10040, int8: 0x20008, int32: 0x20020 });
});
