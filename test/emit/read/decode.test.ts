/** Bytes of a model to records: literals of every type, and messages that say something impossible. */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { integerRange } from "../../../src/dsl/number.ts";
import { DTYPES, type DType, isInteger } from "../../../src/dsl/type.ts";
import {
  DataType,
  DimensionSchema,
  type Operation,
  type Program,
  type TensorValue,
  TensorValueSchema,
  type Value,
  ValueSchema,
  ValueTypeSchema,
} from "../../../src/emit/mil/gen/MIL_pb.js";
import { ModelSchema } from "../../../src/emit/mil/gen/Model_pb.js";
import type { MilModel, MilOperation } from "../../../src/emit/mil/records.ts";
import { decodeModel } from "../../../src/emit/read/decode/decode.ts";
import { encodeModel } from "../../../src/emit/write/encode.ts";
import { constOperation, literal, operation, program, tensorType, X } from "../../support/read.ts";

/** A program of const ops, with a description. */
const described = (...operations: readonly MilOperation[]): MilModel =>
  program(operations, {}, { main: { inputs: [], outputs: [], states: [] } });

/** Elements at the edges of the type. */
function edgesOf(dtype: DType): readonly number[] {
  if (dtype === "bool") return [0, 1, 1];
  if (isInteger(dtype)) return [integerRange(dtype)[0], 0, integerRange(dtype)[1]];
  const common = [0, -0, -1.5, Infinity, -Infinity, Number.NaN];
  return dtype === "fp16" ? [...common, 65504, 2 ** -24] : [...common, 2 ** -149, Math.fround(0.1)];
}

test.each(DTYPES)("a literal of %s comes back as it was", (dtype) => {
  const data = edgesOf(dtype);
  const model = described(constOperation("y", literal(tensorType(dtype, data.length), ...data)));
  const { value } = decodeModel(encodeModel(model)).functions[0]!.operations[0]!;
  expect(value!.type).toEqual(tensorType(dtype, data.length));
  const back = Array.from((value as { data: ArrayLike<number> }).data);
  expect(back.map((x) => (Object.is(x, -0) ? "-0" : x))).toEqual(data.map((x) => (Object.is(x, -0) ? "-0" : x)));
});

test("a program with everything comes back as it was", () => {
  const text = constOperation("c", literal(tensorType("string"), "fp16"));
  const inline = operation("cast", "y", tensorType("fp16", 2, undefined), {
    x: ["x", "x"],
    dtype: literal(tensorType("string"), "fp16"),
  });
  const nested = { inputs: [{ name: "i", type: X }], operations: [text], outputs: ["c"] };
  const blob = { type: tensorType("int8", 3), blob: { fileName: "@model_path/weights/weight.bin", offset: 2 ** 33 } };
  const operations = [text, { ...inline, name: "other", blocks: [nested] }, { ...text, name: "b", value: blob }];
  const model: MilModel = {
    ...program(operations, { inputs: [{ name: "k", type: { kind: "state", tensor: X } }] }),
    interfaces: {
      main: {
        inputs: [
          {
            name: "x",
            dtype: "fp16",
            shape: [1, 4],
            range: [
              [1, 1],
              [1, 4],
            ],
          },
          { name: "z", dtype: "int32", shape: [4], enumerated: [[4], [1]] },
        ],
        outputs: [{ name: "y", dtype: "fp32" }],
        states: [{ name: "k", dtype: "fp16", shape: [2, 3] }],
      },
    },
    metadata: { author: "somebody" },
  };
  expect(decodeModel(encodeModel(model))).toEqual(model);
});

// --- messages that say something impossible ----------------------------------------------------------------------
function programIn(bytes: Uint8Array): Program {
  const { Type } = fromBinary(ModelSchema, bytes);
  return Type.value!;
}

/** A program of one const op, int32[2], edited as messages, read. */
function decodeEdited(edit: Edit): MilModel {
  const edited = programIn(encodeModel(described(constOperation("c", literal(tensorType("int32", 2), 1, 2)))));
  const op = edited.functions.main!.blockSpecializations.CoreML8!.operations[0]!;
  edit(edited, op, op.attributes.val!);
  const message = create(ModelSchema, { Type: { case: "mlProgram", value: edited } });
  return decodeModel(toBinary(ModelSchema, message));
}

const tensorOf = (value: Value) => {
  const type = value.type!.type;
  if (type.case !== "tensorType") throw new Error("not a tensor");
  return type.value;
};
const setMember = (value: Value, member: TensorValue["value"]) => {
  const tensor = create(TensorValueSchema, { value: member } as never);
  value.value = create(ValueSchema, {
    value: { case: "immediateValue", value: { value: { case: "tensor", value: tensor } } },
  }).value;
};

