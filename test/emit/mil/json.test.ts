/** `inspect --json`: what it prints is enough to build the same message, NaN, infinities, −0 and open sizes included. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { milJson } from "../../../src/emit/mil/json.ts";
import type { MilDType, MilFeature, MilModel, MilValue } from "../../../src/emit/mil/records.ts";
import { decodeModel } from "../../../src/emit/read/decode/decode.ts";
import { encodeModel } from "../../../src/emit/write/encode.ts";
import { fieldsOf, sameFields } from "../../support/diff/fields.ts";
import { subjects } from "../../support/diff/subjects.ts";
import { modelOfJson } from "../../support/inspect-json.ts";
import { constOperation, literal, operation, program, tensorType, X } from "../../support/read.ts";

const HASH = "ab".repeat(32);
const printed = (bytes: Uint8Array): string => JSON.stringify(milJson(decodeModel(bytes), () => HASH));
const again = (bytes: Uint8Array): Uint8Array => encodeModel(modelOfJson(printed(bytes)));

test("of every op, of files of iOS 16 and of models that say all they can", async () => {
  for (const { name, bytes } of await subjects())
    expect([name, fieldsOf(again(bytes))]).toEqual([name, fieldsOf(bytes)]);
});

const SPECIAL = [Number.NaN, Infinity, -Infinity, -0, 0, 1, -1.5, 2 ** -24, 65504];
const special = fc.constantFrom(...SPECIAL);
const single = fc.oneof(special, fc.float());
const double = fc.oneof(special, fc.double());
const text = fc.oneof(fc.constantFrom("NaN", "-0", "Infinity", "", "toString"), fc.string());
/** The reader refuses `__proto__`, which JavaScript cannot hold as a key of a message. */
const key = text.filter((one) => one !== "__proto__");
const size = fc.nat({ max: 9 });

const floats = (dtype: MilDType, of: fc.Arbitrary<number>): fc.Arbitrary<MilValue> =>
  fc.array(of, { maxLength: 6 }).map((data) => ({ type: tensorType(dtype, data.length), data }));

/** Any bit pattern: NaN has many in fp16. */
const halves: fc.Arbitrary<MilValue> = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 5 }).map((bits) => {
  const bytes = new Uint8Array(Uint16Array.from(bits).buffer);
  return { type: tensorType("fp16", bits.length), data: bits.map(() => 0), bytes };
});

const blob: fc.Arbitrary<MilValue> = fc.record({
  type: fc.tuple(size, size).map((shape) => tensorType("fp16", ...shape)),
  blob: fc.record({ fileName: text, offset: fc.nat({ max: Number.MAX_SAFE_INTEGER }) }),
});

const value = fc.oneof(
  floats("fp32", single),
  floats("fp64", double),
  floats("bool", fc.constantFrom(0, 1)),
  floats("int32", fc.integer()),
  halves,
  blob,
  fc.array(text, { maxLength: 3 }).map((data): MilValue => ({ type: tensorType("string", data.length), data })),
);

const feature: fc.Arbitrary<MilFeature> = fc.record(
  {
    name: text,
    dtype: fc.constantFrom("fp16", "fp32", "fp64", "int32", "int8"),
    shape: fc.array(size, { minLength: 1, maxLength: 4 }),
    range: fc.array(fc.tuple(size, fc.oneof(size, fc.constant(Infinity))), { maxLength: 3 }),
    optional: fc.constant(true as const),
    default: fc.oneof(
      fc.record({ kind: fc.constant("int" as const), value: fc.integer() }),
      fc.record({ kind: fc.constant("float" as const), value: single }),
      fc.record({ kind: fc.constant("double" as const), value: double }),
    ),
    description: text.filter((words) => words !== ""),
  },
  { requiredKeys: ["name", "dtype"] },
);

const model: fc.Arbitrary<MilModel> = fc
  .record({
    values: fc.array(value, { maxLength: 4 }),
    inputs: fc.array(feature, { maxLength: 2 }),
    metadata: fc.dictionary(key, text, { maxKeys: 2 }),
    attributes: fc.dictionary(key, value, { minKeys: 1, maxKeys: 2 }),
    type: fc.array(fc.oneof(size, fc.constant(undefined)), { maxLength: 3 }),
  })
  .map(({ values, inputs, metadata, attributes, type }) => ({
    ...program(
      [
        ...values.map((one, i) => constOperation(`c${i}`, one)),
        ...values.map((one, i) =>
          operation("add", `a${i}`, tensorType("fp16", ...type), { x: "x", blob: one, value: one }),
        ),
      ],
      { attributes },
      { main: { inputs, outputs: [], states: [] } },
    ),
    metadata,
  }));

test("of any literals, references, features and attributes", () => {
  fc.assert(
    fc.property(model, (one) => {
      const bytes = encodeModel(one);
      expect(sameFields(again(bytes), bytes)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("what JSON has no number for is a text, an open size is null, and a reference has its hash", () => {
  const numbers = constOperation("c", literal(tensorType("fp16", 5), Number.NaN, Infinity, -Infinity, -0, 0));
  const stored = constOperation("b", {
    type: tensorType("fp16", 4),
    blob: { fileName: "@model_path/w.bin", offset: 64 },
  });
  const made = program(
    [numbers, stored, operation("exp", "y", tensorType("fp16", undefined, 3), { x: "x" })],
    {},
    {
      main: {
        inputs: [{ name: "x", dtype: "fp16", shape: [2, 3], default: { kind: "float", value: -0 } }],
        outputs: [],
        states: [],
      },
    },
  );
  const json = milJson(made, () => HASH) as unknown as {
    functions: readonly { operations: readonly { value?: { data?: unknown; sha256?: string }; outputs: unknown }[] }[];
    interfaces: unknown;
  };
  const { operations } = json.functions[0]!;
  expect(operations[0]!.value!.data).toEqual(["NaN", "Infinity", "-Infinity", "-0", 0]);
  expect(operations[1]!.value).toEqual({
    type: tensorType("fp16", 4),
    fileName: "@model_path/w.bin",
    offset: 64,
    sha256: HASH,
  });
  expect(operations[2]!.outputs).toEqual([{ name: "y", type: { ...X, shape: [null, 3] } }]);
  expect(json.interfaces).toMatchObject({ main: { inputs: [{ default: { kind: "float", value: "-0" } }] } });
});
