/** Writes the records of an ML Program as the bytes of model.mlmodel. The same records give the same bytes. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { encodeElements } from "../mil/encode-elements.ts";
import type {
  BlockSchema,
  DimensionSchema,
  FunctionSchema,
  NamedValueTypeSchema,
  OperationSchema,
  ProgramSchema,
  TensorTypeSchema,
  TensorValueSchema,
  ValueSchema,
  ValueTypeSchema,
} from "../mil/gen/MIL_pb.js";
import { ModelSchema } from "../mil/gen/Model_pb.js";
import type {
  MilBlock,
  MilDim,
  MilDType,
  MilFunction,
  MilModel,
  MilNamed,
  MilOperation,
  MilTensorType,
  MilType,
  MilValue,
} from "../mil/records.ts";
import { DATA_TYPE, literalMember } from "../mil/wire.ts";
import { descriptionOf, sortedMap } from "./encode-description.ts";

type Init<Schema extends Parameters<typeof create>[0]> = MessageInitShape<Schema>;

/** The bytes of model.mlmodel. */
export function encodeModel(model: MilModel): Uint8Array {
  const { specificationVersion, buildInfo, docString = "", updatable = false } = model;
  const mlProgram: Init<typeof ProgramSchema> = {
    version: 1n,
    functions: sortedMap(model.functions.map((f) => [f.name, functionOf(f)])),
    attributes: buildInfo ? { buildInfo: buildInfoValue(buildInfo) } : {},
    docString,
  };
  const Type = { case: "mlProgram", value: mlProgram } as const;
  const description = descriptionOf(model);
  return toBinary(
    ModelSchema,
    create(ModelSchema, {
      specificationVersion,
      isUpdatable: updatable,
      ...(description ? { description } : {}),
      Type,
    }),
  );
}

function functionOf(f: MilFunction): Init<typeof FunctionSchema> {
  return {
    inputs: f.inputs.map(namedOf),
    opset: f.opset,
    blockSpecializations: sortedMap([
      [f.opset, { ...blockOf(f), inputs: [] }],
      ...Object.entries(f.specializations ?? {}).map(([opset, block]) => [opset, blockOf(block)] as const),
    ]),
    attributes: sortedMap(Object.entries(f.attributes ?? {}).map(([key, value]) => [key, literalOf(value)] as const)),
  };
}

function blockOf(block: MilBlock): Init<typeof BlockSchema> {
  return {
    inputs: block.inputs.map(namedOf),
    outputs: [...block.outputs],
    operations: block.operations.map(operationOf),
  };
}

function operationOf(op: MilOperation): Init<typeof OperationSchema> {
  const isAttribute = (key: string) => op.attributes?.includes(key) ?? false;
  const inputs = Object.entries(op.inputs).filter(([key]) => !isAttribute(key));
  return {
    type: op.type,
    inputs: sortedMap(inputs.map(([key, bindings]) => [key, { arguments: bindings.map(bindingOf) }] as const)),
    outputs: op.outputs.map(namedOf),
    blocks: op.blocks.map(blockOf),
    attributes: {
      ...(op.name === "" ? {} : { name: literalOf(textValue(op.name)) }),
      ...(op.value ? { val: literalOf(op.value) } : {}),
      ...sortedMap((op.attributes ?? []).map((key) => [key, attributeOf(op, key)] as const)),
    },
  };
}

function attributeOf({ inputs }: MilOperation, key: string): Init<typeof ValueSchema> {
  const [argument] = inputs[key] ?? [];
  if (!argument || !("value" in argument)) throw new RangeError(`the attribute "${key}" must be a literal`);
  return literalOf(argument.value);
}

function bindingOf(argument: { readonly name: string } | { readonly value: MilValue }) {
  return "name" in argument
    ? { binding: { case: "name", value: argument.name } as const }
    : { binding: { case: "value", value: literalOf(argument.value) } as const };
}

const namedOf = ({ name, type }: MilNamed): Init<typeof NamedValueTypeSchema> => ({ name, type: typeOf(type) });

function typeOf(type: MilType): Init<typeof ValueTypeSchema> {
  return type.kind === "tensor"
    ? { type: { case: "tensorType", value: tensorTypeOf(type) } }
    : { type: { case: "stateType", value: { wrappedType: typeOf(type.tensor) } } };
}

function tensorTypeOf({ dtype, shape }: MilTensorType): Init<typeof TensorTypeSchema> {
  return {
    dataType: DATA_TYPE[dtype],
    rank: BigInt(shape.length),
    dimensions: shape.map(dimensionOf),
  };
}

/** An unknown size is an empty message that must be on the wire. */
function dimensionOf(size: MilDim): Init<typeof DimensionSchema> {
  return size === undefined
    ? { dimension: { case: "unknown", value: {} } }
    : { dimension: { case: "constant", value: { size: BigInt(size) } } };
}

function literalOf(value: MilValue): Init<typeof ValueSchema> {
  const type = typeOf(value.type);
  if ("blob" in value) {
    const { fileName, offset } = value.blob;
    return { type, value: { case: "blobFileValue", value: { fileName, offset: BigInt(offset) } } };
  }
  const tensor = { case: "tensor", value: tensorOf(value) } as const;
  return { type, value: { case: "immediateValue", value: { value: tensor } } };
}

function tensorOf({
  type: { dtype },
  data,
  bytes,
}: Extract<MilValue, { data: unknown }>): Init<typeof TensorValueSchema> {
  if (dtype === "string") return { value: { case: "strings", value: { values: data as string[] } } };
  const numbers = data as ArrayLike<number>;
  switch (literalMember(dtype)) {
    case "bools":
      return { value: { case: "bools", value: { values: Array.from(numbers, Boolean) } } };
    case "ints":
      return { value: { case: "ints", value: { values: Array.from(numbers) } } };
    case "longInts":
      return { value: { case: "longInts", value: { values: Array.from(numbers, BigInt) } } };
    case "floats":
      return { value: { case: "floats", value: { values: Array.from(numbers) } } };
    case "doubles":
      return { value: { case: "doubles", value: { values: Array.from(numbers) } } };
    default:
      return { value: { case: "bytes", value: { values: bytes ?? storedElements(dtype, numbers) } } };
  }
}

/** Records hold 8-bit floats as the bytes they are. */
const storedElements = (dtype: MilDType, data: ArrayLike<number>): Uint8Array =>
  dtype.startsWith("fp8") ? Uint8Array.from(data) : encodeElements(dtype, data);

const textValue = (text: string): MilValue => ({ type: TEXT, data: [text] });
const TEXT: MilTensorType = { kind: "tensor", dtype: "string", shape: [] };

/** What tool wrote the program, as coremltools writes it: a dictionary of texts. */
function buildInfoValue(info: Readonly<Record<string, string>>): Init<typeof ValueSchema> {
  const values = Object.entries(info).map(([key, text]) => ({
    key: literalOf(textValue(key)),
    value: literalOf(textValue(text)),
  }));
  const dictionaryType = { keyType: typeOf(TEXT), valueType: typeOf(TEXT) };
  return {
    type: { type: { case: "dictionaryType", value: dictionaryType } },
    value: { case: "immediateValue", value: { value: { case: "dictionary", value: { values } } } },
  };
}