const unknown = (variadic: boolean) => create(DimensionSchema, { dimension: { case: "unknown", value: { variadic } } });

type Edit = (program: Program, op: Operation, value: Value) => unknown;
const AT = 'function "main", op 1 (const "c")';
const edits: readonly (readonly [what: string, edit: Edit, complaint: string])[] = [
  [
    "no elements",
    (_, __, v) => setMember(v, { case: undefined }),
    `${AT}: stores int32 elements under "nothing"; they belong under "ints"`,
  ],
  [
    "too few elements",
    (_, __, v) => setMember(v, { case: "ints", value: { values: [1] } as never }),
    `${AT}: holds 1 elements; its type int32[2] has 2`,
  ],
  [
    "fp16 elements among the floats",
    (_, __, v) => {
      tensorOf(v).dataType = DataType.FLOAT16;
      setMember(v, { case: "floats", value: { values: [1, 2] } as never });
    },
    `${AT}: stores fp16 elements under "floats"; they belong under "bytes"`,
  ],
  [
    "too few bytes",
    (_, __, v) => {
      tensorOf(v).dataType = DataType.FLOAT16;
      setMember(v, { case: "bytes", value: { values: new Uint8Array(3) } as never });
    },
    `${AT}: holds 3 bytes; 2 fp16 elements take 4`,
  ],
  [
    "a rank that is not the number of sizes",
    (_, __, v) => Object.assign(tensorOf(v), { rank: 3n }),
    `${AT}: declares rank 3 and 1 dimensions`,
  ],
  [
    "an unknown element type",
    (_, __, v) => Object.assign(tensorOf(v), { dataType: 77 as DataType }),
    `${AT}: has element type number 77, which is unknown`,
  ],
  [
    "a literal of flexible size",
    (_, __, v) => Object.assign(tensorOf(v), { dimensions: [unknown(false)] }),
    `${AT}: is a literal of flexible size`,
  ],
  [
    "a variable number of sizes",
    (_, __, v) => Object.assign(tensorOf(v), { dimensions: [unknown(true)] }),
    `${AT}: has a variable number of dimensions`,
  ],
  [
    "no type",
    (_, __, v) => Object.assign(v, { type: undefined }),
    `${AT}: has no type; graphc reads tensors and states`,
  ],
  ["no value", (_, op) => delete op.attributes.val, `${AT}: has no value`],
  [
    "another attribute",
    (_, op, v) => Object.assign(op.attributes, { speed: v }),
    `${AT}: has the attribute "speed", which is unknown`,
  ],
  [
    "another program version",
    (p) => Object.assign(p, { version: 2n }),
    "the program has version 2; graphc reads version 1",
  ],
  ["no function", (p) => Object.assign(p, { functions: {} }), "the program has no function"],
  [
    "no block for the opset",
    (p) => Object.assign(p.functions.main!, { opset: "CoreML9" }),
    'function "main": has no block for its opset "CoreML9"',
  ],
  [
    "a list type",
    (_, op) =>
      Object.assign(op.outputs[0]!, { type: create(ValueTypeSchema, { type: { case: "listType", value: {} } }) }),
    `${AT}, value "c": has a list type; graphc reads tensors and states`,
  ],
];

test.each(edits)("%s", (_, edit, complaint) => {
  expect(() => decodeEdited(edit)).toThrow(complaint);
  expect(() => decodeEdited(edit)).toThrow(expect.objectContaining({ name: "UserError" }));
});

/** Program attributes as coremltools writes them. */
function withBuildInfo(...texts: readonly (readonly [key: string, value: string])[]): MilModel {
  const word = (text: string) => {
    const model = encodeModel(described(constOperation("c", literal(tensorType("string"), text))));
    return programIn(model).functions.main!.blockSpecializations.CoreML8!.operations[0]!.attributes.val!;
  };
  const values = texts.map(([key, value]) => ({ key: word(key), value: word(value) }));
  const text = word("").type!;
  return decodeEdited((p) => {
    p.attributes.buildInfo = create(ValueSchema, {
      type: { type: { case: "dictionaryType", value: { keyType: text, valueType: text } } },
      value: { case: "immediateValue", value: { value: { case: "dictionary", value: { values } } } },
    });
  });
}

test("what wrote the program is kept", () => {
  const { buildInfo } = withBuildInfo(["coremltools-version", "9.0"], ["b", ""]);
  expect(buildInfo).toEqual({ "coremltools-version": "9.0", b: "" });
  const twice = () => withBuildInfo(["a", "1"], ["a", "2"]);
  expect(twice).toThrow("buildInfo: has keys that are numbers or occur twice");
});
